/** A stream that refuses, a transform that dies, and records that nobody can load. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { damaged } from '../../../../contract/damages.ts';
import { pollPage } from '../../../../contract/ledger.ts';
import { sampleEnvelope } from '../../../../contract/samples.ts';
import { AwsError } from '../../../../local/services/index.ts';
import { item } from '../../../../producers/rollbar/item.ts';
import { occurrence } from '../../../../producers/rollbar/occurrence.ts';
import type { StackFault } from '../fault.ts';
import type { Stage } from '../stage.ts';
import { atCall, flow, type Spot } from './call.ts';

const put: Spot = { part: 'producer', service: 'kinesis', action: 'PutRecords' };
const deliver: Spot = { part: 'transform', service: 'firehose', action: 'PutRecordBatch' };

/** A service refuses every third record of so many calls. */
const refuses =
  (service: 'kinesis' | 'firehose', calls: number): StackFault['strike'] =>
  async (stage) => {
    let seen = 0;
    let refused = 0;
    stage.hooks.arm({
      refuseRecord(asked, _stream, index) {
        if (asked !== service) return false;
        if (index === 0) seen += 1;
        const isRefused = seen <= calls && (index + seen) % 3 === 0;
        if (isRefused) refused += 1;
        return isRefused;
      },
    });
    await flow(stage, service === 'kinesis' ? 'producer' : 'transform');
    return refused;
  };

const THROTTLED = new AwsError('ProvisionedThroughputExceededException', 'Rate exceeded for shard', 400);
const AWAY = new AwsError('ServiceUnavailableException', 'Slow down.', 503);
const BROKEN = new AwsError('InternalFailure', 'The request processing has failed', 500);

/** Bytes of which nobody can say what they are, or which no COPY would take. */
const STRANGE: readonly Buffer[] = [
  'no JSON',
  '[]',
  'null',
  '{',
  '{"record_type":"rollbar_item"}{"record_type":"rollbar_item"}',
  '\ufeff{}',
  '{"record_type":"nobody_knows","record_version":1}',
  `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  `"${'x'.repeat(1_020_000)}"`,
  '{"record_type":NaN}',
  '\u0000',
]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]));

/** Records of every kind that a COPY would refuse or change are put on the stream, between the good ones. */
async function poison(stage: Stage): Promise<number> {
  const types = stage.isThorough ? [occurrence, item, pollPage] : [occurrence];
  const damages = types.flatMap((type) => damaged(type, sampleEnvelope(type, 1)));
  const records = [...STRANGE, ...damages.map(({ envelope }) => Buffer.from(JSON.stringify(envelope)))];
  const polling = stage.pollToTheEnd();
  await putAll(stage, records);
  await polling;
  await stage.land();
  await stage.loadAll();
  const wanted = new Set(records.map(digest));
  const { rows } = await stage.services.warehouse.query('select digest from heimdallr.rejected_record');
  const missing = without(wanted, new Set(rows.map((row) => row.digest)));
  if (missing.length > 0)
    throw new Error(`${missing.length} of ${wanted.size} poison records have no rejected_record`);
  const gone = without(wanted, await quarantined(stage));
  if (gone.length > 0)
    throw new Error(`${gone.length} of ${wanted.size} poison records are not whole in the quarantine`);
  return wanted.size;
}

const without = (all: ReadonlySet<string>, known: ReadonlySet<unknown>): readonly string[] =>
  [...all].filter((each) => !known.has(each));

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function putAll(stage: Stage, records: readonly Buffer[]): Promise<void> {
  const kinesis = new KinesisClient({
    ...{ endpoint: stage.services.endpoint, region: 'us-east-1', requestHandler: new NodeHttpHandler() },
    credentials: { accessKeyId: 'a-stranger', secretAccessKey: 'none' },
  });
  const StreamName = stage.stack.mappings[0]?.definition.streamName;
  for (let left = records; left.length > 0; ) {
    const call = left.slice(0, 20);
    const { Records = [] } = await kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: call.map((Data, index) => ({ Data, PartitionKey: `poison-${index}` })),
      }),
    );
    left = [...call.filter((_, index) => Records[index]?.SequenceNumber === undefined), ...left.slice(20)];
  }
  kinesis.destroy();
}

/** Digests of the records that the quarantine holds as they came. */
async function quarantined({ services, stack }: Stage): Promise<ReadonlySet<string>> {
  const bucket = stack.outputs.ArchiveBucketName ?? '';
  const digests = new Set<string>();
  for (const { key } of await services.s3.list(bucket, 'quarantine/')) {
    const bytes = await services.s3.get(bucket, key);
    for (const line of gunzipSync(bytes).toString('utf8').trimEnd().split('\n')) {
      const { data, data_encoding: encoding } = JSON.parse(line) as { data: string; data_encoding: string };
      const packed = Buffer.from(data, encoding === 'text' ? 'utf8' : 'base64');
      digests.add(digest(encoding === 'gzip+base64' ? gunzipSync(packed) : packed));
    }
  }
  return digests;
}

export const streamFaults: readonly StackFault[] = [
  { name: 'puts partly refused', repeats: true, strike: refuses('kinesis', 4) },
  {
    name: 'put throttled as a whole',
    repeats: true,
    strike: atCall({ spot: put, when: 'before', act: THROTTLED }),
  },
  { name: 'put fails', repeats: true, strike: atCall({ spot: put, when: 'before', act: BROKEN, times: 2 }) },
  {
    name: 'answer to a put lost',
    repeats: true,
    strike: atCall({ spot: put, when: 'after', act: 'no answer', times: 2 }),
  },
  { name: 'poison records of every kind', strike: poison },
  {
    name: 'transform killed before a delivery',
    strike: atCall({ spot: deliver, when: 'before', act: 'killed', times: 2 }),
  },
  {
    name: 'transform killed after a delivery',
    strike: atCall({ spot: deliver, when: 'after', act: 'killed', times: 2 }),
  },
  { name: 'delivery partly refused', strike: refuses('firehose', 3) },
  { name: 'delivery stream away', strike: atCall({ spot: deliver, when: 'before', act: AWAY, times: 4 }) },
  {
    name: 'answer to a delivery lost',
    strike: atCall({ spot: deliver, when: 'after', act: 'no answer', times: 2 }),
  },
];
