import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DeliveryStreamDefinition } from '../local/services/delivery-stream.ts';
import {
  type Delivery,
  type FirehosePorts,
  type FirehoseServer,
  startFirehose,
} from '../local/services/firehose.ts';
import { type ObjectStore, openObjectStore } from '../local/services/object-store.ts';
import { type Database, openDatabase } from '../local/warehouse/database.ts';

const NOW = new Date('2026-11-23T18:30:05Z');

const toRedshift: DeliveryStreamDefinition = {
  name: 'landing-1',
  bucket: 'archive',
  prefix: 'landing/',
  bufferSeconds: 900,
  bufferMegabytes: 1,
  retrySeconds: 7200,
  compression: 'GZIP',
  destination: {
    kind: 'redshift',
    table: 'heimdallr.rows',
    columns: ['n'],
    options: "JSON 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF",
  },
};

const toS3: DeliveryStreamDefinition = {
  ...toRedshift,
  name: 'quarantine',
  prefix: 'rejected/year=!{timestamp:yyyy}/',
  compression: 'UNCOMPRESSED',
  destination: { kind: 's3', errorPrefix: 'failed/!{firehose:error-output-type}/' },
};

let warehouse: Database;
let folder: string;
let store: ObjectStore;
/** All that a test started; what is still open is closed after it. */
let started: FirehoseServer[];

beforeAll(async () => {
  warehouse = await openDatabase({ url: 'memory:', dataDir: '/nowhere' });
  await warehouse.query('create table heimdallr.rows (n integer not null)');
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heimdallr-firehose-'));
  store = openObjectStore(join(folder, 's3'));
  await store.createBucket('archive');
  started = [];
});

afterEach(async () => {
  for (const firehose of started) await firehose.close();
  rmSync(folder, { recursive: true });
  await warehouse.query('delete from heimdallr.rows');
  await warehouse.query('delete from redshift.sys_load_error_detail');
});

afterAll(() => warehouse.close());

/** A Firehose on the test's folder; a second one finds what the first one left. */
function start(definition: DeliveryStreamDefinition, ports: Partial<FirehosePorts> = {}): FirehoseServer {
  const firehose = startFirehose({
    folder,
    store,
    warehouse,
    now: () => NOW,
    speed: 1,
    refuse: () => false,
    beforeCopy: () => undefined,
    afterCopy: () => undefined,
    ...ports,
  });
  firehose.createDeliveryStream(definition);
  started.push(firehose);
  return firehose;
}

const put = (firehose: FirehoseServer, stream: string, texts: readonly string[]): unknown =>
  firehose.service('PutRecordBatch', {
    DeliveryStreamName: stream,
    Records: texts.map((text) => ({ Data: Buffer.from(text).toString('base64') })),
  });

const delivered = (firehose: FirehoseServer, kind: Delivery['kind']): Promise<Delivery> =>
  new Promise((resolve) => {
    firehose.onDelivered((delivery) => {
      if (delivery.kind === kind) resolve(delivery);
    });
  });

const rows = async (): Promise<(string | null)[]> =>
  (await warehouse.query('select n from heimdallr.rows order by n')).values.flat();

const keys = async (prefix = ''): Promise<string[]> =>
  (await store.list('archive', prefix)).map(({ key }) => key);

test('records are joined byte for byte into one zipped object, and copied', async () => {
  const firehose = start(toRedshift);
  const deliveries: Delivery[] = [];
  firehose.onDelivered((delivery) => deliveries.push(delivery));

  put(firehose, 'landing-1', ['{"n":1}\n{"n":2}\n', '{"n":3}\n']);
  await firehose.flush();

  const [key = ''] = await keys('landing/2026');
  expect(key).toMatch(/^landing\/2026\/11\/23\/18\/landing-1-1-2026-11-23-18-30-05-[0-9a-f-]{36}$/);
  expect(gunzipSync(await store.get('archive', key)).toString()).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
  const [manifest = ''] = await keys('landing/manifests/2026/11/23/18/landing-1-2026-11-23-18-30-05-');
  expect(JSON.parse((await store.get('archive', manifest)).toString())).toEqual({
    entries: [{ url: `s3://archive/${key}`, mandatory: true }],
  });
  expect(await rows()).toEqual(['1', '2', '3']);
  expect(deliveries).toEqual([
    { kind: 'object', stream: 'landing-1', url: `s3://archive/${key}`, records: 2 },
    { kind: 'copied', stream: 'landing-1', url: `s3://archive/${manifest}`, rows: 3 },
  ]);
  expect(firehose.stats()).toEqual([
    {
      stream: 'landing-1',
      records: 2,
      bytes: 24,
      bufferedBytes: 0,
      objects: 1,
      waitingForCopy: 0,
      copiesOk: 1,
      copiesFailed: 0,
      copiesSkipped: 0,
      rowsCopied: 3,
      lastError: null,
    },
  ]);
});

