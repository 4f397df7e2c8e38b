/** One run of a feed: its lease, its time, its cursor; with all that is outside of it under the test’s control. */
import { describe, expect, test } from 'vitest';
import { type Page, PollError } from '../contract/producer.ts';
import type { RecordStream } from '../contract/put-records.ts';
import type { FeedsTable } from '../producers/ports.ts';
import {
  aFact,
  container,
  failing,
  fakeClock,
  fakeFeeds,
  fakeWorld,
  loopback,
  type Poll,
  pagesOf,
  START,
  said,
} from './producer-fakes.ts';

const itemOf = (feeds: ReturnType<typeof fakeFeeds>) => feeds.items.get('tiny:web');

describe('a crash between put and save', () => {
  test('repeats the page with the same keys and moves the cursor only then', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const poll: Poll = async function* poll({ cursor }) {
      yield { records: [aFact((cursor ?? 0) + 1, 'a')], cursor: (cursor ?? 0) + 1 };
    };
    const dying = container(world, poll, {
      feeds: { ...feeds, save: () => Promise.reject(new Error('died')) },
    });

    await expect(dying()).rejects.toThrow('died');
    const cursorAfterCrash = itemOf(feeds)?.state.cursor;
    await container(world, poll)();

    expect(cursorAfterCrash).toBeNull();
    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 a', 'tiny_fact/1 a']);
    expect(itemOf(feeds)?.state.cursor).toBe('1');
  });

  test('in a container that lives on sends nothing twice', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    let isBroken = true;
    const save: FeedsTable['save'] = (...state) =>
      isBroken ? Promise.reject(new Error('throttled')) : feeds.save(...state);
    const run = container(world, pagesOf({ records: [aFact(1, 'a')], cursor: 1 }), {
      feeds: { ...feeds, save },
    });

    await expect(run()).rejects.toThrow('throttled');
    isBroken = false;
    const summary = await run();

    expect(summary).toMatchObject({ emitted: {}, unchanged: 1 });
    expect(itemOf(feeds)?.state.cursor).toBe('1');
  });
});

test('what a failed run may have put is older than what the next one puts, whose clock is behind', async () => {
  const feeds = fakeFeeds();
  const ahead = fakeWorld({ feeds, clock: fakeClock(START + 9_000) });
  const behind = fakeWorld({ feeds, clock: fakeClock(START) });
  const put: RecordStream['put'] = async (entries) => {
    await ahead.stream.put(entries);
    throw new Error('the answer is lost');
  };
  const lost = container(ahead, pagesOf({ records: [aFact(1, 'old')], cursor: 1 }), { stream: { put } });

  await expect(lost()).rejects.toThrow('the answer is lost');
  await container(behind, pagesOf({ records: [aFact(1, 'new')], cursor: 1 }))();

  const times = [...ahead.stream.envelopes(), ...behind.stream.envelopes()].map(
    ({ observed_at }) => observed_at,
  );
  expect(times).toEqual(['2026-11-23T18:30:09.000Z', '2026-11-23T18:30:09.001Z', '2026-11-23T18:30:09.001Z']);
});

describe('the lease', () => {
  /** A poll that waits in the middle of its run until it is told to go on. */
  function held(pages: readonly Page<number>[]) {
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const poll: Poll = async function* poll() {
      reached.resolve();
      await go.promise;
      yield* pages;
    };
    return { poll, reached: reached.promise, go: go.resolve };
  }

  test('lets only one of two runs do anything', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const first = held([{ records: [aFact(1, 'first')], cursor: 1, isCaughtUp: true }]);
    const running = container(world, first.poll)();
    await first.reached;

    const second = await container(world, pagesOf({ records: [aFact(1, 'second')], cursor: 2 }))();
    first.go();

    expect(second).toMatchObject({ outcome: 'skipped', pages: 0, emitted: {}, error: null });
    expect(await running).toMatchObject({ outcome: 'caught_up', pages: 1 });
    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 first']);
    expect(itemOf(feeds)?.state.cursor).toBe('1');
  });

  test('of a run that died runs out soon after its function must be over', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const run = container(world, pagesOf({ records: [], cursor: 2, isCaughtUp: true }));
    await feeds.acquire('tiny:web', 'the-dead', START, START + 75_000);

    world.clock.advance(75_000);
    const before = await run();
    world.clock.advance(1);
    const after = await run();

    expect([before.outcome, after.outcome]).toEqual(['skipped', 'caught_up']);
  });

  test('that has run out stops a run before it puts anything more', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const late = held([{ records: [aFact(1, 'late')], cursor: 1 }]);
    const running = container(world, late.poll)();
    await late.reached;
    world.clock.advance(80_000);
    await container(world, pagesOf({ records: [aFact(1, 'newer')], cursor: 2 }))();

    late.go();
    const summary = await running;

    expect(summary).toMatchObject({ outcome: 'more', pages: 0, error: null });
    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 newer']);
    expect(itemOf(feeds)?.state.cursor).toBe('2');
    expect(world.logged).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'stopped: the lease is lost, the run that has it goes on',
      }),
    );
  });

  test('that another run has taken moves no cursor, and its owner keeps it', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    let isReturned = false;
    const run = container(world, async function* poll() {
      try {
        yield { records: [aFact(1)], cursor: 1 };
        const item = itemOf(feeds);
        if (item !== undefined) feeds.items.set('tiny:web', { ...item, owner: 'another' });
        yield { records: [aFact(2)], cursor: 2 };
        yield { records: [aFact(3)], cursor: 3 };
      } finally {
        isReturned = true;
      }
    });

    const summary = await run();

    expect(summary).toMatchObject({ outcome: 'more', pages: 2, emitted: { tiny_fact: 2 } });
    expect(itemOf(feeds)).toMatchObject({ owner: 'another', state: { cursor: '1' } });
    expect(isReturned).toBe(true);
  });

  test('is given back when something of ours breaks, and the error comes out', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const bug = new TypeError('rows is not iterable');
    const run = container(world, async function* poll() {
      yield { records: [], cursor: 1 };
      throw bug;
    });

    await expect(run()).rejects.toBe(bug);

    expect(itemOf(feeds)).toMatchObject({ owner: null, state: { cursor: '1' } });
  });

  test('that cannot be given back does not hide how the run ended', async () => {
    const world = fakeWorld();
    const release = () => Promise.reject(new Error('table is away'));
    const run = container(world, pagesOf({ records: [], cursor: 1, isCaughtUp: true }), {
      feeds: { ...world.feeds, release },
    });

    const summary = await run();

    expect(summary.outcome).toBe('caught_up');
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'the lease could not be given back' }),
    );
  });
});

