/** A walk through the past beside the polling of a feed: its own cursor, its own end, and nobody's way. */
import { describe, expect, test } from 'vitest';
import type { FeedEvent } from '../contract/feed.ts';
import {
  aFact,
  container,
  fakeFeeds,
  fakeWorld,
  loopback,
  type Poll,
  pagesOf,
  START,
  said,
} from './producer-fakes.ts';

const walk = { name: 'backfill-2026-01-01', since: '2026-01-01' };
const KEY = `tiny:web#${walk.name}`;

/** Facts from ten down to one, one a page; the cursor is the number to read next. */
const down: Poll = async function* poll({ cursor }) {
  for (let id = cursor ?? 10; id >= 1; id -= 1) {
    const reached = new Date(START - (10 - id) * 86_400_000);
    yield { records: [aFact(id, 'old')], cursor: id - 1, reached, ...(id === 1 ? { isCaughtUp: true } : {}) };
  }
};

/** The same, four pages a run. */
const inSlices: Poll = async function* poll(context) {
  let pages = 0;
  for await (const page of down(context)) {
    yield page;
    pages += 1;
    if (pages === 4) return;
  }
};

function world() {
  const feeds = fakeFeeds();
  return { ...fakeWorld({ feeds }), feeds };
}

describe('a walk', () => {
  test('has a cursor of its own, goes on where it stopped, and says how far it is', async () => {
    const given = world();
    await container(given, pagesOf({ records: [], cursor: 77, isCaughtUp: true }))();
    const run = container(given, inSlices);

    const summaries = [await run({ walk }), await run({ walk }), await run({ walk })];

    expect(
      summaries.map(({ walk: name, outcome, pages, reached }) => [name, outcome, pages, reached]),
    ).toEqual([
      [walk.name, 'more', 4, '2026-11-20T18:30:00.000Z'],
      [walk.name, 'more', 4, '2026-11-16T18:30:00.000Z'],
      [walk.name, 'caught_up', 2, '2026-11-14T18:30:00.000Z'],
    ]);
    expect(said(given.stream.envelopes()).map((line) => line.split(' ')[0])).toEqual(
      [10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((id) => `tiny_fact/${id}`),
    );
    expect(new Set(given.stream.envelopes().map(({ feed }) => feed))).toEqual(new Set(['tiny:web']));
    expect(given.feeds.items.get('tiny:web')?.state.cursor).toBe('77');
  });

  test('that is finished does nothing more, until it is asked to walk again', async () => {
    const given = world();
    const run = container(given, down);
    await run({ walk });
    given.stream.taken.length = 0;

    const repeated = await run({ walk });
    const taken = given.stream.taken.length;
    const again = await run({ walk: { ...walk, again: true } });

    expect([repeated.outcome, repeated.pages, repeated.reached]).toEqual([
      'caught_up',
      0,
      '2026-11-14T18:30:00.000Z',
    ]);
    expect(taken).toBe(0);
    expect([again.outcome, again.emitted]).toEqual(['caught_up', { tiny_fact: 10 }]);
  });

  test('that is asked to walk again while it is under way goes on', async () => {
    const given = world();
    const run = container(given, inSlices);
    const again = { ...walk, again: true };

    const outcomes = [await run({ walk }), await run({ walk: again }), await run({ walk: again })];

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['more', 'more', 'caught_up']);
    expect(said(given.stream.envelopes())).toHaveLength(10);
  });

  test('reaches back as it says, and the polling as the feed says', async () => {
    const given = world();
    const seen: string[] = [];
    const run = container(given, async function* poll({ since }) {
      seen.push(since.toISOString());
      yield { records: [], cursor: 1 };
    });

    await run({ since: '24h' });
    await run({ since: '24h', walk });

    expect(seen).toEqual(['2026-11-22T18:30:00.000Z', '2026-01-01T00:00:00.000Z']);
  });

  test('sends what the polling has sent before, and the polling then sends it again', async () => {
    const given = world();
    const run = container(given, pagesOf({ records: [aFact(1, 'a')], cursor: 1, isCaughtUp: true }));
    await run();

    const repeated = await run();
    const walked = await run({ walk });
    const next = await run();

    expect([repeated, walked, next].map(({ emitted, unchanged }) => [emitted, unchanged])).toEqual([
      [{}, 1],
      [{ tiny_fact: 1 }, 0],
      [{ tiny_fact: 1 }, 0],
    ]);
  });

  test('that saw B does not have the last word when the polling saw A, and A again', async () => {
    const given = world();
    const states = ['A', 'B', 'A'];
    const run = container(given, async function* poll() {
      yield { records: [aFact(1, states.shift() ?? null)], cursor: 1, isCaughtUp: true };
    });

    await run();
    given.clock.advance(60_000);
    await run({ walk });
    given.clock.advance(60_000);
    await run();

    const newest = given.stream
      .envelopes()
      .filter(({ record_type }) => record_type === 'tiny_fact')
      .reduce((one, other) => (other.observed_at > one.observed_at ? other : one));
    expect(newest.body.text).toBe('A');
    expect(given.stream.envelopes().filter(({ record_type }) => record_type === 'tiny_fact')).toHaveLength(3);
  });

  test('waits for another time while its feed is being polled', async () => {
    const given = world();
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const polling = container(given, async function* poll() {
      reached.resolve();
      await go.promise;
      yield { records: [], cursor: 1, isCaughtUp: true };
    })();
    await reached.promise;

    const walked = await container(given, down)({ walk });
    go.resolve();
    await polling;
    const later = await container(given, down)({ walk });

    expect([walked.outcome, later.outcome]).toEqual(['skipped', 'caught_up']);
  });

  test('and the polling of its feed run at the same time', async () => {
    const given = world();
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const walking = container(given, async function* poll() {
      reached.resolve();
      await go.promise;
      yield { records: [aFact(1, 'walked')], cursor: 1, isCaughtUp: true };
    })({ walk });
    await reached.promise;
    given.clock.advance(1000);

    const polled = await container(
      given,
      pagesOf({ records: [aFact(1, 'polled')], cursor: 5, isCaughtUp: true }),
    )();
    given.clock.advance(1000);
    go.resolve();
    const walked = await walking;

    expect([polled.outcome, walked.outcome]).toEqual(['caught_up', 'caught_up']);
    const times = Object.fromEntries(
      given.stream
        .envelopes()
        .filter(({ record_type }) => record_type === 'tiny_fact')
        .map(({ body, observed_at }) => [body.text, observed_at]),
    );
    // What was read before the polling and put after it: the polling has the last word.
    expect(String(times.walked) < String(times.polled)).toBe(true);
    expect([...given.feeds.items].map(([key, { state }]) => [key, state.cursor])).toEqual([
      [KEY, '{"cursor":1,"since":"2026-01-01T00:00:00.000Z","reached":null,"isFinished":true}'],
      ['tiny:web', '5'],
    ]);
  });

  test('that is killed between put and save repeats its page', async () => {
    const given = world();
    let saves = 0;
    const dying = container(given, down, {
      feeds: {
        ...given.feeds,
        save: (...state) => {
          saves += 1;
          return saves === 3 ? Promise.reject(new Error('killed')) : given.feeds.save(...state);
        },
        release: (key, ...rest) =>
          key === KEY ? Promise.reject(new Error('killed')) : given.feeds.release(key, ...rest),
      },
    });
    await expect(dying({ walk })).rejects.toThrow('killed');

    const tooEarly = await container(given, down)({ walk });
    given.clock.advance(76_000);
    const resumed = await container(given, down)({ walk });

    expect([tooEarly.outcome, resumed.outcome]).toEqual(['skipped', 'caught_up']);
    expect(said(given.stream.envelopes()).map((line) => line.split(' ')[0])).toEqual(
      [10, 9, 8, 8, 7, 6, 5, 4, 3, 2, 1].map((id) => `tiny_fact/${id}`),
    );
  });

  test('is told apart in the books and in the metrics', async () => {
    const given = world();

    await container(given, pagesOf({ records: [aFact(1)], cursor: 1, isCaughtUp: true }))({ walk });

    const pages = given.stream.envelopes().filter(({ record_type }) => record_type === 'poll_page');
    expect(pages.map(({ feed, body }) => [feed, body.walk])).toEqual([['tiny:web', walk.name]]);
    expect(given.published).toEqual([
      [
        { feed: 'tiny:web', walk: walk.name },
        { RecordsEmitted: 1, PollFailed: 0 },
      ],
    ]);
  });
});

