/** The producer's half of reconciliation: what it walks, and that it counts. */
import { expect, test } from 'vitest';
import type { RepairSpan } from '../contract/feed.ts';
import { PollError, type Producer } from '../contract/producer.ts';
import { aFact, container, fact, fakeFeeds, fakeWorld, type Poll } from './producer-fakes.ts';

const KEY = 'tiny:web#repair';
const task = 'reconcile';
const span = (since: string): RepairSpan => ({
  record_type: 'tiny_fact',
  from: '1',
  to: '9',
  missing: 1,
  since,
});

/** A vendor with nine facts, one a page from the newest down; `perRun` pages a run. */
function tiny(perRun = Number.POSITIVE_INFINITY, counting: Partial<Producer> = {}) {
  const feeds = fakeFeeds();
  const given = fakeWorld({ feeds });
  const reached: string[] = [];
  let spans: readonly RepairSpan[] | undefined;
  const poll: Poll = async function* poll({ cursor, since }) {
    reached.push(since.toISOString());
    for (let id = cursor ?? 9; id >= 1 && id > (cursor ?? 9) - perRun; id -= 1) {
      yield { records: [aFact(id)], cursor: id - 1, isCaughtUp: id === 1 };
    }
  };
  const run = container(
    given,
    poll,
    {
      feeds: {
        ...feeds,
        async acquire(...lease) {
          const state = await feeds.acquire(...lease);
          return state === null || spans === undefined ? state : { ...state, spans: JSON.stringify(spans) };
        },
      },
    },
    {
      counts: async ({ since }: { since: Date }) => [
        { type: fact, column: 'id', from: 1, to: 10, count: 9, since },
      ],
      ...counting,
    } as object,
  );
  return {
    ...{ given, feeds, reached },
    run: async () => {
      const summary = await run({ task });
      given.clock.advance(3_600_000);
      return summary;
    },
    leave: (...left: readonly RepairSpan[]) => {
      spans = left;
    },
  };
}

test('without anything to repair it only counts', async () => {
  const { run, given, feeds, reached } = tiny();

  const summary = await run();

  expect(summary).toMatchObject({ walk: 'repair', outcome: 'caught_up', emitted: { source_count: 1 } });
  expect(reached).toEqual([]);
  const [counted] = given.stream.envelopes();
  expect([counted?.feed, counted?.body]).toEqual([
    'tiny:web',
    {
      ...{ feed: 'tiny:web', record_type: 'tiny_fact', span_column: 'id', span_from: '1', span_to: '10' },
      ...{ scope: '{}', at_source: 9, walk_since: '2026-11-22T18:30:00.000Z' },
      counted_at: '2026-11-23T18:30:00.000Z',
    },
  ]);
  expect([...feeds.items.keys()]).toEqual([KEY]);
});

test('spans that differ are walked to the oldest of them, and counted after that', async () => {
  const { run, leave, reached } = tiny();
  leave(span('2026-11-20T00:00:00.000Z'), span('2026-11-19T00:00:00.000Z'));

  const summary = await run();
  leave();
  const next = await run();

  expect(summary.emitted).toEqual({ tiny_fact: 9, source_count: 1 });
  expect(next.emitted).toEqual({ source_count: 1 });
  expect(reached).toEqual(['2026-11-19T00:00:00.000Z']);
});

test('a walk that takes several runs goes on to where it was to go, whatever is listed by then', async () => {
  const { run, leave, reached, given } = tiny(4);
  leave(span('2026-11-19T00:00:00.000Z'));
  const first = await run();
  leave();
  const rest = [await run(), await run(), await run()];

  expect([first, ...rest].map(({ outcome, emitted }) => [outcome, emitted.tiny_fact ?? 0])).toEqual([
    ['more', 4],
    ['more', 4],
    ['caught_up', 1],
    ['caught_up', 0],
  ]);
  expect(new Set(reached)).toEqual(new Set(['2026-11-19T00:00:00.000Z']));
  expect(given.stream.envelopes().filter(({ record_type }) => record_type === 'source_count')).toHaveLength(
    4,
  );
});

test('what is listed again is walked again', async () => {
  const { run, leave } = tiny();
  leave(span('2026-11-19T00:00:00.000Z'));

  const summaries = [await run(), await run()];

  expect(summaries.map(({ emitted }) => emitted.tiny_fact)).toEqual([9, 9]);
});

test('a vendor that does not answer the count is a failed run, after the walk', async () => {
  const { run, leave, feeds } = tiny(undefined, {
    counts: () => Promise.reject(new PollError('unavailable', 'status 503')),
  });
  leave(span('2026-11-19T00:00:00.000Z'));

  const summary = await run();

  expect(summary).toMatchObject({
    outcome: 'failed',
    emitted: { tiny_fact: 9 },
    error: { kind: 'unavailable', message: 'status 503' },
  });
  expect(JSON.parse(feeds.items.get(KEY)?.state.cursor ?? '')).toMatchObject({ cursor: 0, isFinished: true });
});

test('while the feed is being polled it counts, and walks the next time', async () => {
  const { run, leave, feeds, given } = tiny();
  leave(span('2026-11-19T00:00:00.000Z'));
  const now = given.clock.now().getTime();
  await feeds.acquire('tiny:web', 'a poll', now, now + 60_000);

  const first = await run();
  const second = await run();

  expect([first.outcome, first.emitted]).toEqual(['more', { source_count: 1 }]);
  expect([second.outcome, second.emitted]).toEqual(['caught_up', { tiny_fact: 9, source_count: 1 }]);
});
