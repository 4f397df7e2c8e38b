/** Nothing is lost of a repository's runs and deployments, and the newest state of each arrives, wherever a run ends. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { seal } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import type { Page } from '../contract/producer.ts';
import type { Emitted } from '../contract/record.ts';
import type { Cursor } from '../producers/github/cursor.ts';
import { deployment, deploymentOf } from '../producers/github/deployment.ts';
import github from '../producers/github/index.ts';
import { workflowRun, workflowRunOf } from '../producers/github/run.ts';
import { answer, failure } from '../producers/github/simulator/api.ts';
import {
  type Attempt,
  deploymentBody,
  iso,
  type Repository,
  runBody,
  statusesAt,
} from '../producers/github/simulator/repository.ts';
import { randomFor } from '../simulation/random.ts';
import { cursorOf, type InProcess, inProcess, merged, pollEveryMinute } from './vendor-in-process.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START_MS = Date.parse('2026-09-01T00:00:00Z');

interface Vendor extends InProcess {
  readonly repository: Repository;
}

function vendor(repository: Repository): Vendor {
  return Object.assign(
    inProcess(START_MS, (asked) => answer(repository, asked)),
    { repository },
  );
}

function poll(self: Vendor, cursor: Cursor | null = null, words: string[] = []): AsyncIterable<Page<Cursor>> {
  return github.poll({
    ...{ http: self.http, cursor, settings: { repository: self.repository.name } },
    since: new Date(START_MS - DAY),
    now: () => new Date(self.clock),
    log: (message) => words.push(message),
  });
}

async function pagesOf(
  self: Vendor,
  cursor: Cursor | null = null,
  words: string[] = [],
): Promise<Page<Cursor>[]> {
  const pages: Page<Cursor>[] = [];
  for await (const page of poll(self, cursor, words)) pages.push(page);
  return pages;
}

const empty = (): Repository => ({ name: 'octo-org/shop', runs: [], deployments: [] });

/** Adds a run, at a second; it takes ten minutes unless its attempts say otherwise. */
function addRun(repository: Repository, second: number, attempts?: readonly Attempt[]): number {
  const n = repository.runs.length + 1;
  const createdMs = START_MS + second * 1000;
  const id = 17_203_344_000 + n * 7;
  repository.runs.push({
    ...{ id, runNumber: n, workflow: 'CI', branch: 'main', sha: n.toString(16).padStart(40, '0') },
    ...{ title: `change ${n}`, actor: 'mvoss', createdMs },
    attempts: attempts ?? [{ startedMs: createdMs, endedMs: createdMs + 10 * MINUTE, conclusion: 'success' }],
  });
  return id;
}

function addDeployment(
  repository: Repository,
  second: number,
  ...ends: readonly (readonly [string, number])[]
): number {
  const n = repository.deployments.length + 1;
  const createdMs = START_MS + second * 1000;
  const id = 1_998_877_000 + n * 3;
  const statuses = ends.map(([state, after]) => ({ state, atMs: createdMs + after * 1000 }));
  const sha = n.toString(16).padStart(40, '0');
  repository.deployments.push({
    id,
    sha,
    ref: 'main',
    environment: 'production',
    creator: 'mvoss',
    createdMs,
    statuses,
  });
  return id;
}

const asJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** What the tables should hold when everything has ended. */
function truth({ repository, clock }: Vendor): ReadonlyMap<string, Emitted['values']> {
  return merged([
    ...repository.runs.flatMap((run) =>
      run.attempts.map((_, index) => workflowRunOf(asJson(runBody(repository, run, clock, index + 1)))),
    ),
    ...repository.deployments.map((one) => {
      const statuses = statusesAt(one, clock).map(({ state, atMs }) => ({
        state,
        description: '',
        created_at: iso(atMs),
      }));
      return deploymentOf(asJson(deploymentBody(one, clock)), statuses, repository.name);
    }),
  ]);
}

function randomRepository(random: () => number, burst: number): Repository {
  const repository = empty();
  const upTo = (count: number): number => Math.floor(random() * count);
  for (let second = -20_000; second < 9000; second += 30 + upTo(2400)) {
    const count = random() < 0.1 ? burst : 1;
    for (let n = 0; n < count; n += 1) {
      const created = second + upTo(60);
      const attempts: Attempt[] = [];
      let startedMs = START_MS + created * 1000;
      do {
        const endedMs = startedMs + (1 + upTo(30)) * MINUTE;
        attempts.push({ startedMs, endedMs, conclusion: random() < 0.5 ? 'failure' : 'success' });
        startedMs = endedMs + upTo(90) * MINUTE;
      } while (random() < 0.15);
      addRun(repository, created, attempts);
    }
    if (random() < 0.4)
      addDeployment(
        repository,
        second,
        ['in_progress', 20],
        [random() < 0.3 ? 'failure' : 'success', 60 + upTo(900)],
      );
  }
  return repository;
}

describe('polling every minute', () => {
  const histories = fc.record({ seed: fc.integer(), burst: fc.constantFrom(1, 4, 35) });

  test('brings every attempt and deployment in its newest state, whatever is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, burst }) => {
        const random = randomFor(seed, 'github').fraction;
        const self = vendor(randomRepository(random, burst));

        const records = await pollEveryMinute({
          ...{ vendor: self, until: START_MS + 14 * 60 * MINUTE, random },
          poll: (cursor: Cursor | null) => poll(self, cursor),
          onCursor: (cursor) => expect(JSON.stringify(cursor).length).toBeLessThan(4096),
        });

        expect(merged(records)).toEqual(truth(self));
      }),
      { numRuns: 8 },
    );
  });
});

