/**
 * The whole pipeline, end to end: `npm start` as a user runs it, on the synthesised stack, against a simulated
 * vendor; then the database it left is compared, row by row, with what the vendor holds.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Simulator as CircleCi,
  startSimulator as startCircleCi,
} from '../producers/circleci/simulator.ts';
import { type Simulator, startSimulator } from '../producers/rollbar/simulator.ts';

const root = join(import.meta.dirname, '..');
const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-test-'));
const TOKEN = 'a-read-token-of-nobody';
let vendor: Simulator;
/** Its day ended yesterday: nothing of it changes any more. */
let ci: CircleCi;

beforeAll(async () => {
  vendor = await startSimulator({
    occurrences: 1500,
    seed: 11,
    tokens: { [TOKEN]: ['read', 'post_server_item'] },
  });
  ci = await startCircleCi({ seed: 11, startAt: Date.now() - 20 * 3_600_000, token: TOKEN });
});

afterAll(async () => {
  await vendor.close();
  await ci.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Of the last run that went well, on the directory of all of them. */
let lastSummary: Ended['summary'] = {};

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly summary: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Buffers and schedules that only take time are this many times faster than AWS's, where the first run has shown the usual. */
const FAST = ['--speed', '600'];

/** Runs `npm start` with these arguments. */
function start(args: readonly string[], token = TOKEN): Promise<Ended> {
  const program = [
    join(root, 'local', 'main.ts'),
    '--until',
    'drained',
    '--json',
    '--vendor',
    `rollbar=${vendor.url}`,
    '--vendor',
    `circleci=${ci.url}`,
  ];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program, '--since', '48h', ...args], {
      env: { ...process.env, ROLLBAR_TOKEN: token, CIRCLECI_TOKEN: TOKEN },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      resolve({ code, output, summary: last.startsWith('{') ? JSON.parse(last) : {} });
    });
  });
}

