/** The ports in AWS, with the real clients, against emulators on loopback. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import dynalite from 'dynalite';
import kinesalite from 'kinesalite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Envelope } from '../contract/envelope.ts';
import { REPAIR, walkKey } from '../contract/feed.ts';
import { createHandler } from '../producers/handler.ts';
import { awsSecrets, dynamoFeeds, type FeedsTable, kinesisStream, realPorts } from '../producers/ports.ts';
import { dynamoRepairs } from '../warehouse/ports.ts';
import {
  aFact,
  anEvent,
  container,
  fakeFeeds,
  fakeWorld,
  loopback,
  pagesOf,
  SECRET,
  START,
  said,
  stoppedAfter,
  tinyProducer,
} from './producer-fakes.ts';

const emulators: Server[] = [];

async function started(emulator: Server): Promise<string> {
  await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve));
  emulators.push(emulator);
  return `http://127.0.0.1:${(emulator.address() as AddressInfo).port}`;
}

const clientFor = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
  requestHandler: new NodeHttpHandler(),
});

const TABLE = 'feeds';
const STREAM = 'facts';
let dynamo: DynamoDBClient;
let kinesis: KinesisClient;

beforeAll(async () => {
  const tables = dynalite({ path: '', createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const streams = kinesalite({
    path: '',
    createStreamMs: 0,
    deleteStreamMs: 0,
    updateStreamMs: 0,
    shardLimit: 9,
  });
  dynamo = new DynamoDBClient(clientFor(await started(tables)));
  kinesis = new KinesisClient(clientFor(await started(streams)));
  await dynamo.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'feed', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'feed', AttributeType: 'S' }],
    }),
  );
  await kinesis.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: 2 }));
  await vi.waitFor(async () => {
    const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName: STREAM }));
    expect(StreamDescription?.StreamStatus).toBe('ACTIVE');
  });
});

afterAll(async () => {
  dynamo.destroy();
  kinesis.destroy();
  await Promise.all(emulators.map((emulator) => new Promise((resolve) => emulator.close(resolve))));
});

/** All envelopes on the stream that name this feed. */
async function onStream(feed: string): Promise<readonly Envelope[]> {
  const found: Envelope[] = [];
  for (const ShardId of ['shardId-000000000000', 'shardId-000000000001']) {
    let { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamName: STREAM, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    for (;;) {
      const { Records = [], NextShardIterator } = await kinesis.send(
        new GetRecordsCommand({ ShardIterator }),
      );
      if (Records.length === 0) break;
      found.push(...Records.map(({ Data }) => JSON.parse(Buffer.from(Data ?? []).toString()) as Envelope));
      ShardIterator = NextShardIterator;
    }
  }
  return found.filter((envelope) => envelope.feed === feed).toSorted((one, other) => one.seq - other.seq);
}

test('what the loader leaves beside a cursor comes with the lease, and neither side undoes the other', async () => {
  const [feeds, repairs] = [dynamoFeeds(dynamo, TABLE), dynamoRepairs(dynamo, TABLE)];
  const key = walkKey('tiny:repaired', REPAIR);
  const span = {
    record_type: 'tiny_fact',
    from: '1',
    to: '9',
    missing: 2,
    since: '2026-11-23T00:00:00.000Z',
  };
  const saved = { cursor: '{"at":1}', version: 2, observedAt: '2026-11-23T18:30:00.000Z' };

  await repairs.leave('tiny:repaired', [span]);
  const first = await feeds.acquire(key, 'one', 1000, 2000);
  await feeds.save(key, 'one', saved);
  await repairs.leave('tiny:repaired', []);
  await feeds.release(key, 'one', null, null);
  const second = await feeds.acquire(key, 'two', 1001, 2000);

  expect(first).toEqual({ cursor: null, version: 1, observedAt: null, spans: JSON.stringify([span]) });
  expect(second).toEqual({ ...saved, version: 3, spans: '[]' });
});

describe.each<[string, () => FeedsTable]>([
  ['in DynamoDB', () => dynamoFeeds(dynamo, TABLE)],
  ['as the tests fake it', fakeFeeds],
])('the feeds table %s', (_name, make) => {
  let count = 0;
  /** A table and a feed that nobody has used. */
  const fresh = () => {
    count += 1;
    return { table: make(), feed: `tiny:feed-${count}` };
  };
  const empty = { cursor: null, version: 1, observedAt: null };

  test('gives the lease of a feed that was never polled', async () => {
    const { table, feed } = fresh();

    const state = await table.acquire(feed, 'one', 1000, 2000);

    expect(state).toEqual(empty);
  });

  test('gives no lease that another run holds, until it has run out', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);

    const states = [
      await table.acquire(feed, 'two', 2000, 3000),
      await table.acquire(feed, 'two', 2001, 3000),
    ];

    expect(states).toEqual([null, { ...empty, version: 2 }]);
  });

  test('gives a lease again to the run that has it: an update may be repeated', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);

    const again = await table.acquire(feed, 'one', 1000, 2000);

    expect(again).toEqual({ ...empty, version: 2 });
  });

  test('keeps what the owner saves, however often it is saved', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);
    const state = { cursor: '{"after":"ä"}', version: 2, observedAt: '2026-11-23T18:30:00.000Z' };

    const saved = [await table.save(feed, 'one', state), await table.save(feed, 'one', state)];
    await table.release(feed, 'one', null, null);

    expect(saved).toEqual([true, true]);
    expect(await table.acquire(feed, 'two', 1000, 2000)).toEqual({ ...state, version: 3 });
  });

  test('lets nobody save who has lost the lease', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);
    await table.acquire(feed, 'two', 2001, 3000);

    const saved = await table.save(feed, 'one', { cursor: '1', version: 2, observedAt: null });

    expect(saved).toBe(false);
    expect(await table.acquire(feed, 'three', 3001, 4000)).toEqual({ ...empty, version: 3 });
  });

  test('lets nobody give back the lease of another', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);

    await table.release(feed, 'two', null, null);

    expect(await table.acquire(feed, 'two', 1500, 2500)).toBeNull();
  });

  test('keeps what a run may have put, with the wait that the vendor asked for and without', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);
    await table.release(feed, 'one', 5000, '2026-11-23T18:30:00.000Z');
    const first = await table.acquire(feed, 'two', 5000, 9000);
    await table.release(feed, 'two', null, '2026-11-23T18:31:00.000Z');

    const second = await table.acquire(feed, 'three', 5000, 9000);

    expect(first).toEqual({ ...empty, version: 2, observedAt: '2026-11-23T18:30:00.000Z' });
    expect(second).toEqual({ ...empty, version: 3, observedAt: '2026-11-23T18:31:00.000Z' });
  });

  test('gives no lease before the vendor wants to be asked', async () => {
    const { table, feed } = fresh();
    await table.acquire(feed, 'one', 1000, 2000);
    await table.release(feed, 'one', 5000, null);

    const states = [
      await table.acquire(feed, 'two', 4999, 9000),
      await table.acquire(feed, 'two', 5000, 9000),
    ];
    await table.release(feed, 'two', null, null);

    expect(states).toEqual([null, { ...empty, version: 2 }]);
    expect(await table.acquire(feed, 'three', 4000, 9000)).toEqual({ ...empty, version: 3 });
  });

  test('gives one lease when ten runs ask at once', async () => {
    const { table, feed } = fresh();

    const states = await Promise.all(
      Array.from({ length: 10 }, (_, index) => table.acquire(feed, `run-${index}`, 1000, 2000)),
    );

    expect(states.filter((state) => state !== null)).toEqual([empty]);
  });
});

