/** The event source mapping against a real stream: order, lanes, checkpoints, and what is given up. */
import { createServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import kinesalite from 'kinesalite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createDestinations } from '../local/stack/destinations.ts';
import { type Mapping, type MappingDefinition, startMapping } from '../local/stack/event-source-mapping.ts';
import type { InvokeResult } from '../local/stack/functions.ts';
import { isObject } from '../local/stack/json.ts';
import { type Bench, bench } from './stack-fixtures.ts';

// Without a path it keeps everything in memory.
const server = kinesalite({
  path: '',
  createStreamMs: 0,
  deleteStreamMs: 0,
  updateStreamMs: 0,
  shardLimit: 100,
});
let endpoint = '';
let kinesis: KinesisClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  kinesis = new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: new NodeHttpHandler(),
  });
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

async function stream(name: string, shards = 1): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  for (;;) {
    const { StreamDescriptionSummary: found } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: name }),
    );
    if (found?.StreamStatus === 'ACTIVE') return;
  }
}

/** Puts texts on the stream; the part before a dash is the partition key. */
async function put(name: string, texts: readonly string[]): Promise<void> {
  const Records = texts.map((text) => ({ PartitionKey: text.split('-')[0], Data: Buffer.from(text) }));
  await kinesis.send(new PutRecordsCommand({ StreamName: name, Records }));
}

interface Settings {
  readonly rules?: Partial<MappingDefinition['rules']>;
  readonly mapping?: Partial<MappingDefinition>;
  readonly dataDir?: string;
  readonly streamNow?: () => Date;
}

interface Reader extends Bench {
  readonly mapping: Mapping;
  /** Texts of every batch, in the order of the calls. */
  readonly batches: string[][];
  /** Events as the function got them. */
  readonly received: unknown[];
}

/** A mapping whose function is `answer`. */
async function reader(
  name: string,
  answer: (texts: readonly string[]) => InvokeResult | Promise<InvokeResult>,
  { rules, mapping, dataDir, streamNow }: Settings = {},
): Promise<Reader> {
  const lambda = bench(dataDir === undefined ? {} : { dataDir });
  const definition = lambda.deploy('', { name: `reader-of-${name}` });
  const batches: string[][] = [];
  const received: unknown[] = [];
  const started = await startMapping(
    {
      logicalId: `Mapping${name}`,
      uuid: '0e2f1b3c-0000-4000-8000-000000000000',
      streamName: name,
      streamArn: `arn:aws:kinesis:us-east-1:111111111111:stream/${name}`,
      functionId: definition.name,
      startingPosition: 'TRIM_HORIZON',
      parallelization: 1,
      onFailure: null,
      ...mapping,
      rules: {
        batchSize: 100,
        windowSeconds: 0,
        reportsItemFailures: true,
        bisects: false,
        maximumRetryAttempts: -1,
        maximumRecordAgeSeconds: -1,
        ...rules,
      },
    },
    {
      dataDir: lambda.dataDir,
      kinesisEndpoint: endpoint,
      region: 'us-east-1',
      speed: 1000,
      now: () => new Date(),
      ...(streamNow === undefined ? {} : { streamNow }),
      functions: {
        find: () => definition,
        async invoke(_id, event) {
          const texts = textsOf(event);
          batches.push(texts);
          received.push(event);
          await setImmediate();
          return answer(texts);
        },
      },
      destinations: createDestinations(lambda.buckets, lambda.dataDir),
      onEvent: (event) => lambda.events.push(event),
    },
  );
  onTestFinished(() => started.close());
  return { ...lambda, mapping: started, batches, received };
}

function textsOf(event: unknown): string[] {
  const records: unknown = isObject(event) ? event.Records : [];
  return (Array.isArray(records) ? records : []).map((record) =>
    Buffer.from(record.kinesis.data, 'base64').toString('utf8'),
  );
}

