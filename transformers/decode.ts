/**
 * Decodes a batch into one buffer, line after line.
 *
 * So the rows that are accepted already lie as Firehose wants them: a pack of neighbours is a slice, and megabytes
 * are not copied once more on their way through.
 */
import type { KinesisStreamRecord } from 'aws-lambda';

/** One record of the batch. */
export interface Arrival {
  /** Its bytes, and a newline. */
  readonly line: Buffer;
  readonly sequenceNumber: string;
  /** Shard and sequence number, as in `shardId-000000000000:4959…`. */
  readonly eventId: string;
}

const NEWLINE = 0x0a;

/** The records of a batch, in order. */
export function decode(records: readonly KinesisStreamRecord[]): readonly Arrival[] {
  const most = records.reduce((sum, { kinesis }) => sum + Math.ceil((kinesis.data.length * 3) / 4) + 1, 0);
  const memory = Buffer.allocUnsafe(most);
  let start = 0;
  return records.map(({ kinesis, eventID: eventId }) => {
    const end = start + memory.write(kinesis.data, start, 'base64');
    memory[end] = NEWLINE;
    const line = memory.subarray(start, end + 1);
    start = end + 1;
    return { line, sequenceNumber: kinesis.sequenceNumber, eventId };
  });
}