test('a run puts its page on the Kinesis stream and its cursor into DynamoDB', async () => {
  const world = fakeWorld();
  const feeds = dynamoFeeds(dynamo, TABLE);
  const ports = { ...world.ports, feeds, stream: kinesisStream(kinesis, STREAM) };
  const records = Array.from({ length: 1200 }, (_, index) => aFact(index, 'ä€😀'));
  const handle = createHandler(tinyProducer(pagesOf({ records, cursor: 9, isCaughtUp: true })), ports);

  const summary = await handle(anEvent({ feed: 'tiny:whole' }), stoppedAfter(world.clock));

  expect(summary).toMatchObject({ outcome: 'caught_up', emitted: { tiny_fact: 1200 } });
  const envelopes = await onStream('tiny:whole');
  expect(envelopes.map(({ seq }) => seq)).toEqual(Array.from({ length: 1201 }, (_, index) => index + 1));
  expect(new Set(said(envelopes)).size).toBe(1200);
  expect(envelopes.at(-1)?.body).toMatchObject({ emitted: { tiny_fact: 1200 } });
  expect(await feeds.acquire('tiny:whole', 'next', START, START)).toMatchObject({ cursor: '9', version: 3 });
});

test('of two runs at once, one puts and moves the cursor', async () => {
  const world = fakeWorld();
  const feeds = dynamoFeeds(dynamo, TABLE);
  const ports = { feeds, stream: kinesisStream(kinesis, STREAM) };
  const run = () => container(world, pagesOf({ records: [aFact(1)], cursor: 1, isCaughtUp: true }), ports);
  const start = (handle: ReturnType<typeof run>) => handle({ feed: 'tiny:twice' });

  const summaries = await Promise.all([run(), run(), run()].map(start));

  expect(summaries.map(({ outcome }) => outcome).toSorted()).toEqual(['caught_up', 'skipped', 'skipped']);
  expect(await onStream('tiny:twice')).toHaveLength(2);
});