const done: InvokeResult = { status: 'ok', requestId: 'r', payload: null };
const threw: InvokeResult = {
  status: 'failed',
  requestId: 'request-1',
  error: { errorType: 'Error', errorMessage: 'no', trace: [] },
};

/** Waits until everything on the stream is done with. */
async function drained({ mapping }: Reader): Promise<void> {
  while (!(await mapping.isIdle()));
}

test('a function gets records as Lambda hands them over', async () => {
  await stream('shape');
  await put('shape', ['a-1']);

  const given = await reader('shape', () => done);
  await drained(given);

  expect(given.received).toEqual([
    {
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'a',
            sequenceNumber: expect.stringMatching(/^\d+$/),
            data: Buffer.from('a-1').toString('base64'),
            approximateArrivalTimestamp: expect.any(Number),
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: expect.stringMatching(/^shardId-000000000000:\d+$/),
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::111111111111:role/role',
          awsRegion: 'us-east-1',
          eventSourceARN: 'arn:aws:kinesis:us-east-1:111111111111:stream/shape',
        },
      ],
    },
  ]);
});

test('records of all shards are read, those of one key in their order, however many lanes', async () => {
  await stream('lanes', 2);
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (let n = 10; n < 40; n += 1)
    await put(
      'lanes',
      keys.map((key) => `${key}-${n}`),
    );

  const given = await reader('lanes', () => done, {
    mapping: { parallelization: 3 },
    rules: { batchSize: 7 },
  });
  await drained(given);

  const seen = given.batches.flat();
  const expected = Array.from({ length: 30 }, (_, index) => index + 10);
  expect(seen).toHaveLength(240);
  for (const key of keys) {
    expect(seen.filter((text) => text.startsWith(key))).toEqual(expected.map((n) => `${key}-${n}`));
  }
});

test('it is not idle while a record is on the stream that nobody has handled', async () => {
  await stream('idle');
  const { promise: released, resolve: release } = Promise.withResolvers<InvokeResult>();
  const given = await reader('idle', () => released);
  await drained(given);

  await put('idle', ['a-1']);
  const isIdle = await given.mapping.isIdle();
  release(done);
  await drained(given);

  expect(isIdle).toBe(false);
  expect(given.batches).toEqual([['a-1']]);
});