test('the buffer waits for its time', async () => {
  const firehose = start({ ...toRedshift, bufferSeconds: 60 }, { speed: 6000 });
  const copied = delivered(firehose, 'copied');

  put(firehose, 'landing-1', ['{"n":1}\n']);
  const isIdleBefore = firehose.isIdle();
  await copied;
  await firehose.flush();

  expect([isIdleBefore, firehose.isIdle()]).toEqual([false, true]);
  expect(await rows()).toEqual(['1']);
});

test('the buffer is written out when it has its size, counted before compression', async () => {
  const firehose = start(toRedshift);
  const copied = delivered(firehose, 'copied');
  const padded = `{"n":1}${' '.repeat(600_000)}\n`;

  put(firehose, 'landing-1', [padded]);
  put(firehose, 'landing-1', [padded]);
  await copied;

  expect(await rows()).toEqual(['1', '1']);
});

test('objects that wait for a COPY go into the next one together, one COPY at a time', async () => {
  const copies: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const firehose = start(toRedshift, {
    beforeCopy: () => {
      copies.push('begins');
      return gate;
    },
    afterCopy: () => void copies.push('ends'),
  });

  const flushes = ['{"n":1}\n', '{"n":2}\n', '{"n":3}\n'].map((row) => {
    put(firehose, 'landing-1', [row]);
    return firehose.flush();
  });
  while (firehose.stats()[0]?.objects !== 3) await new Promise(setImmediate);
  open();
  await Promise.all(flushes);

  expect(copies).toEqual(['begins', 'ends', 'begins', 'ends']);
  expect(await rows()).toEqual(['1', '2', '3']);
});

test('a COPY that fails for a while is repeated, and nothing is lost or doubled', async () => {
  let failures = 2;
  const firehose = start(toRedshift, {
    speed: 3000,
    beforeCopy: () => {
      failures -= 1;
      if (failures >= 0) throw new Error('the warehouse is being resized');
    },
  });

  put(firehose, 'landing-1', ['{"n":1}\n']);
  await firehose.flush();

  const [stats] = firehose.stats();
  expect(await rows()).toEqual(['1']);
  expect([stats?.copiesOk, stats?.copiesFailed, stats?.copiesSkipped, stats?.lastError]).toEqual([
    1,
    2,
    0,
    'the warehouse is being resized',
  ]);
});

test('a bad row costs its batch: the manifest goes to errors, the error is kept, delivery goes on', async () => {
  const firehose = start({ ...toRedshift, retrySeconds: 0 });

  put(firehose, 'landing-1', ['{"n":1}\n{"n":1.5}\n']);
  await firehose.flush();
  put(firehose, 'landing-1', ['{"n":2}\n']);
  await firehose.flush();

  const [bad = ''] = await keys('landing/2026');
  const [manifest = ''] = await keys('landing/errors/');
  expect(await rows()).toEqual(['2']);
  expect(manifest).toMatch(
    /^landing\/errors\/manifests\/2026\/11\/23\/18\/landing-1-2026-11-23-18-30-05-[0-9a-f-]{36}$/,
  );
  const { entries } = JSON.parse((await store.get('archive', manifest)).toString());
  const { rows: errors } = await warehouse.query('select * from redshift.sys_load_error_detail');
  expect(errors).toEqual([
    {
      start_time: '2026-11-23 18:30:05',
      stream: 'landing-1',
      table_name: 'heimdallr.rows',
      file_name: entries[0].url,
      line_number: '2',
      column_name: 'n',
      error_code: '1207',
      error_message: "Invalid digit, Value '.', Pos 1, Type: Integer",
      value_start: '1.5',
    },
  ]);
  expect((await keys('landing/2026')).includes(bad)).toBe(true);
  expect(firehose.stats()[0]?.copiesSkipped).toBe(1);
});