test('a call as large as it may be is taken', async () => {
  const stream = kinesisStream(kinesis, STREAM);
  const entries = Array.from({ length: 5 }, (_, index) => ({
    data: Buffer.alloc(1_000_000, '{}'),
    partitionKey: String(index),
  }));

  const refusals = await stream.put(entries);

  expect(refusals).toEqual([null, null, null, null, null]);
});

test('a record that Kinesis refuses within a call that succeeds is told by its code', async () => {
  const { url, close } = await loopback((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify({
        FailedRecordCount: 1,
        Records: [
          { SequenceNumber: '1', ShardId: 's' },
          { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' },
        ],
      }),
    );
  });
  const stream = kinesisStream(new KinesisClient(clientFor(url)), STREAM);
  const entry = { data: Buffer.from('{}'), partitionKey: '1' };

  const refusals = await stream.put([entry, entry, entry]);
  close();

  expect(refusals).toEqual([null, 'ProvisionedThroughputExceededException', 'NoAnswer']);
});

test.each([
  ['ProvisionedThroughputExceededException', ['ProvisionedThroughputExceededException']],
  ['ResourceNotFoundException', expect.objectContaining({ name: 'ResourceNotFoundException' })],
])('a call that fails as a whole with %s is told apart', async (type, expected) => {
  const { url, close } = await loopback((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: type, message: 'no' }));
  });
  const stream = kinesisStream(new KinesisClient({ ...clientFor(url), maxAttempts: 1 }), STREAM);

  const refusals = await stream
    .put([{ data: Buffer.from('{}'), partitionKey: '1' }])
    .catch((error: unknown) => error);
  close();

  expect(refusals).toEqual(expected);
});

test.each([
  [{ SecretString: 'the-token' }, 'the-token'],
  [
    { SecretBinary: 'AAAA' },
    new Error(`the secret ${SECRET} must hold text, got bytes; put the token into it as text`),
  ],
])('a secret is its text', async (answer, expected) => {
  const { url, close } = await loopback((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
  const secrets = awsSecrets(new SecretsManagerClient(clientFor(url)));

  const text = await secrets.read(SECRET).catch((error: unknown) => error);
  close();

  expect(text).toEqual(expected);
});

describe('the ports of a function', () => {
  test('need what the template gives them', () => {
    vi.stubEnv('FEEDS_TABLE', 'feeds');
    vi.stubEnv('STREAM_NAME', '');

    expect(realPorts).toThrow(
      'the environment variable STREAM_NAME must be set, got nothing; the template sets it',
    );

    vi.unstubAllEnvs();
  });

  test('write a run’s metrics as one line, under the feed and nothing else', () => {
    const environment = {
      FEEDS_TABLE: 'feeds',
      STREAM_NAME: 'facts',
      AWS_REGION: 'eu-west-1',
      POWERTOOLS_METRICS_NAMESPACE: 'Heimdallr',
      // Prints through the console, where a test can look.
      POWERTOOLS_DEV: 'true',
      POWERTOOLS_METRICS_DISABLED: 'false',
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {});

    realPorts().metrics.publish({ feed: 'tiny:web' }, { Pages: 2, RunSeconds: 1.5 });

    const [line] = printed.mock.calls.at(-1) ?? [];
    printed.mockRestore();
    vi.unstubAllEnvs();
    expect(JSON.parse(String(line))).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Heimdallr',
            Dimensions: [['feed']],
            Metrics: [
              { Name: 'Pages', Unit: 'Count' },
              { Name: 'RunSeconds', Unit: 'Seconds' },
            ],
          },
        ],
      },
      feed: 'tiny:web',
      Pages: 2,
      RunSeconds: 1.5,
    });
  });
});
