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

const listed = (...numbers: readonly number[]) =>
  numbers.map((number) => ({ number, createdAt: new Date(START_MS + number * HOUR) }));

const count = (
  numbers: readonly number[],
  there: readonly number[] = [],
  hours: readonly [number, number] = [0, 99],
) => {
  const asked: number[] = [];
  const counted = countNumbers({
    ...{ type: release, column: 'version', listed: listed(...numbers), scope: { app_id: 'a' } },
    since: new Date(START_MS + hours[0] * HOUR),
    until: new Date(START_MS + hours[1] * HOUR),
    isThere: async (number) => {
      asked.push(number);
      return there.includes(number);
    },
  });
  return counted.then(([span]) => ({ asked, span: span && [span.from, span.to, span.count] }));
};

describe('numbers', () => {
  test('that the list shows are counted without a question', async () => {
    expect(await count([5, 4, 3])).toEqual({ asked: [], span: [3, 6, 3] });
  });

  test('that the list leaves out are asked for, and count when they are there', async () => {
    expect(await count([7, 6, 3], [5])).toEqual({ asked: [5, 4], span: [3, 8, 4] });
  });

  test('that are too young or older than the feed are left alone', async () => {
    expect(await count([9, 8, 7, 6, 5], [], [6, 8])).toEqual({ asked: [], span: [6, 9, 3] });
    expect(await count([9, 8], [], [10, 20])).toEqual({ asked: [], span: undefined });
    expect(await count([])).toEqual({ asked: [], span: undefined });
  });

  test('are not asked for without an end: the span begins above', async () => {
    const { asked, span } = await count([90, 10]);

    expect(asked).toHaveLength(20);
    expect(span).toEqual([70, 91, 1]);
  });
});

const common = { log: () => undefined, now: () => new Date(START_MS + DAY), since: new Date(START_MS) };

test('Heroku is asked for the releases of an app, old ones and the youngest left out', async () => {
  const app = emptyApp();
  addBuild(app, -60);
  for (const minute of [-30, 10, 20, 30, 24 * 60 - 10]) addRelease(app, minute);
  const self = herokuVendor(app);
  self.clock = START_MS + DAY;

  const spans = await heroku.counts?.({ ...common, http: self.http, settings: { app: app.id } });

  expect(spans).toEqual([
    {
      ...{ type: release, column: 'version', from: 2, to: 5, count: 3, scope: { app_id: app.id } },
      since: new Date(START_MS + 10 * 60_000 - HOUR),
    },
  ]);
});

test('CircleCI is asked for the pipelines of a project, page by page', async () => {
  const slug = 'gh/octo-org/shop';
  const pipelines = Array.from({ length: 60 }, (_, index): Pipeline => {
    const createdMs = START_MS + index * 60_000;
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
  expect(spans?.map(({ from, to, count: held, scope }) => ({ from, to, held, scope }))).toEqual([
    { from: 1, to: 61, held: 59, scope: { project_slug: slug } },
  ]);
});
