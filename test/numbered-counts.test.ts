/** What is numbered at its vendor is counted: what a list leaves out is asked for, and what was never there is not missed. */
import { describe, expect, test } from 'vitest';
import { countNumbers } from '../contract/count.ts';
import circleci from '../producers/circleci/index.ts';
import { answer as answerOfCircleCi } from '../producers/circleci/simulator/api.ts';
import type { Pipeline } from '../producers/circleci/simulator/project.ts';
import heroku from '../producers/heroku/index.ts';
import { release } from '../producers/heroku/release.ts';
import { addBuild, addRelease, emptyApp, vendor as herokuVendor, START_MS } from './heroku-vendor.ts';
import { inProcess } from './vendor-in-process.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Numbers, each with the hour in which it was created. */
const listed = (numbers: Readonly<Record<number, number>>) =>
  Object.entries(numbers).map(([number, hour]) => ({
    number: Number(number),
    createdAt: new Date(START_MS + hour * HOUR + 60_000),
  }));

async function count(
  numbers: Readonly<Record<number, number>>,
  { there = [], hours = [0, 99] }: { there?: readonly number[]; hours?: readonly [number, number] } = {},
) {
  const asked: number[] = [];
  const said: string[] = [];
  const spans = await countNumbers({
    ...{ type: release, column: 'version', listed: listed(numbers), scope: { app_id: 'a' } },
    since: new Date(START_MS + hours[0] * HOUR),
    until: new Date(START_MS + hours[1] * HOUR),
    isThere: async (number) => {
      asked.push(number);
      return there.includes(number);
    },
    log: (message) => said.push(message),
  });
  const walks = spans.map((span) => (span.since.getTime() - START_MS) / HOUR);
  return { asked, said, walks, spans: spans.map(({ from, to, count: held }) => [from, to, held]) };
}

describe('numbers', () => {
  test('that the list shows are counted by the hour, without a question', async () => {
    expect(await count({ 1: 0, 2: 0, 3: 2, 4: 3 })).toMatchObject({
      asked: [],
      spans: [
        [4, 5, 1],
        [3, 4, 1],
        [1, 3, 2],
      ],
    });
  });

  test('that the list leaves out are asked for, and count when they are there', async () => {
    expect(await count({ 1: 0, 4: 1, 7: 1 }, { there: [5] })).toMatchObject({
      asked: [2, 3, 5, 6],
      spans: [
        [2, 8, 3],
        [1, 2, 1],
      ],
    });
  });

  test('whose hour is not over, or began before the feed, are left alone', async () => {
    expect(await count({ 5: 4, 6: 5, 7: 6, 8: 7, 9: 8 }, { hours: [6, 8] })).toMatchObject({
      asked: [],
      spans: [
        [8, 9, 1],
        [7, 8, 1],
      ],
    });
  });

  test('of the oldest hour are left alone, unless they begin with the first of all', async () => {
    expect(await count({ 8: 1, 9: 2 })).toMatchObject({ asked: [], spans: [[9, 10, 1]] });
    expect(await count({})).toMatchObject({ asked: [], spans: [] });
  });

  test('that were given out of order belong to the later hour', async () => {
    expect((await count({ 1: 0, 2: 1, 3: 0, 4: 1 })).spans).toEqual([
      [2, 5, 3],
      [1, 2, 1],
    ]);
  });

  test('are not asked for without an end: what lies before is left alone', async () => {
    const { asked, said, spans } = await count({ 1: 0, 2: 1, 50: 2, 51: 3 });

    expect(asked).toHaveLength(20);
    expect(said).toEqual([expect.stringContaining('what is older is not counted')]);
    expect(spans).toEqual([[51, 52, 1]]);
  });

  test('of an hour after a quiet time are walked from before that time: one may have been created in it', async () => {
    const { spans, walks } = await count({ 28: 0, 29: 1, 31: 9 }, { there: [30] });

    expect(spans).toEqual([
      [30, 32, 2],
      [29, 30, 1],
    ]);
    expect(walks).toEqual([0, -1]);
  });

  test.each<[string, Readonly<Record<number, number>>, readonly [number, number]]>([
    ['there are newer ones', { 1: 0, 2: 1, 3: 2, 4: 3, 5: 4 }, [0, 5]],
    ['the list no longer shows the oldest', { 2: 1, 3: 2, 4: 3 }, [0, 4]],
    ['the feed begins later', { 1: 0, 2: 1, 3: 2, 4: 3 }, [2, 4]],
  ])('make the same spans when %s', async (_when, numbers, hours) => {
    const before = await count({ 1: 0, 2: 1, 3: 2, 4: 3 }, { hours: [0, 4] });
    const after = await count(numbers, { hours });

    const shared = after.spans.filter(([from = 0]) => from === 3 || from === 4);
    expect(shared).toEqual(before.spans.slice(0, 2));
    expect(shared).toHaveLength(2);
  });
});

const common = { log: () => undefined, now: () => new Date(START_MS + DAY), since: new Date(START_MS) };

test('Heroku is asked for the releases of an app, old ones and the youngest left out', async () => {
  const app = emptyApp();
  addBuild(app, -60);
  for (const minute of [-30, 10, 20, 70, 24 * 60 - 10]) addRelease(app, minute);
  const self = herokuVendor(app);
  self.clock = START_MS + DAY;

  const spans = await heroku.counts?.({ ...common, http: self.http, settings: { app: app.id } });

  const of = { type: release, column: 'version', scope: { app_id: app.id } };
  expect(spans).toEqual([
    { ...of, from: 4, to: 5, count: 1, since: new Date(START_MS - HOUR) },
    { ...of, from: 2, to: 4, count: 2, since: new Date(START_MS - 2 * HOUR) },
  ]);
});

test('CircleCI is asked for the pipelines of a project, page by page', async () => {
  const slug = 'gh/octo-org/shop';
  const pipelines = Array.from({ length: 60 }, (_, index): Pipeline => {
    const createdMs = START_MS + index * 120_000;
    return {
      ...{ id: `pipeline-${index}`, number: index + 1, createdMs, visibleMs: createdMs, isErrored: false },
      ...{ branch: 'main', revision: 'a'.repeat(40), subject: 'a change', login: 'mvoss', workflows: [] },
    };
  });
  // One is not in the list any more, and one was deleted.
  const kept = pipelines.filter(({ number }) => number !== 7);
  const self = inProcess(START_MS + DAY, (asked) => {
    const shown = asked.path.endsWith('/pipeline') ? kept.filter(({ number }) => number !== 30) : kept;
    return answerOfCircleCi({ slug, pipelines: shown }, asked);
  });

  const spans = await circleci.counts?.({
    ...common,
    http: self.http,
    settings: { project: slug, with_credits: false },
  });

  expect(self.requests.length).toBeGreaterThan(4);
  const scope = { project_slug: slug };
  expect(spans?.map(({ from, to, count: held, scope: of }) => ({ from, to, held, scope: of }))).toEqual([
    // The one that the list left out is counted with the hour after it, the one that was deleted with none.
    { from: 30, to: 61, held: 31, scope },
    { from: 1, to: 30, held: 28, scope },
  ]);
});
