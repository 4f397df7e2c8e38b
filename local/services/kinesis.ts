/**
 * Kinesis: kinesalite, and around its PutRecords what it lacks.
 *
 * kinesalite takes requests of 7 MB where AWS takes 10 MiB of records, and never refuses one record of a batch.
 */
import kinesalite from 'kinesalite';
import { AwsError, type Body, listOf, textOf } from './call.ts';
import { type Emulator, startEmulator } from './emulator.ts';

export const KINESIS_TARGET = 'Kinesis_20131202';

export interface Kinesis extends Emulator {
  /** PutRecords with AWS' limit for a call, and with the refusals of a test. */
  putRecords(body: Body): Promise<Body>;
  createStream(name: string, shards: number): Promise<void>;
}

/** A call's records and partition keys together (`service-sizes-and-limits`). */
const MAX_CALL_BYTES = 10 * 1024 * 1024;

/** Base64 and JSON of so many bytes stay below kinesalite's limit. */
const MAX_FORWARDED_BYTES = 4 * 1024 * 1024;

/** @param refuse true refuses the record of a PutRecords with that index. */
export async function startKinesis(
  path: string,
  refuse: (stream: string, index: number) => boolean,
): Promise<Kinesis> {
  const server = kinesalite({
    path,
    createStreamMs: 0,
    deleteStreamMs: 0,
    updateStreamMs: 0,
    shardLimit: 1000,
  });
  const emulator = await startEmulator(server, KINESIS_TARGET, 'application/x-amz-json-1.1');
  return {
    ...emulator,
    async putRecords(body) {
      const records = listOf(body, 'Records');
      const stream = streamName(body);
      const size = records.reduce((sum, record) => sum + recordBytes(record), 0);
      if (size > MAX_CALL_BYTES) {
        throw new AwsError(
          'InvalidArgumentException',
          `Records of a PutRecords may be ${MAX_CALL_BYTES} bytes, got ${size}`,
        );
      }
      const refused = records.map((_record, index) => refuse(stream, index));
      const accepted = records.filter((_record, index) => !refused[index]);
      const answers: unknown[] = [];
      for (const group of groups(accepted)) {
        const answer = await emulator.call('PutRecords', { ...body, StreamName: stream, Records: group });
        answers.push(...listOf(answer, 'Records'));
      }
      return {
        FailedRecordCount: records.length - accepted.length,
        EncryptionType: 'NONE',
        Records: refused.map((isRefused) => (isRefused ? THROTTLED : answers.shift())),
      };
    },
    async createStream(name, shards) {
      await emulator.call('CreateStream', { StreamName: name, ShardCount: shards }).catch(ignoreExisting);
      for (;;) {
        const { StreamDescriptionSummary: summary } = await emulator.call('DescribeStreamSummary', {
          StreamName: name,
        });
        if (JSON.stringify(summary).includes('"ACTIVE"')) return;
      }
    },
  };
}

const THROTTLED = {
  ErrorCode: 'ProvisionedThroughputExceededException',
  ErrorMessage: 'Rate exceeded for a shard',
};

function ignoreExisting(error: unknown): void {
  if (!(error instanceof AwsError) || error.code !== 'ResourceInUseException') throw error;
}

/** Name or ARN; kinesalite knows names only. */
function streamName(body: Body): string {
  return typeof body.StreamARN === 'string'
    ? body.StreamARN.replace(/^.*\//, '')
    : textOf(body, 'StreamName');
}

const recordBytes = (record: Body): number =>
  Buffer.byteLength(String(record.PartitionKey ?? '')) +
  Buffer.byteLength(String(record.Data ?? ''), 'base64');

/** At least one group, so that kinesalite judges an empty call, too. */
function groups(records: readonly Body[]): readonly (readonly Body[])[] {
  const all: Body[][] = [[]];
  let size = 0;
  for (const record of records) {
    size += recordBytes(record);
    if (size > MAX_FORWARDED_BYTES && all.at(-1)?.length !== 0) {
      all.push([]);
      size = recordBytes(record);
    }
    all.at(-1)?.push(record);
  }
  return all;
}