test('a COPY whose answer gets lost loads twice rather than not at all', async () => {
  let isLost = true;
  const firehose = start(toRedshift, {
    speed: 3000,
    afterCopy: () => {
      if (isLost) {
        isLost = false;
        throw new Error('connection reset');
      }
    },
  });

  put(firehose, 'landing-1', ['{"n":1}\n']);
  await firehose.flush();

  expect(await rows()).toEqual(['1', '1']);
});

test('what was accepted survives the end of the process, and what was not acknowledged does not appear', async () => {
  const killed = start(toRedshift);
  put(killed, 'landing-1', ['{"n":1}\n', '{"n":2}\n']);
  const [segment = ''] = readdirSync(join(folder, 'landing-1'));
  appendFileSync(join(folder, 'landing-1', segment), Buffer.from([0, 0, 0, 8, 0x7b, 0x22]));

  const next = start(toRedshift);
  await next.flush();

  expect(await rows()).toEqual(['1', '2']);
  expect(readdirSync(join(folder, 'landing-1'))).toEqual([]);
});

test('an object that was not copied is copied by the next process', async () => {
  const stopped = start(toRedshift, {
    beforeCopy: () => {
      throw new Error('the warehouse is paused');
    },
  });
  put(stopped, 'landing-1', ['{"n":1}\n']);
  const written = delivered(stopped, 'object');
  void stopped.flush();
  await written;
  await stopped.close();

  const next = start(toRedshift);
  await next.flush();

  expect(await rows()).toEqual(['1']);
  expect(await keys('landing/2026')).toHaveLength(1);
});

test('a bucket that appears late only delays', async () => {
  const firehose = start({ ...toRedshift, bucket: 'late' }, { speed: 1000 });

  put(firehose, 'landing-1', ['{"n":1}\n']);
  const flushed = firehose.flush();
  await store.createBucket('late');
  await flushed;

  expect(await rows()).toEqual(['1']);
});

test('an S3 destination evaluates the expressions of its prefix', async () => {
  const firehose = start(toS3);

  put(firehose, 'quarantine', ['a', 'b']);
  await firehose.flush();

  const [key = ''] = await keys();
  expect(key).toMatch(/^rejected\/year=2026\/quarantine-1-2026-11-23-18-30-05-[0-9a-f-]{36}$/);
  expect((await store.get('archive', key)).toString()).toBe('ab');
  expect(firehose.isIdle()).toBe(true);
  expect(readdirSync(join(folder, 'quarantine'))).toEqual([]);
});

test.each<[what: string, definition: DeliveryStreamDefinition, error: string]>([
  [
    'an expression in the prefix of a Redshift destination',
    { ...toRedshift, prefix: 'a/!{timestamp:yyyy}/' },
    'the prefix of a Redshift destination must not hold expressions',
  ],
  [
    'a prefix with expressions and no ErrorOutputPrefix',
    { ...toS3, destination: { kind: 's3', errorPrefix: null } },
    'a prefix with expressions needs an ErrorOutputPrefix',
  ],
  [
    'an ErrorOutputPrefix that does not say the kind of error',
    { ...toS3, destination: { kind: 's3', errorPrefix: 'failed/' } },
    'ErrorOutputPrefix must hold !{firehose:error-output-type}',
  ],
  [
    'an expression that nobody evaluates',
    { ...toS3, prefix: '!{partitionKeyFromQuery:feed}/' },
    'which Firehose does not evaluate here',
  ],
  [
    'a pattern letter that nobody knows',
    { ...toS3, prefix: '!{timestamp:YYYY}/' },
    'the timestamp pattern YYYY holds YYYY; use yyyy, MM, dd, HH, mm, ss',
  ],
  [
    'an option of COPY that would hide bad rows',
    {
      ...toRedshift,
      destination: { kind: 'redshift', table: 't', columns: [], options: "JSON 'auto' MAXERROR 10" },
    },
    'COPY: option MAXERROR is not used by this project',
  ],
])('%s is refused at creation', (_what, definition, error) => {
  const creating = (): unknown => start(definition);

  expect(creating).toThrow(error);
});
