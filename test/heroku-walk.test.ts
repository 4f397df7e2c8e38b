/** Nothing is lost of an app's releases and builds, and the newest state of each arrives, wherever a run ends. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emitted } from '../contract/record.ts';
import { buildOf } from '../producers/heroku/build.ts';
import type { Cursor } from '../producers/heroku/cursor.ts';
import { releaseOf } from '../producers/heroku/release.ts';
import { failure } from '../producers/heroku/simulator/api.ts';
import { type App, buildsAt, type Release, releasesAt } from '../producers/heroku/simulator/app.ts';
import { randomFor } from '../simulation/random.ts';
import { addBuild, addRelease, emptyApp, pagesOf, poll, START_MS, vendor } from './heroku-vendor.ts';
import { cursorOf, merged, pollEveryMinute } from './vendor-in-process.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What the tables should hold when everything has settled. */
function truth(app: App, ms: number): ReadonlyMap<string, Emitted['values']> {
  const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));
  return merged([
    ...releasesAt(app, ms).map(({ body }) => releaseOf(asJson(body), commitOf(app, body.slug))),
    ...buildsAt(app, ms).map(({ body }) => buildOf(asJson(body))),
  ]);
}

const commitOf = (app: App, slug: unknown): string | null =>
  app.slugs.get((slug as { id: string } | null)?.id ?? '')?.commit ?? null;

/** Builds, most of which lead to a release, and now and then so many changes of settings at once. */
function randomApp(random: () => number, burst: number): App {
  const app = emptyApp();
  const upTo = (count: number): number => Math.floor(random() * count);
  const released: { minute: number; change: Partial<Release> }[] = [];
  for (let minute = -300; minute < 150; minute += 1 + upTo(40)) {
    const isFailed = random() < 0.2;
    const builtAt = minute + upTo(20);
    const build = addBuild(app, minute, {
      ending: isFailed ? 'failed' : 'succeeded',
      settledMs: START_MS + builtAt * MINUTE,
    });
    const settledMs = START_MS + (builtAt + upTo(9)) * MINUTE;
    const ending = random() < 0.1 ? 'failed' : 'succeeded';
    if (!isFailed) released.push({ minute: builtAt, change: { settledMs, ending, slugId: build.slugId } });
    if (random() < 0.2)
      for (let n = 0; n < burst; n += 1) {
        released.push({ minute: builtAt, change: { slugId: isFailed ? null : build.slugId } });
      }
  }
  released.sort((a, b) => a.minute - b.minute);
  for (const { minute, change } of released) addRelease(app, minute, change);
  return app;
}

describe('polling every minute', () => {
  const histories = fc.record({
    seed: fc.integer(),
    burst: fc.constantFrom(1, 5, 70),
    canRangeBuilds: fc.constantFrom(true, true, false),
  });

  test('brings every release and build in its newest state, whatever is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, burst, canRangeBuilds }) => {
        const random = randomFor(seed, 'heroku').fraction;
        const app = randomApp(random, burst);
        const self = vendor(app);
        self.habits = { canRangeBuilds };

        const records = await pollEveryMinute({
          ...{ vendor: self, until: START_MS + 300 * MINUTE, random },
          poll: (cursor: Cursor | null) => poll(self, { cursor }),
          onCursor: (cursor) => expect(JSON.stringify(cursor).length).toBeLessThan(4096),
        });

        expect(merged(records)).toEqual(truth(app, self.clock));
      }),
      { numRuns: 30 },
    );
  });

  test('brings a history deeper than a page, and no further back than it must', async () => {
    const app = emptyApp();
    for (let n = 0; n < 90; n += 1) addRelease(app, -60 * (90 - n));
    const self = vendor(app);

    const pages = await pagesOf(self, { sinceMs: START_MS - DAY });

    const versions = pages.flatMap((page) => page.records).map(({ values }) => values.version);
    expect(Math.min(...versions.map(Number))).toBeGreaterThan(90 - 60);
    expect(new Set(versions).size).toBeGreaterThanOrEqual(24);
    expect(pages.at(-1)?.isCaughtUp).toBe(true);
  });
});

describe('a quiet feed', () => {
  test('costs two requests, and Heroku answers them with 304', async () => {
    const app = emptyApp();
    addBuild(app, -30);
    addRelease(app, -20);
    const self = vendor(app);
    const cursor = cursorOf(await pagesOf(self));
    self.requests.length = 0;

    const pages = await pagesOf(self, { cursor });

    expect(self.requests.map(({ path }) => path.split('/').at(-1))).toEqual(['releases', 'builds']);
    expect(self.requests.every(({ headers }) => headers['if-none-match'] !== undefined)).toBe(true);
    expect(pages.flatMap(({ records }) => records)).toEqual([]);
  });

  test('is read whole after an hour, whatever its ETag says', async () => {
    const app = emptyApp();
    addRelease(app, -20);
    const self = vendor(app);
    const cursor = cursorOf(await pagesOf(self));
    self.clock += 3600_000;

    const pages = await pagesOf(self, { cursor });

    expect(pages.flatMap(({ records }) => records)).toHaveLength(1);
  });
});

