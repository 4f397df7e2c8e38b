/**
 * The answer, end to end: `npm start` as a user runs it, on the synthesised stack, for a simulated company whose users
 * really stay away because of some of its bugs. What the ranking says is compared with what is true of that company.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer, RankedItem } from '../local/cli/answer.ts';
import { openDatabase } from '../local/warehouse/database.ts';
import { type Company, changesUntil } from '../simulation/company.ts';
import { usersOf } from '../simulation/users/users.ts';

const root = join(import.meta.dirname, '..');
const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-ranking-'));

/** Noon of the last Monday: from the same time of a week, the same story follows. */
const startAt = new Date((Math.floor((Date.now() / 86_400_000 - 4.5) / 7) * 7 + 4.5) * 86_400_000);

/** How the bugs that harm somebody, and can be seen to, begin in the error tracker. */
const titles: Readonly<Record<string, string>> = {
  'orders-persist': 'Orders::PersistError',
  'login-form': 'ReferenceError: captcha is not defined',
};

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly ranking: readonly RankedItem[];
  readonly ranking_run: Answer['run'];
  readonly unneeded_grants: readonly string[];
}

function start(): Promise<Ended> {
  const program = join(root, 'local', 'main.ts');
  const args = ['--until', 'drained', '--json', '--feed', 'rollbar:web', '--data', dataDir, '--since', '60d'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const add = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      resolve({ code, output, ...JSON.parse(last.startsWith('{') ? last : '{}') });
    });
  });
}

let ended: Ended;
let lost: ReadonlyMap<string, number>;
let company: Company;
let lineage: readonly Readonly<Record<string, string | null>>[];
beforeAll(async () => {
  writeFileSync(join(dataDir, 'simulated-since'), startAt.toISOString());
  ended = await start();
  company = { seed: 1, startMs: startAt.getTime(), sinceHours: 42 * 24, isLive: false };
  lost = usersOf(company).lost;
  const warehouse = await openDatabase({ url: null, dataDir });
  lineage = (
    await warehouse.query(
      'select event, event_at, how, commit_sha from heimdallr.bug_lineage order by event_at',
    )
  ).rows;
  await warehouse.close();
}, 300_000);
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('nothing is missing, and the ranking is there', () => {
  expect(ended.output).toContain('nothing is missing');
  expect(ended.ranking_run).toMatchObject({ status: 'ranked', refusal: null });
  expect(ended.ranking_run?.coverage).toBeGreaterThan(0.8);
});

test('the bug that is said to cost most users is the one that does', () => {
  const [worst = ''] = [...lost].toSorted(([, one], [, other]) => other - one).map(([name]) => name);
  const [first] = ended.ranking;

  expect(first?.title).toContain(titles[worst]);
  expect(first?.tier).toBe('confirmed');
  expect(first?.users_lost_per_week_low).toBeGreaterThan(0);
  expect(ended.output).toContain(`fix first: ${titles[worst]}`);
});

test('whatever is confirmed does harm', () => {
  const harmful = [...lost].filter(([, users]) => users > 0).map(([name]) => titles[name]);
  const confirmed = ended.ranking.filter(({ tier }) => tier === 'confirmed');

  expect(
    confirmed.filter(
      ({ title }) => !harmful.some((known) => known !== undefined && title?.startsWith(known)),
    ),
  ).toEqual([]);
});

test('the bug with most occurrences is not the answer', () => {
  const [loudest] = ended.ranking.toSorted((one, other) => other.occurrences - one.occurrences);

  expect(loudest?.rank).not.toBe(1);
  expect(['confirmed', 'likely']).not.toContain(loudest?.tier);
});

test('a bug is traced to the commit that the company had live when it appeared, or released just then', async () => {
  const { startMs } = company;
  const live = changesUntil(company, startMs)
    .flatMap(({ revision, production }) =>
      production?.ending === 'succeeded' ? [{ revision, ...production }] : [],
    )
    .toSorted((one, other) => one.startedMs - other.startedMs);

  const traced = lineage.filter(({ event, how }) => event === 'introduced' && how === 'code_version');

  expect(traced.length).toBeGreaterThan(0);
  for (const { event_at, commit_sha } of traced) {
    const at = Date.parse(`${event_at?.replace(' ', 'T')}Z`);
    // Whoever still has the page of before runs the commit of before.
    const running = live
      .filter(({ startedMs }) => startedMs <= at + 15 * 60_000)
      .map(({ revision }) => revision);
    expect(running.slice(-2)).toContain(commit_sha);
  }
});

test('the ranking needed what it may do, all of it', () => {
  expect(ended.unneeded_grants.filter((grant) => grant.includes('Ranking'))).toEqual([]);
});
