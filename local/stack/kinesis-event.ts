/** The event that a function gets for records of a Kinesis stream. */
import type { _Record as KinesisRecord } from '@aws-sdk/client-kinesis';

/** Where the records of an event come from, and for whom. */
export interface EventSource {
  readonly streamArn: string;
  readonly region: string;
  /** The function's role, in whose name the stream is read. */
  readonly roleArn: string;
}

/** One element of the event's `Records`. */
export interface EventRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: '1.0';
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    /** Base64. */
    readonly data: string;
    /** Seconds. */
    readonly approximateArrivalTimestamp: number;
  };
  readonly eventSource: 'aws:kinesis';
  readonly eventVersion: '1.0';
  /** `shard:sequenceNumber` */
  readonly eventID: string;
  readonly eventName: 'aws:kinesis:record';
  readonly invokeIdentityArn: string;
  readonly awsRegion: string;
  readonly eventSourceARN: string;
}

/** @param arrivedAt used when the stream does not say when the record arrived. */
export function eventRecord(
  record: KinesisRecord,
  shardId: string,
  source: EventSource,
  arrivedAt: Date,
): EventRecord {
  const sequenceNumber = record.SequenceNumber ?? '';
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: record.PartitionKey ?? '',
      sequenceNumber,
      data: Buffer.from(record.Data ?? []).toString('base64'),
      approximateArrivalTimestamp: (record.ApproximateArrivalTimestamp ?? arrivedAt).getTime() / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: source.roleArn,
    awsRegion: source.region,
    eventSourceARN: source.streamArn,
  };
}

/** Bytes of the record in the event's JSON, with the comma behind it. */
export function eventBytes({ kinesis, ...rest }: EventRecord): number {
  const frame = JSON.stringify({ kinesis: { ...kinesis, data: '' }, ...rest });
  return Buffer.byteLength(frame) + kinesis.data.length + 1;
}

/** Milliseconds since 1970 at which the record arrived. */
export const arrivalMs = (record: EventRecord): number => record.kinesis.approximateArrivalTimestamp * 1000;
