/**
 * A batch that the event source mapping gave up, as Lambda writes it into a bucket: what happened, and under `payload` the
 * event that the function got, as JSON text.
 */
import { digestOf, isObject, type Kept, type KeptRecord, objectIn, timeOf, unreadable } from './kept.ts';

export function readGivenUp(bytes: Buffer): Kept {
  const document = objectIn(bytes.toString('utf8'));
  if (document === null) return unreadable(bytes, 'is no JSON object');
  const { requestContext, timestamp, payload } = document;
  const event = typeof payload === 'string' ? objectIn(payload) : null;
  const records = event?.Records;
  if (!Array.isArray(records))
    return unreadable(
      bytes,
      'has no payload with Records: it is no batch of a stream, or was sent without its records',
    );
  const at = timeOf(timestamp);
  const condition = isObject(requestContext) ? requestContext.condition : undefined;
  const reason = typeof condition === 'string' ? condition : '';
  return {
    records: records.map((record, index) => ({
      ...{ at, reason, place: `record ${index + 1}` },
      ...recordIn(record),
    })),
    part: (indices) =>
      Buffer.from(
        JSON.stringify({
          ...document,
          payload: JSON.stringify({ ...event, Records: indices.map((index) => records[index]) }),
        }),
      ),
  };
}

function recordIn(record: unknown): Pick<KeptRecord, 'type' | 'record'> {
  const { data, partitionKey } = isObject(record) && isObject(record.kinesis) ? record.kinesis : {};
  if (typeof data !== 'string' || typeof partitionKey !== 'string')
    return {
      type: null,
      record: { problem: 'is no record of a stream: it must have kinesis.data and partitionKey' },
    };
  const bytes = Buffer.from(data, 'base64');
  const claimed = objectIn(bytes.toString('utf8'))?.record_type;
  return {
    type: typeof claimed === 'string' ? claimed : null,
    record: { digest: digestOf(bytes), entry: { data: bytes, partitionKey } },
  };
}