test('a batch that is given up is kept whole in the bucket, and the shard goes on', async () => {
  await stream('given-up');
  await put('given-up', ['a-1', 'a-2', 'a-3']);

  const given = await reader('given-up', (texts) => (texts.includes('a-2') ? threw : done), {
    rules: { bisects: true, maximumRetryAttempts: 1 },
    mapping: { onFailure: 'arn:aws:s3:::archive' },
  });
  await drained(given);

  const [[key, document] = ['', '']] = [...given.buckets.objects];
  expect(given.buckets.objects.size).toBe(1);
  expect(key).toMatch(
    /^archive\/aws\/lambda\/0e2f1b3c-0000-4000-8000-000000000000\/shardId-000000000000\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$/,
  );
  const { payload, ...metadata } = JSON.parse(document);
  expect(metadata).toEqual({
    requestContext: {
      requestId: 'request-1',
      functionArn: 'arn:aws:lambda:us-east-1:111111111111:function:reader-of-given-up',
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 2,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: expect.any(String),
    KinesisBatchInfo: {
      shardId: 'shardId-000000000000',
      startSequenceNumber: expect.stringMatching(/^\d+$/),
      endSequenceNumber: metadata.KinesisBatchInfo.startSequenceNumber,
      approximateArrivalOfFirstRecord: expect.any(String),
      approximateArrivalOfLastRecord: expect.any(String),
      batchSize: 1,
      streamArn: 'arn:aws:kinesis:us-east-1:111111111111:stream/given-up',
    },
  });
  expect(textsOf(JSON.parse(payload))).toEqual(['a-2']);
  expect(given.batches.at(-1)).toEqual(['a-3']);
  expect(given.events.filter(({ kind }) => kind === 'discarded')).toEqual([
    {
      kind: 'discarded',
      functionName: 'reader-of-given-up',
      shardId: 'shardId-000000000000',
      records: 1,
      condition: 'RetryAttemptsExhausted',
      keptAt: `s3://${key}`,
    },
  ]);
});

test('a destination that refuses loses the batch, says so, and holds nobody up', async () => {
  await stream('refused');
  await put('refused', ['a-1']);

  const given = await reader('refused', () => threw, {
    rules: { maximumRetryAttempts: 0 },
    mapping: { onFailure: 'arn:aws:s3:::closed' },
  });
  await drained(given);

  expect(given.events.filter(({ kind }) => kind === 'discarded')).toMatchObject([
    { records: 1, keptAt: null },
  ]);
});

test('a record that is too old is given up by its age', async () => {
  await stream('old');
  await put('old', ['a-1']);

  const given = await reader('old', () => done, {
    rules: { maximumRecordAgeSeconds: 60 },
    mapping: { onFailure: 'arn:aws:s3:::archive' },
    streamNow: () => new Date(Date.now() + 120_000),
  });
  await drained(given);

  expect(given.batches).toEqual([]);
  expect(
    [...given.buckets.objects.values()].map((document) => JSON.parse(document).requestContext),
  ).toMatchObject([{ condition: 'RecordAgeExceeded', approximateInvokeCount: 0 }]);
});

test('a second start goes on where the first one stopped', async () => {
  await stream('again');
  await put('again', ['a-1', 'a-2']);
  const first = await reader('again', () => done);
  await drained(first);
  await first.mapping.close();
  await put('again', ['a-3']);

  const second = await reader('again', () => done, { dataDir: first.dataDir });
  await drained(second);

  expect([first.batches, second.batches]).toEqual([[['a-1', 'a-2']], [['a-3']]]);
});

test('a batch whose end was not seen is read again at the next start, and so is all behind it', async () => {
  await stream('crash');
  await put('crash', ['a-1', 'b-1', 'b-2']);
  const hanging = Promise.withResolvers<InvokeResult>();
  // Two lanes: the records of b are done with, the one of a before them is not.
  const first = await reader('crash', ([text]) => (text === 'a-1' ? hanging.promise : done), {
    mapping: { parallelization: 2 },
    rules: { batchSize: 1 },
  });
  while (first.batches.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));

  const second = await reader('crash', () => done, { dataDir: first.dataDir });
  await drained(second);
  const closed = first.mapping.close();
  hanging.resolve(threw);
  await closed;

  expect(second.batches.flat().sort()).toEqual(['a-1', 'b-1', 'b-2']);
});

test('a stream that was made anew is read from its beginning', async () => {
  await stream('anew');
  await put('anew', ['a-1']);
  const first = await reader('anew', () => done, { mapping: { logicalId: 'MappingShared' } });
  await drained(first);
  await first.mapping.close();
  await stream('anew-2');
  await put('anew-2', ['a-2']);

  const second = await reader('anew-2', () => done, {
    dataDir: first.dataDir,
    mapping: { logicalId: 'MappingShared' },
  });
  await drained(second);

  expect(second.batches).toEqual([['a-2']]);
});

test('a stream that cannot be read for a while is read when it can', async () => {
  await stream('outage');
  await put('outage', ['a-1']);
  const direct = endpoint;
  let failures = 2;
  const gate = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    if (String(request.headers['x-amz-target']).endsWith('GetRecords') && failures > 0) {
      failures -= 1;
      response
        .writeHead(400)
        .end(JSON.stringify({ __type: 'ExpiredIteratorException', message: 'too late' }));
      return;
    }
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const answer = await fetch(direct, {
      method: 'POST',
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void gate.close());
  const address = gate.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  onTestFinished(() => {
    endpoint = direct;
  });

  const given = await reader('outage', () => done);
  endpoint = direct;
  await drained(given);

  expect(given.batches).toEqual([['a-1']]);
  expect(given.events.filter(({ kind }) => kind === 'poll_failed')).toHaveLength(2);
});
