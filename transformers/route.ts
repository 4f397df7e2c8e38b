/**
 * Chooses the delivery stream of a row, when one stream is too narrow for all.
 *
 * By the key, so that the versions of a fact stay together and a replayed batch takes the same way again; nothing
 * depends on either, but a load test or an incident is easier to read that way.
 */

/** The stream for a record key; the same key gets the same stream as long as there are as many. */
export function route(streams: readonly string[], recordKey: string): string {
  const stream = streams[streams.length === 1 ? 0 : hash(recordKey) % streams.length];
  if (stream === undefined) throw new RangeError('DELIVERY_STREAMS must name a delivery stream, got none');
  return stream;
}

/** FNV-1a, 32 bits, over UTF-16 units; its lowest bits are poor, so higher ones are folded into them. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}