test('a walk leaves half of the quota to the polling, and says from when it goes on', async () => {
  let left = 12;
  const vendor = await loopback((_request, response) => {
    left -= 1;
    response.setHeader('X-Left', String(left));
    response.end('{}');
  });
  const given = world();
  const poll: Poll = async function* poll({ http }) {
    for (let page = 1; page <= 4; page += 1) {
      await http.get('/rows');
      yield { records: [], cursor: page };
    }
  };
  const run = container(
    given,
    poll,
    {},
    {
      quota: (headers) => ({ limit: 20, remaining: Number(headers['x-left']), seconds: 40 }),
    },
  );

  const walked = await run({ baseUrl: vendor.url, walk });
  const polled = await run({ baseUrl: vendor.url });
  const tooEarly = await run({ baseUrl: vendor.url, walk });
  vendor.close();

  expect([walked.outcome, walked.pages, walked.error, walked.not_before]).toEqual([
    'more',
    3,
    null,
    '2026-11-23T18:30:40.000Z',
  ]);
  expect([polled.outcome, polled.pages, polled.not_before]).toEqual(['more', 4, null]);
  expect(tooEarly.outcome).toBe('skipped');
  // The walk uses what it may, which is no news; of the polling it is told, by the fullest of its answers.
  expect(given.published.filter(([, values]) => 'QuotaUsedPercent' in values)).toEqual([
    [{ feed: 'tiny:web' }, { QuotaUsedPercent: 75 }],
  ]);
});

