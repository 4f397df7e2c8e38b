/**
 * The programs as a person runs them, against the synthesised stack: what went wrong is put right, and the past is
 * fetched, with every row there once and the books closed.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drain } from '../local/cli/drain.ts';
import { type Session, startSession } from '../local/cli/session.ts';
import { producerNames } from '../local/cli/simulators.ts';
import { type Simulator, startSimulator } from '../producers/rollbar/simulator.ts';

const root = join(import.meta.dirname, '..');
const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-operate-'));
const TOKEN = 'a-read-token-of-nobody';
const now = (): Date => new Date();
let vendor: Simulator;
let session: Session;

beforeAll(async () => {
  vendor = await startSimulator({
    ...{ occurrences: 600, seed: 11, sinceHours: 40 },
    tokens: { [TOKEN]: ['read', 'post_server_item'] },
  });
  session = await startSession({
    root,
    options: {
      ...{ until: 'drained', feeds: ['rollbar:web'], vendors: { rollbar: vendor.url }, since: '2h' },
      ...{ warehouse: null, dataDir, json: false, speed: 2000 },
    },
    producers: producerNames(root),
    environment: { ...process.env, ROLLBAR_TOKEN: TOKEN },
    ...{ now, say: () => undefined },
  });
  // It synthesises and bundles, which takes its time on a machine that is busy.
}, 240_000);

afterAll(async () => {
  await session.close();
  await vendor.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly said: Readonly<Record<string, unknown>>;
}

/** Runs a program to its end. */
function run(
  program: 'redrive' | 'backfill' | 'status' | 'erase' | 'preflight' | 'token',
  ...args: readonly string[]
): Promise<Ended> {
  return runWith('', program, ...args);
}

/** The same, with this on its stdin. */
function runWith(input: string, program: string, ...args: readonly string[]): Promise<Ended> {
  const file = join(root, 'operate', program, 'main.ts');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, '--data', dataDir, '--json', ...args]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    child.on('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      resolve({ code, output, said: last.startsWith('{') ? JSON.parse(last) : {} });
    });
    child.stdin.end(input);
  });
}

const rows = async (sql: string) => (await session.services.warehouse.query(sql)).rows;
const settle = () => drain(session, now, () => undefined);

/** The transform, with its code changed. @returns what puts it right again. */
function breakTransform(change: (code: string) => string): () => void {
  const { functions, mappings } = session.stack;
  const transform = functions.find(mappings[0]?.definition.functionId ?? '');
  const codeDir = mkdtempSync(join(dataDir, 'code-'));
  cpSync(transform.codeDir, codeDir, { recursive: true });
  const [file = ''] = readdirSync(codeDir).filter((name) => /^index\.(?:mjs|js|cjs)$/.test(name));
  const code = readFileSync(join(codeDir, file), 'utf8');
  const changed = change(code);
  expect(changed).not.toBe(code);
  writeFileSync(join(codeDir, file), changed);
  functions.deploy({ ...transform, codeDir });
  return () => functions.deploy(transform);
}

/** Puts what is no record on the stream. */
async function poison(text: string): Promise<void> {
  const kinesis = new KinesisClient({
    ...{ endpoint: session.services.endpoint, region: 'us-east-1', requestHandler: new NodeHttpHandler() },
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'x' },
  });
  const StreamName = session.stack.outputs.FactStreamName;
  await kinesis.send(
    new PutRecordsCommand({ StreamName, Records: [{ Data: Buffer.from(text), PartitionKey: 'p' }] }),
  );
  kinesis.destroy();
}

/** Keys in the archive bucket under a prefix. */
const kept = async (prefix: string) =>
  (await session.services.s3.list(session.stack.outputs.ArchiveBucketName ?? '', prefix)).map(
    ({ key }) => key,
  );