describe('what changes later', () => {
  test('a release that stops being current is read again, however far down it stands', async () => {
    const app = emptyApp();
    addRelease(app, -100);
    for (let n = 0; n < 30; n += 1) addRelease(app, -90, { ending: 'failed' });
    const self = vendor(app);
    const first = await pagesOf(self);
    addRelease(app, 1);
    self.clock += 2 * MINUTE;

    const second = await pagesOf(self, { cursor: cursorOf(first) });

    const rows = merged([...first, ...second].flatMap(({ records }) => records));
    expect(rows.get(`heroku_release ${app.id} 1`)?.is_current).toBe(false);
    expect(rows.get(`heroku_release ${app.id} 32`)?.is_current).toBe(true);
  });

  test('what is pending and has left the newest page is asked for by itself until it has settled', async () => {
    const app = emptyApp();
    const build = addBuild(app, -5, { settledMs: START_MS + 30 * MINUTE });
    const self = vendor(app);
    let cursor = cursorOf(await pagesOf(self));
    for (let n = 0; n < 25; n += 1) addBuild(app, 1);
    self.clock += 5 * MINUTE;
    cursor = cursorOf(await pagesOf(self, { cursor }));
    self.clock += 30 * MINUTE;

    const pages = await pagesOf(self, { cursor });

    const rows = merged(pages.flatMap(({ records }) => records));
    expect(rows.get(`heroku_build ${build.id}`)?.status).toBe('succeeded');
    expect(cursorOf(pages).builds.open).toEqual([]);
  });

  test('one that cannot be read any more is given up with a word in the log', async () => {
    const app = emptyApp();
    const release = addRelease(app, -5, { settledMs: START_MS + DAY });
    for (let n = 0; n < 25; n += 1) addRelease(app, -4);
    const self = vendor(app);
    const cursor = cursorOf(await pagesOf(self));
    self.disturb = (path) =>
      path.endsWith(`/releases/${release.version}`) ? failure(404, 'not_found', 'gone') : null;
    const words: string[] = [];

    const pages = await pagesOf(self, { cursor, log: (message) => words.push(message) });

    expect(words).toEqual(['what had not settled cannot be read any more']);
    expect(pages.at(-1)?.isCaughtUp).toBe(true);
  });
});

describe('a slug', () => {
  test('is asked for once, and names the commit of every release that runs it', async () => {
    const app = emptyApp();
    const { commit, slugId } = addBuild(app, -60);
    addRelease(app, -50);
    addRelease(app, -40, { description: 'Set FEATURE_TOTALS config vars' });
    const self = vendor(app);

    const first = await pagesOf(self);
    addRelease(app, 1);
    self.clock += 2 * MINUTE;
    const second = await pagesOf(self, { cursor: cursorOf(first) });

    const asked = self.requests.filter(({ path }) => path.endsWith(`/slugs/${slugId}`));
    const releases = [...first, ...second].flatMap(({ records }) =>
      records.filter(({ values }) => 'version' in values),
    );
    expect(asked).toHaveLength(1);
    expect(releases.map(({ values }) => values.git_sha)).toEqual(releases.map(() => commit));
  });

  test('that is gone leaves the commit out and ends nothing', async () => {
    const app = emptyApp();
    addBuild(app, -60);
    addRelease(app, -50);
    app.slugs.clear();

    const pages = await pagesOf(vendor(app));

    const [release] = pages.flatMap(({ records }) => records);
    expect(release?.values.git_sha).toBeNull();
    expect(pages.at(-1)?.isCaughtUp).toBe(true);
  });
});

describe('an answer that cannot be trusted', () => {
  const page = (status: number, headers: Record<string, string>, rows: readonly object[]) => ({
    ...{ status, headers, body: JSON.stringify(rows) },
  });
  const row = (version: number) => ({ version, created_at: '2026-09-01T00:00:00Z' });

  test.each([
    ['says that there is more and not where', page(206, {}, [row(2)]), /no Next-Range/],
    [
      'repeats its range',
      page(206, { 'Next-Range': 'version ..; max=20, order=desc' }, [row(2)]),
      /never end/,
    ],
    ['is not in the order asked for', page(200, {}, [row(2), row(9)]), /ignore Range/],
    ['is no list', page(200, {}, Object.freeze({ id: 'x' }) as never), /expected a list/],
  ])('%s', async (_what, answered, words) => {
    const self = vendor(emptyApp());
    self.disturb = (path) => (path.endsWith('/releases') ? answered : null);

    await expect(pagesOf(self)).rejects.toThrow(words);
  });

  test('one list that cannot be read keeps the other from nothing', async () => {
    const app = emptyApp();
    addBuild(app, -5);
    const self = vendor(app);
    self.disturb = (path) => (path.endsWith('/releases') ? failure(400, 'bad_request', 'no') : null);
    const records: Emitted[] = [];

    const running = (async () => {
      for await (const each of poll(self)) records.push(...each.records);
    })();

    await expect(running).rejects.toThrow('status 400');
    expect(records.map(({ type }) => type.name)).toEqual(['heroku_build']);
  });
});