test('a reconciliation of a vendor that cannot count is refused', async () => {
  const given = world();

  await expect(container(given, down)({ task: 'reconcile' })).rejects.toThrow('tiny declares no counts');
});

describe('an event is refused', () => {
  test.each<[string, object, string]>([
    ['with a walk that is none', { walk: 'all' }, "the event's walk must be an object with name and since"],
    [
      'without a name',
      { walk: { since: '7d' } },
      "the event's walk.name must be at most 64 lower-case letters",
    ],
    ['with a name that could leave its key', { walk: { name: 'a#b', since: '7d' } }, "the event's walk.name"],
    ['with a name that is kept for repairs', { walk: { name: 'repair', since: '7d' } }, 'another name'],
    ['without a beginning', { walk: { name: 'a' } }, "the event's walk.since must be text"],
    ['from the future', { walk: { name: 'a', since: '2030-01-01' } }, 'since must be like 90m'],
    ['with a word misspelt', { walk: { ...walk, agian: true } }, "the event's walk.agian must be one of"],
    ['with an answer that is neither yes nor no', { walk: { ...walk, again: 1 } }, "the event's walk.again"],
    ['with a task nobody knows', { task: 'tidy' }, `the event's task must be "reconcile" or nothing`],
    ['with two things to do', { task: 'reconcile', walk }, "the event's walk must be left out"],
  ])('%s', async (_name, change, message) => {
    const given = world();
    const run = container(given, down, {}, { counts: async () => [] });

    await expect(run(change as Partial<FeedEvent>)).rejects.toThrow(message);

    expect(given.feeds.items.size).toBe(0);
  });
});
