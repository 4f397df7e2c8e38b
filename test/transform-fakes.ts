/** A Kinesis batch, and delivery streams that take, refuse and fall silent as they are told. */
import type { KinesisStreamEvent } from 'aws-lambda';
import type { Ports } from '../transformers/ports.ts';

/** A batch of these records, numbered upwards from a number that no double holds exactly. */
export function batchOf(...data: readonly (string | Buffer)[]): KinesisStreamEvent {
  return {
    Records: data.map((each, index) => ({
      kinesis: {
        data: Buffer.from(each).toString('base64'),
        sequenceNumber: sequenceNumber(index),
        partitionKey: 'key',
        kinesisSchemaVersion: '1.0',
        approximateArrivalTimestamp: 1_795_458_600,
      },
      eventID: `shardId-000000000003:${sequenceNumber(index)}`,
      awsRegion: 'eu-west-1',
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/facts',
      eventVersion: '1.0',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/transform',
    })),
  };
}

const FIRST = 49_650_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n;

/** Sequence number of the record at this place of a batch. */
export const sequenceNumber = (index: number): string => String(FIRST + BigInt(index));

/** What a stream does with one call: an error code or null per record, or an error for the whole call. */
export type Behaviour = (call: number, records: readonly Uint8Array[]) => readonly (string | null)[] | Error;

export const takesAll: Behaviour = (_call, records) => records.map(() => null);

export interface World {
  readonly ports: Ports;
  /** Every call: the stream, and its records as text. */
  readonly calls: { readonly stream: string; readonly records: readonly string[] }[];
  /** Text that each stream has taken, record after record. */
  readonly taken: Record<string, string[]>;
  readonly published: { readonly dimensions: object; readonly values: object }[];
  readonly warnings: { readonly message: string; readonly fields: object }[];
  /** Milliseconds left to the function; sleeping uses them up. */
  readonly context: { getRemainingTimeInMillis(): number };
  readonly slept: number[];
}

/** @param behaviours by stream; a stream without one takes all. */
export function worldOf(
  behaviours: Readonly<Record<string, Behaviour>> = {},
  deliveryStreams: readonly string[] = ['landing'],
): World {
  const calls: World['calls'] = [];
  const taken: World['taken'] = {};
  const published: World['published'] = [];
  const warnings: World['warnings'] = [];
  const slept: number[] = [];
  let remaining = 60_000;
  const ports: Ports = {
    deliveryStreams,
    quarantineStream: 'quarantine',
    firehose: {
      async put(stream, records) {
        const number = calls.filter((call) => call.stream === stream).length;
        const texts = records.map((record) => Buffer.from(record).toString('utf8'));
        calls.push({ stream, records: texts });
        const answer = (behaviours[stream] ?? takesAll)(number, records);
        if (answer instanceof Error) throw answer;
        texts.forEach((text, index) => {
          if (answer[index] === null) taken[stream] = [...(taken[stream] ?? []), text];
        });
        return answer;
      },
    },
    clock: {
      now: () => new Date('2026-11-23T18:31:00.000Z'),
      async sleep(milliseconds) {
        slept.push(milliseconds);
        remaining -= milliseconds;
      },
    },
    random: () => 0.5,
    log: { warn: (message, fields) => warnings.push({ message, fields }) },
    metrics: { publish: (dimensions, values) => published.push({ dimensions, values }) },
  };
  const context = { getRemainingTimeInMillis: () => remaining };
  return { ports, calls, taken, published, warnings, context, slept };
}