/** Lines in the quarantine. */
async function quarantined(): Promise<readonly { record_type: string | null; data: string }[]> {
  const bucket = session.stack.outputs.ArchiveBucketName ?? '';
  const objects = await Promise.all(
    (await kept('quarantine/')).map((key) => session.services.s3.get(bucket, key)),
  );
  return objects.flatMap((bytes) =>
    gunzipSync(bytes)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
}

const books = () =>
  rows(`select record_type, sum(emitted)::int as emitted, sum(delivered)::int as delivered,
    sum(rejected)::int as rejected, sum(missing)::int as missing
    from heimdallr.ledger group by record_type order by record_type`);

const byText = (one: string, other: string): number => (one < other ? -1 : 1);

test('what an older transform rejected and what a broken one gave up is redriven: rows once, books closed', async () => {
  const mendFirst = breakTransform((code) => code.replaceAll('rollbar_deploy_v1', 'rollbar_deploy_v9'));
  await poison('{"no": "record"');
  await settle();
  mendFirst();
  const mendSecond = breakTransform(
    () => 'export const handler = async () => { throw new Error("broken"); };',
  );
  vendor.report({ environment: 'production', body: { message: { body: 'in between' } }, level: 'error' });
  const broken = await settle();
  mendSecond();
  const before = await books();
  const dry = await run('redrive', '--dry-run');
  const keptBefore = [await kept('aws/lambda/'), await kept('quarantine/')];

  const first = await run('redrive');
  await settle();
  const lines = await quarantined();
  const second = await run('redrive');
  await settle();

  const deploys = before.find(({ record_type }) => record_type === 'rollbar_deploy');
  expect(Number(deploys?.rejected)).toBeGreaterThan(0);
  expect(broken.join()).toContain('were given up');
  expect(keptBefore.map(({ length }) => length > 0)).toEqual([true, true]);
  expect(dry).toMatchObject({ code: 0, said: { isDryRun: true, records: first.said.records } });
  expect(dry.output).toContain(
    'rollbar_deploy: record_type, record_version: expected a record type that is deployed',
  );
  expect(first).toMatchObject({ code: 0, said: { stuck: 0, isStopped: false } });
  expect(await kept('aws/lambda/')).toEqual([]);

  const after = await books();
  expect(after.filter(({ missing, rejected }) => Number(missing) + Number(rejected) > 0)).toEqual([]);
  expect(after.map(({ emitted, delivered }) => Number(emitted) - Number(delivered))).toEqual(
    after.map(() => 0),
  );
  const ids = (await rows('select id::varchar(40) as id from heimdallr.rollbar_deploy')).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(Number(deploys?.rejected));
  expect(
    await rows("select level from heimdallr.rollbar_occurrence where exception_message = 'in between'"),
  ).toEqual([{ level: 'error' }]);

  // What is no record stays what it is: rejected once more, with one row and one line, however often it is tried.
  expect(lines.map(({ data }) => data)).toEqual(['{"no": "record"']);
  expect(second).toMatchObject({ code: 0, said: { records: 1, objects: 1 } });
  expect((await quarantined()).map(({ data }) => data)).toEqual(['{"no": "record"']);
  expect(
    await rows(
      "select run_id, seq, count(*)::int as n from heimdallr.rejected_record where run_id = 'unknown' group by run_id, seq",
    ),
  ).toEqual([{ run_id: 'unknown', seq: '0', n: '1' }]);
});

test('before a deployment, the tokens of a run on this machine can be tried', async () => {
  const { code, said, output } = await run('preflight');

  expect({ code, said }).toMatchObject({ code: 0, said: { missing: 0 } });
  expect(output).toMatch(/^ok +token rollbar:web +its vendor answers \(200\)$/m);
  expect(output).toMatch(/^unchecked +account /m);
  expect(output).not.toContain(TOKEN);
});

test('a token is tried before it is put, and what else stands in the secret stays', async () => {
  const { secrets } = session.services;
  const [arn = ''] = [...secrets].find(([, text]) => text.includes(TOKEN)) ?? [];
  const before = secrets.get(arn) ?? '';
  const put = (token: string, ...args: string[]) => runWith(token, 'token', '--feed', 'rollbar:web', ...args);

  const refused = await put('a-token-that-nobody-gave\n');
  vendor.setFaults([{ kind: 'server_error', times: 9 }]);
  const unknown = await put('a-token-on-a-bad-day\n');
  vendor.setFaults([]);
  const empty = await put('');
  const unchanged = secrets.get(arn);
  const untried = await put('a-token-to-believe-in\n', '--untried');
  const afterUntried = secrets.get(arn) ?? '';
  const taken = await put(`${TOKEN}\n`);
  const unsigned = await put(TOKEN, '--webhook');
  const strange = await runWith(TOKEN, 'token', '--feed', 'rollbar:nowhere');

  expect(refused).toMatchObject({ code: 1, said: { isPut: false, tried: 'missing' } });
  expect(refused.output).toMatch(/^tried {6}its vendor refuses it \(\d+\): give another$/m);
  expect(unknown).toMatchObject({ code: 1, said: { isPut: false, tried: 'unchecked' } });
  expect(unknown.output).toContain('--untried puts it all the same');
  expect(empty.code).toBe(1);
  expect(empty.output).toContain('nothing was given');
  expect(unchanged).toBe(before);
  expect(untried).toMatchObject({ code: 0, said: { isPut: true, tried: null } });
  expect(JSON.parse(afterUntried)).toEqual({ ...JSON.parse(before), token: 'a-token-to-believe-in' });
  expect(taken).toMatchObject({ code: 0, said: { key: 'token', isPut: true, tried: 'ok' } });
  expect(taken.output).toMatch(/^tried {6}its vendor answers \(200\)$/m);
  expect(JSON.parse(secrets.get(arn) ?? '')).toEqual(JSON.parse(before));
  expect([unsigned.code, strange.code]).toEqual([2, 2]);
  expect(strange.output).toContain('there is no feed rollbar:nowhere in this pipeline, only ');
  for (const { output } of [refused, unknown, untried, taken]) {
    expect(output).not.toContain(TOKEN);
    expect(output).not.toMatch(/a-token-/);
  }
});

test('the past of a feed is fetched beside its polling, and a second time only when asked', async () => {
  const since = new Date(Date.now() - 36 * 3_600_000);
  const day = since.toISOString().slice(0, 10);
  const had = await rows('select count(*)::int as n from heimdallr.rollbar_occurrence');

  const walked = await run('backfill', '--feed', 'rollbar:web', '--since', day);
  await settle();
  const before = await run('backfill', '--feed', 'rollbar:web', '--since', day);
  const again = await run('backfill', '--feed', 'rollbar:web', '--since', day, '--again');
  await settle();

  expect(walked).toMatchObject({ code: 0, said: { feed: 'rollbar:web', end: 'finished', reason: null } });
  expect(walked.output).toContain('finished   ');
  expect(before).toMatchObject({ code: 0, said: { end: 'finished before' } });
  expect(again).toMatchObject({ code: 0, said: { end: 'finished' } });
  const wanted = vendor
    .truth()
    .occurrences.filter(({ timestamp }) => timestamp * 1000 >= Date.parse(day))
    .map(({ id }) => String(id));
  const found = (await rows('select id::varchar(40) as id from heimdallr.rollbar_occurrence')).map(({ id }) =>
    String(id),
  );
  expect(wanted.length).toBeGreaterThan(Number(had[0]?.n) + 100);
  expect(new Set(found).size).toBe(found.length);
  expect(wanted.filter((id) => !found.includes(id)).sort(byText)).toEqual([]);
  expect((await books()).filter(({ missing }) => Number(missing) > 0)).toEqual([]);
});

test('a feed that is not there is one line, and a token that is refused says what to do', async () => {
  const [arn = ''] = [...session.services.secrets.keys()].filter((name) =>
    name.includes('heimdallr/rollbar/web'),
  );
  const secret = session.services.secrets.get(arn) ?? '';
  const unknown = await run('backfill', '--feed', 'rollbar:app', '--since', '1d');
  session.services.secrets.set(arn, secret.replace(TOKEN, 'a-token-that-was-revoked'));
  const [polling] = session.stack.schedules.list().filter(({ input }) => input.includes('rollbar:web'));
  // A function keeps what it has read of a secret for some minutes.
  session.stack.functions.kill(polling?.functionArn ?? '');

  const refused = await run('backfill', '--feed', 'rollbar:web', '--since', '3d');
  session.services.secrets.set(arn, secret);

  expect(unknown.code).toBe(2);
  expect(unknown.output.split('\n').filter((line) => line.startsWith('--feed'))).toEqual([
    '--feed: there is no feed rollbar:app in this pipeline, only rollbar:web',
  ]);
  expect(refused).toMatchObject({ code: 1, said: { end: 'failed' } });
  expect(refused.output).toMatch(
    /failed {5}rollbar:web: .*put a token that works into the secret of the feed/,
  );
  expect(refused.output).not.toContain('a-token-that-was-revoked');
});

test('a pipeline is healthy until a record is rejected, and then says what to do', async () => {
  await settle();
  // A day later.
  await rows("update heimdallr.rejected_record set rejected_at = rejected_at - interval '25 hours'");

  const calm = await run('status');
  await poison('{"also": "no record"');
  await settle();
  const broken = await run('status');

  expect(calm).toMatchObject({ code: 0, said: { healthy: true, problems: [], landed: 0 } });
  expect(calm.output).toMatch(/^rollbar:web {2}/m);
  expect(calm.output).toMatch(/^healthy$/m);
  expect(broken).toMatchObject({
    code: 1,
    said: { healthy: false, rejects: [{ type: 'unknown', reason: 'envelope: is not JSON', records: 1 }] },
  });
  expect(broken.output).toContain(
    'problem    1 record rejected in the last day; mend the cause, then npm run redrive',
  );
});

test('a person is erased from tables and archive, and nobody else is', async () => {
  const [{ person_id: person = '' } = {}] = await rows(
    'select person_id from heimdallr.rollbar_occurrence where person_id is not null group by person_id order by count(*) desc, person_id limit 1',
  );
  const people = () =>
    rows('select person_id from heimdallr.rollbar_occurrence where person_id is not null order by id');
  const counts = () => rows('select count(*)::int as n from heimdallr.rollbar_occurrence');
  const [before, rowsBefore] = [await people(), await counts()];
  const staged = async (): Promise<string> => {
    const bucket = session.stack.outputs.ArchiveBucketName ?? '';
    const keys = (await kept('landing/')).filter((key) => !key.includes('manifests'));
    const objects = await Promise.all(keys.map((key) => session.services.s3.get(bucket, key)));
    return objects.map((bytes) => gunzipSync(bytes).toString()).join('');
  };
  const value = `"${person}"`;

  const dry = await run('erase', '--person', String(person), '--dry-run');
  const archived = await staged();
  const erased = await run('erase', '--person', String(person));
  const again = await run('erase', '--person', String(person));

  expect(archived).toContain(value);
  expect(dry).toMatchObject({ code: 0, said: { isDryRun: true } });
  expect(erased).toMatchObject({ code: 0, said: { erased: true } });
  expect(again).toMatchObject({ code: 0, said: { erased: true, tables: [], archive: { found: {} } } });
  expect(await staged()).not.toContain(value);
  expect(await counts()).toEqual(rowsBefore);
  expect(await people()).toEqual(before.filter(({ person_id }) => person_id !== person));
  expect(`${dry.output}${erased.output}`).not.toContain(String(person).padStart(6));
});
