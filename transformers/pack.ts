/**
 * Packs rows into few large Firehose records.
 *
 * Firehose bills every record as a multiple of 5 KB, so a row of 500 bytes sent alone costs ten times its size. It
 * also does nothing but concatenate, and COPY reads one JSON object after another: many rows can travel as one
 * record. A pack that fails is sent again whole, which is why packs are not as large as Firehose would take.
 */

/** A hundred times 5,120 bytes: a full pack is billed for nothing that it does not hold. */
export const PACK_BYTES = 512_000;

/** A row on its way to a delivery stream. */
export interface Row {
  /** JSON text that ends with a newline. */
  readonly line: Buffer;
  /** Of the Kinesis record it came from. */
  readonly sequenceNumber: string;
}

/** One Firehose record. */
export interface Pack {
  readonly data: Buffer;
  /** Of the first Kinesis record with a row in it; a batch is in order, so it is the lowest. */
  readonly sequenceNumber: string;
}

/** Rows in packs of at most `PACK_BYTES`, in order; a larger row is a pack of its own. */
export function pack(rows: readonly Row[]): readonly Pack[] {
  const packs: Pack[] = [];
  let first = 0;
  let bytes = 0;
  rows.forEach(({ line }, index) => {
    if (index > first && bytes + line.length > PACK_BYTES) {
      packs.push(...packed(rows.slice(first, index)));
      first = index;
      bytes = 0;
    }
    bytes += line.length;
  });
  return [...packs, ...packed(rows.slice(first))];
}

function packed(rows: readonly Row[]): readonly Pack[] {
  const [first] = rows;
  if (first === undefined) return [];
  return [{ data: join(rows.map(({ line }) => line)), sequenceNumber: first.sequenceNumber }];
}

interface Run {
  readonly memory: ArrayBufferLike;
  readonly start: number;
  end: number;
}

/** Joins lines; those that are neighbours in memory (`decode.ts`) are not copied. */
function join(lines: readonly Buffer[]): Buffer {
  const runs: Run[] = [];
  for (const { buffer, byteOffset, length } of lines) {
    const last = runs.at(-1);
    if (last?.memory === buffer && last.end === byteOffset) last.end += length;
    else runs.push({ memory: buffer, start: byteOffset, end: byteOffset + length });
  }
  const pieces = runs.map(({ memory, start, end }) => Buffer.from(memory, start, end - start));
  const [whole, ...more] = pieces;
  return whole !== undefined && more.length === 0 ? whole : Buffer.concat(pieces);
}