test('a run leaves no connection to its vendor', async () => {
  const closed = Promise.withResolvers<void>();
  const { url, close } = await loopback((request, response) => {
    request.socket.on('close', () => closed.resolve());
    response.end('{}');
  });
  const run = container(fakeWorld(), async function* poll({ http }) {
    await http.get('/rows');
    yield { records: [], cursor: 1, isCaughtUp: true };
  });

  await run({ baseUrl: url });

  await expect(closed.promise).resolves.toBeUndefined();
  close();
});

describe('time', () => {
  test('a run stops after a page when its function will soon be stopped', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const run = container(world, async function* poll() {
      for (let page = 1; ; page += 1) {
        world.clock.advance(10_000);
        yield { records: [], cursor: page };
      }
    });

    const summary = await run({}, 55_000);

    expect(summary).toMatchObject({ outcome: 'more', pages: 5 });
    expect(itemOf(feeds)).toMatchObject({ owner: null, state: { cursor: '5' } });
  });

  test('a run that is caught up on its last page says so, late as it is', async () => {
    const world = fakeWorld();
    const run = container(world, async function* poll() {
      world.clock.advance(57_000);
      yield { records: [], cursor: 1, isCaughtUp: true };
    });

    const summary = await run({}, 60_000);

    expect(summary.outcome).toBe('caught_up');
  });

  test('a poll that finds no time for a request ends as a run that goes on', async () => {
    const world = fakeWorld();
    const run = container(world, async function* poll({ http }) {
      await http.get('/rows');
      yield { records: [aFact(1)], cursor: 1 };
    });

    const summary = await run({}, 5_000);

    expect(summary).toMatchObject({ outcome: 'more', pages: 1, emitted: {}, error: null });
  });

  test('a stream that refuses until the time is up leaves the cursor and comes out as an error', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const run = container(world, pagesOf({ records: [aFact(1)], cursor: 1 }), {
      stream: { put: async (entries) => entries.map(() => 'ProvisionedThroughputExceededException') },
    });

    await expect(run()).rejects.toThrow(/^the stream still refuses 1 of 1 records/);

    expect(itemOf(feeds)).toMatchObject({ owner: null, state: { cursor: null } });
    expect(world.clock.now().getTime()).toBeLessThan(START + 58_000);
  });
});

describe('a vendor that asks to wait', () => {
  test.each([
    [40, 40],
    [0.01, 1],
    [86_400, 900],
  ])('for %d s is left alone for %d s', async (asked, waited) => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const run = container(
      world,
      failing(new PollError('rate_limited', 'slow down', { retryAfterSeconds: asked })),
    );

    const first = await run();
    world.clock.advance(waited * 1000 - 1);
    const early = await run();
    world.clock.advance(1);
    const inTime = await run();

    expect([first, early, inTime].map(({ outcome }) => outcome)).toEqual(['failed', 'skipped', 'failed']);
  });

  test('with its last answer is left alone by the next run', async () => {
    const feeds = fakeFeeds();
    const { url, close } = await loopback((_request, response) => {
      response.writeHead(200, { 'x-wait': '90' });
      response.end('{}');
    });
    const run = container(fakeWorld({ feeds }), async function* poll({ http }) {
      await http.get('/rows');
      yield { records: [], cursor: 1, isCaughtUp: true };
    });

    const summary = await run({ baseUrl: url });
    close();

    expect(summary.outcome).toBe('caught_up');
    expect(itemOf(feeds)?.notBefore).toBe(START + 90_000);
  });

  test('without saying how long is asked by the next run', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    const run = container(world, failing(new PollError('rate_limited', 'slow down')));

    await run();

    expect(itemOf(feeds)?.notBefore).toBe(0);
  });

  test('is asked again by the run after the wait, and the wait is then forgotten', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    let isOpen = false;
    const run = container(world, async function* poll() {
      if (!isOpen) throw new PollError('rate_limited', 'slow down', { retryAfterSeconds: 10 });
      yield { records: [], cursor: 1, isCaughtUp: true };
    });
    await run();
    isOpen = true;
    world.clock.advance(10_000);

    const summary = await run();

    expect(summary.outcome).toBe('caught_up');
    expect(itemOf(feeds)?.notBefore).toBe(0);
  });
});