async function rows(sql: string): Promise<readonly Record<string, unknown>[]> {
  const database = await PGlite.create(join(dataDir, 'warehouse'));
  try {
    return (await database.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await database.close();
  }
}

const byText = (one: string, other: string): number => (one < other ? -1 : 1);

test('everything the vendor holds is in its final table, exactly once, and nothing else', async () => {
  const ended = await start(['--data', dataDir]);

  const truth = vendor.truth();
  expect(ended.output).toContain('nothing is missing');
  expect(ended.code).toBe(0);
  expect(ended.summary.missing).toEqual({});
  expect(ended.summary.delivered).toEqual(ended.summary.emitted);
  expect(ended.summary.tables?.rollbar_occurrence).toBe(truth.occurrences.length);
  const ids = (await rows('select id::text as id from heimdallr.rollbar_occurrence')).map(({ id }) =>
    String(id),
  );
  expect(ids.sort(byText)).toEqual(truth.occurrences.map(({ id }) => String(id)).sort(byText));
  const items = await rows('select id::text as id, status from heimdallr.rollbar_item');
  expect(new Map(items.map(({ id, status }) => [id, status]))).toEqual(
    new Map(truth.items.map(({ id, status }) => [String(id), status])),
  );
  expect(await rows('select count(*)::int as n from heimdallr.landing')).toEqual([{ n: 0 }]);
});

test('what was built is there with how it ended, and the builds of each commit can be joined', async () => {
  const { pipelines, workflows, jobs } = ci.truth();

  const built = await rows(`
    select j.workflow_id || ' ' || j.id || ' ' || j.status as job, w.id || ' ' || w.status as workflow, p.git_sha
    from heimdallr.circleci_job j
    join heimdallr.circleci_workflow w on w.id = j.workflow_id
    join heimdallr.circleci_pipeline p on p.id = w.pipeline_id`);

  const column = (name: string) => [...new Set(built.map((row) => String(row[name])))].sort();
  expect(column('job')).toEqual(
    jobs.map(({ workflow_id, id, status }) => `${workflow_id} ${id} ${status}`).sort(),
  );
  expect(column('workflow')).toEqual(workflows.map(({ id, status }) => `${id} ${status}`).sort());
  const errored = await rows("select id from heimdallr.circleci_pipeline where state = 'errored'");
  expect(column('git_sha').length + errored.length).toBe(pipelines.length);
});

test('no secret and no address of a person reaches the warehouse', async () => {
  const [found] = await rows(`select
    count(*) filter (where payload::text like '%${TOKEN}%')::int as tokens,
    count(*) filter (where payload::text ~ '[a-z0-9-]+@example\\.')::int as addresses,
    count(*)::int > 0 as has_rows
    from heimdallr.rollbar_occurrence`);

  expect(found).toEqual({ tokens: 0, addresses: 0, has_rows: true });
});

test('a second run on the same directory goes on: what is new arrives, what changed is replaced', async () => {
  const before = vendor.truth().occurrences.length;
  vendor.report({
    environment: 'production',
    body: { message: { body: 'the newest trouble' } },
    level: 'warning',
  });

  const ended = await start(['--data', dataDir, ...FAST]);

  expect(ended.code).toBe(0);
  expect(ended.summary.missing).toEqual({});
  expect(ended.summary.tables?.rollbar_occurrence).toBe(before + 1);
  expect(
    await rows(
      `select level from heimdallr.rollbar_occurrence where exception_message = 'the newest trouble'`,
    ),
  ).toEqual([{ level: 'warning' }]);
});

/** What the archive holds under a prefix: file paths in the only bucket with rows. */
function archived(prefix: string): readonly string[] {
  const [bucket = ''] = readdirSync(join(dataDir, 's3')).filter((name) => /archive(?!accesslog)/.test(name));
  const folder = join(dataDir, 's3', bucket, prefix);
  const found = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

test('a batch that Firehose has skipped is loaded without a person, and doubles nothing', async () => {
  const [manifest = ''] = archived('landing/manifests');
  for (const place of ['errors/manifests/2026/', 'landing/errors/manifests/2026/']) {
    const skipped = join(manifest.slice(0, manifest.indexOf('/landing/')), place);
    mkdirSync(skipped, { recursive: true });
    copyFileSync(manifest, join(skipped, 'a-skipped-batch'));
  }
  const before = await rows('select count(*)::int as n from heimdallr.rollbar_occurrence');

  const ended = await start(['--data', dataDir, ...FAST]);
  lastSummary = ended.summary;

  expect(ended.code).toBe(0);
  expect(archived('errors')).toEqual([]);
  expect(archived('reloaded')).toHaveLength(2);
  expect(await rows('select count(*)::int as n from heimdallr.reloaded_manifest')).toEqual([{ n: 2 }]);
  expect(await rows('select count(*)::int as n from heimdallr.rollbar_occurrence')).toEqual(before);
});

test('the roles may do what was needed in these runs, and what is for a day on which something is wrong', () => {
  const unneeded = lastSummary.unneeded_grants as unknown as readonly string[];
  const named = unneeded.map((grant) =>
    grant.replace(/^Heimdallr-(\w+?)(?:[0-9A-F]{8})?: (\S+) on .*$/, '$1 $2'),
  );
  expect(named).toEqual([
    // A record is refused: the quarantine takes it.
    'TransformRole firehose:PutRecordBatch',
    // The source has more than the warehouse: the loader asks for a walk.
    'LoaderFunctionRole dynamodb:UpdateItem',
  ]);
});

test('a refused token ends the run with what to do, and without the token', async () => {
  const ended = await start(FAST, 'a-token-that-was-revoked');

  expect(ended.code).toBe(1);
  expect(ended.output).toMatch(/failed\s+rollbar:web: .*403/);
  expect(ended.output).not.toContain('a-token-that-was-revoked');
});

test('a warehouse that cannot be reached ends the run at once, and the password is not printed', async () => {
  const ended = await start(['--warehouse', 'postgres://nobody:hunter2@127.0.0.1:1/none']);

  expect(ended.code).toBe(1);
  expect(ended.output).not.toContain('hunter2');
});

test.each(['nobody:web', 'rollbar:nope'])(
  'the unknown feed %s is one line on stderr and exit code 2',
  async (feed) => {
    const ended = await start(['--feed', feed]);

    expect(ended.code).toBe(2);
    expect(ended.output).toMatch(/^--feed.*$/m);
  },
);