describe('workflow runs', () => {
  test('a window with more runs than a search shows is read in halves', async () => {
    const repository = empty();
    for (let n = 0; n < 2500; n += 1) addRun(repository, -80_000 + 30 * n);
    const self = vendor(repository);

    let pages = await pagesOf(self);
    const records = pages.flatMap((page) => page.records);
    while (pages.at(-1)?.isCaughtUp !== true) {
      pages = await pagesOf(self, cursorOf(pages));
      records.push(...pages.flatMap((page) => page.records));
    }

    expect(new Set(records.map(({ values }) => values.id)).size).toBe(2500);
  });

  test('one that is run again days later is found, with the attempt before', async () => {
    const repository = empty();
    const again = START_MS + 26 * 60 * MINUTE;
    const id = addRun(repository, -7200, [
      { startedMs: START_MS - 7_200_000, endedMs: START_MS - 7_000_000, conclusion: 'failure' },
      { startedMs: again, endedMs: again + 10 * MINUTE, conclusion: 'success' },
    ]);
    const self = vendor(repository);
    const cursor = cursorOf(await pagesOf(self));
    self.clock = again + 90 * MINUTE;

    const pages = await pagesOf(self, cursor);

    const attempts = pages.flatMap(({ records }) => records).filter(({ values }) => values.id === String(id));
    expect(attempts.map(({ values }) => [values.run_attempt, values.conclusion])).toEqual([
      [1, 'failure'],
      [2, 'success'],
    ]);
  });

  test('an answer without a total or a list is refused', async () => {
    const self = vendor(empty());
    self.disturb = (path) => (path.endsWith('/runs') ? { ...failure(200, 'hello') } : null);

    await expect(pagesOf(self)).rejects.toThrow(/total_count/);
  });
});

describe('deployments', () => {
  test('a quiet repository costs nothing of its limit for them: the page is answered with 304', async () => {
    const repository = empty();
    addDeployment(repository, -900, ['success', 60]);
    const self = vendor(repository);
    const cursor = cursorOf(await pagesOf(self));
    self.requests.length = 0;

    const pages = await pagesOf(self, cursor);

    expect(self.requests.map(({ path }) => path.split('/').at(-1))).toEqual(['runs', 'deployments']);
    expect(pages.flatMap(({ records }) => records)).toEqual([]);
  });

  test('the outcome is the newest status, and when it ended stays when it becomes inactive', async () => {
    const repository = empty();
    const id = addDeployment(repository, -900, ['in_progress', 10], ['success', 60], ['inactive', 500]);

    const [record] = (await pagesOf(vendor(repository))).flatMap(({ records }) => records);

    expect(record?.values).toMatchObject({
      id: String(id),
      state: 'inactive',
      ended_at: '2026-08-31T23:46:00Z',
    });
  });

  test('one that cannot be read any more is given up with a word in the log', async () => {
    const repository = empty();
    const id = addDeployment(repository, -900, ['in_progress', 10]);
    for (let n = 0; n < 35; n += 1) addDeployment(repository, -800, ['success', 60]);
    const self = vendor(repository);
    const cursor = cursorOf(await pagesOf(self));
    self.disturb = (path) => (path.endsWith(`/deployments/${id}`) ? failure(404, 'Not Found') : null);
    const words: string[] = [];

    const pages = await pagesOf(self, cursor, words);

    expect(words).toEqual(['a deployment cannot be read any more']);
    expect(cursorOf(pages).deployments.open).toEqual([]);
  });
});

describe('the rate limit', () => {
  const date = 'Tue, 01 Sep 2026 00:00:00 GMT';
  const reset = String(START_MS / 1000 + 90);

  test.each([
    ['a 403 that says when', 403, { 'retry-after': '30' }, 30],
    ['a 403 with nothing left', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date }, 90],
    ['a 403 for another reason', 403, { 'x-ratelimit-remaining': '4000' }, null],
    ['a 429 that says nothing', 429, {}, 60],
    [
      'the last call that was left',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset, date },
      90,
    ],
    ['an ordinary answer', 200, { 'x-ratelimit-remaining': '4999' }, null],
  ])('%s', (_what, status, headers, seconds) => {
    expect(github.waitSeconds(headers, status)).toBe(seconds);
  });
});

test('every record is one that the validator accepts', () => {
  const self = vendor(randomRepository(randomFor(5, 'github').fraction, 4));
  self.clock = START_MS + DAY;
  const validators = new Map([workflowRun, deployment].map((type) => [type.name, compileValidator(type)]));
  const origin = { feed: 'github:shop', run_id: 'run', seq: 1, observed_at: '2026-11-23T18:30:00.000Z' };
  const records = [...truth(self)].map(([key, values]) => {
    const type = key.startsWith('github_deployment') ? deployment : workflowRun;
    return seal(type, conform(type, values, { mode: 'keep' }), origin);
  });

  const refused = records.filter((record) => validators.get(record.record_type)?.(record) !== true);

  expect(records.length).toBeGreaterThan(20);
  expect(refused).toEqual([]);
});
