/** A walk through Rollbar's past while the minutes go on, killed on the way: every fact is there in the end. */
import { expect, onTestFinished, test } from 'vitest';
import type { FeedEvent, RunSummary } from '../contract/feed.ts';
import { createHandler } from '../producers/handler.ts';
import type { FeedsTable } from '../producers/ports.ts';
import rollbar from '../producers/rollbar/index.ts';
import { startSimulator } from '../producers/rollbar/simulator.ts';
import { anEvent, fakeClock, fakeFeeds, fakeWorld } from './producer-fakes.ts';

const FEED = 'rollbar:web';
const walk = { name: 'backfill-2026-11-22', since: '2026-11-22' };
const MINUTE = 60_000;
/** A slice: its first pages are for the head, items and deploys, as in every run. */
const PAGES = 7;

test('a history deeper than the feed, in slices, with slices killed, beside the minute polling', async () => {
  const clock = fakeClock();
  const vendor = await startSimulator({
    now: () => clock.now().getTime(),
    occurrences: 4000,
    sinceHours: 48,
    livePerMinute: 10,
    late: { fraction: 0.02, maxSeconds: 400 },
  });
  onTestFinished(() => vendor.close());
  const feeds = fakeFeeds();
  const world = fakeWorld({ clock, feeds });
  /** Pages until the function is killed, between the put of a page and the save of its cursor. */
  let untilKilled = Number.POSITIVE_INFINITY;
  const save: FeedsTable['save'] = (...state) => {
    untilKilled -= 1;
    return untilKilled === 0 ? Promise.reject(new Error('killed')) : feeds.save(...state);
  };
  const handle = createHandler(rollbar, { ...world.ports, feeds: { ...feeds, save } });
  /** A run that is stopped after so many pages. */
  const run = (event: Partial<FeedEvent>, pages = Number.POSITIVE_INFINITY): Promise<RunSummary> => {
    const before = world.stream.calls.length;
    return handle(anEvent({ feed: FEED, baseUrl: vendor.url, since: '2h', ...event }), {
      // A page is two calls: its records, and its entry in the books.
      getRemainingTimeInMillis: () => (world.stream.calls.length - before < 2 * pages ? 60_000 : 1000),
    });
  };
  const cursorOfFeed = (): string | null | undefined => feeds.items.get(FEED)?.state.cursor;

  const slices: RunSummary[] = [];
  for (let minute = 1; slices.at(-1)?.outcome !== 'caught_up'; minute += 1) {
    expect(minute).toBeLessThan(30);
    await run({});
    const cursor = cursorOfFeed();
    const dies = minute <= 3;
    untilKilled = dies ? minute : Number.POSITIVE_INFINITY;
    if (dies) await expect(run({ walk }, PAGES)).rejects.toThrow('killed');
    else slices.push(await run({ walk }, PAGES));
    untilKilled = Number.POSITIVE_INFINITY;
    expect(cursorOfFeed()).toBe(cursor);
    clock.advance(MINUTE);
  }
  const polled = await run({});

  expect(polled.outcome).toBe('caught_up');
  expect(slices.length).toBeGreaterThan(1);
  const newest = slices.map(({ reached }) => reached ?? '');
  expect(newest).toEqual(newest.toSorted().toReversed());
  const since = Date.parse('2026-11-22T00:00:00Z') / 1000;
  const now = clock.now().getTime();
  const wanted = vendor
    .truth()
    .occurrences.filter(({ timestamp, visible_at }) => timestamp >= since && visible_at <= now - MINUTE)
    .map(({ id }) => String(id));
  const sent = new Map(
    world.stream
      .envelopes()
      .filter(({ record_type }) => record_type === 'rollbar_occurrence')
      .map(({ body }) => [String(body.id), Date.parse(String(body.occurred_at)) / 1000]),
  );
  expect(wanted.length).toBeGreaterThan(1500);
  expect(wanted.filter((id) => !sent.has(id))).toEqual([]);
  expect([...sent.values()].filter((seconds) => seconds < since - 300)).toEqual([]);
});
