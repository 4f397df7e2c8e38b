/** The function of a producer: credentials over several runs, metrics, and what it logs. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { PollError, type PollErrorKind } from '../contract/producer.ts';
import {
  aFact,
  container,
  failing,
  fakeWorld,
  loopback,
  type Poll,
  pagesOf,
  TOKEN,
} from './producer-fakes.ts';

const NONE = {
  Pages: 0,
  RecordsEmitted: 0,
  RecordsUnchanged: 0,
  PollFailed: 0,
  Unauthorized: 0,
  RateLimited: 0,
  Skipped: 0,
  RunSeconds: 0,
};

/** Secrets whose text changes with every read, as given; the last one stays. */
function secretsOf(...texts: readonly string[]) {
  const reads: string[] = [];
  return {
    reads,
    read: async (arn: string) => {
      reads.push(arn);
      return texts[Math.min(reads.length, texts.length) - 1] ?? '';
    },
  };
}

describe('metrics', () => {
  test('count what a run did', async () => {
    const world = fakeWorld();
    const run = container(world, async function* poll() {
      world.clock.advance(1_500);
      yield { records: [aFact(1), aFact(2)], cursor: 1 };
      yield { records: [aFact(1)], cursor: 2, isCaughtUp: true };
    });

    await run();

    expect(world.published).toEqual([
      [{ feed: 'tiny:web' }, { ...NONE, Pages: 2, RecordsEmitted: 2, RecordsUnchanged: 1, RunSeconds: 1.5 }],
    ]);
  });

  test.each<[PollErrorKind, object]>([
    ['unavailable', { PollFailed: 1 }],
    ['unexpected_response', { PollFailed: 1 }],
    ['unauthorized', { PollFailed: 1, Unauthorized: 1 }],
    ['rate_limited', { RateLimited: 1 }],
  ])('tell a failure by its kind: %s', async (kind, counted) => {
    const world = fakeWorld();

    await container(world, failing(new PollError(kind, 'no')))();

    expect(world.published).toEqual([
      [{ feed: 'tiny:web' }, { ...NONE, Pages: 1, ...counted }],
      [{ feed: 'tiny:web', kind }, { PollFailed: 1 }],
    ]);
  });

  test('count a run that another one made superfluous', async () => {
    const world = fakeWorld();
    await world.feeds.acquire('tiny:web', 'another', world.clock.now().getTime(), Number.MAX_SAFE_INTEGER);

    await container(world, pagesOf())();

    expect(world.published).toEqual([[{ feed: 'tiny:web' }, { ...NONE, Skipped: 1 }]]);
  });
});

describe('credentials', () => {
  /** A vendor that knows one token, and a poll that asks it once. */
  async function vendorKnowing(good: string) {
    const vendor = await loopback((request, response) => {
      const token = String(request.headers['x-token']);
      response.writeHead(token === good ? 200 : 403);
      response.end(JSON.stringify(token === good ? {} : { message: `access token not found: ${token}` }));
    });
    const poll: Poll = async function* poll({ http }) {
      await http.get('/rows');
      yield { records: [], cursor: 1, isCaughtUp: true };
    };
    return { ...vendor, poll };
  }

  test('are read once in a few minutes', async () => {
    const secrets = secretsOf(TOKEN);
    const world = fakeWorld({ secrets });
    const run = container(world, pagesOf());

    await run();
    world.clock.advance(60_000);
    await run();
    world.clock.advance(300_000);
    await run();

    expect(secrets.reads).toHaveLength(2);
  });

  test('that were changed meanwhile are used at once, and nobody hears of it', async () => {
    const { url, poll, close } = await vendorKnowing('token-two');
    const secrets = secretsOf('token-one', 'token-two');
    const world = fakeWorld({ secrets });
    const run = container(world, poll);

    const first = await run({ baseUrl: url });
    const second = await run({ baseUrl: url });
    close();

    expect([first, second].map(({ outcome }) => outcome)).toEqual(['caught_up', 'caught_up']);
    expect(secrets.reads).toHaveLength(2);
    expect(world.published.map(([, values]) => values.Unauthorized)).toEqual([0, 0]);
  });

  test('that are refused are not tried twice in a run, and the token is written nowhere', async () => {
    const { url, poll, close } = await vendorKnowing('another');
    const world = fakeWorld();

    const summary = await container(world, poll)({ baseUrl: url });
    close();

    expect(summary).toMatchObject({
      outcome: 'failed',
      error: {
        kind: 'unauthorized',
        message:
          'GET /rows: status 403, the vendor says "access token not found: [redacted]"; put a valid token with the right to read into the feed\'s secret',
      },
    });
    expect(world.stream.envelopes().map(({ body }) => body.requests)).toEqual([1]);
    const written = [summary, world.logged, world.published, world.stream.envelopes()];
    expect(inspect(written, { depth: null })).not.toContain(TOKEN);
  });

  test.each([
    ['the secret holds no token', '{"token":""}', 'keep' as const],
    ['persons are to be hashed without a key', TOKEN, 'hash' as const],
  ])('that nobody can use are a failed run, not an error of ours: %s', async (_name, text, people) => {
    const world = fakeWorld({ secrets: secretsOf(text) });

    const summary = await container(world, pagesOf())({ people });

    expect(summary).toMatchObject({ outcome: 'failed', pages: 0, error: { kind: 'unauthorized' } });
    expect(world.published[0]).toEqual([{ feed: 'tiny:web' }, { ...NONE, PollFailed: 1, Unauthorized: 1 }]);
  });

  test('do not come out with an error of ours, whatever it quotes', async () => {
    const world = fakeWorld();
    const quoting = new Error('bad answer', { cause: new Error(`from /rows?token=${TOKEN}`) });

    const error = await container(world, failing(quoting))().catch((thrown: unknown) => thrown);

    expect(error).toEqual(new Error('bad answer'));
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(TOKEN);
  });
});

describe('the log', () => {
  test('has one line for a run, with its summary', async () => {
    const world = fakeWorld({ random: () => 0 });

    await container(world, pagesOf({ records: [aFact(1)], cursor: 1, isCaughtUp: true }))();

    expect(world.logged).toEqual([
      {
        level: 'info',
        message: 'run',
        fields: {
          feed: 'tiny:web',
          walk: null,
          run_id: '20261123T183000000Z-00000000',
          outcome: 'caught_up',
          pages: 1,
          emitted: { tiny_fact: 1 },
          unchanged: 0,
          reached: null,
          not_before: null,
          error: null,
          seconds: 0,
        },
      },
    ]);
  });

  test('has what a producer says, with feed and run, without the token', async () => {
    const world = fakeWorld({ random: () => 0 });
    const run = container(world, async function* poll({ log }) {
      log(`asked with ${TOKEN}`, { path: `/rows/${TOKEN}`, rows: 2 });
      yield { records: [], cursor: 1 };
    });

    await run();

    expect(world.logged[0]).toEqual({
      level: 'info',
      message: 'asked with [redacted]',
      fields: { path: '/rows/[redacted]', rows: 2, feed: 'tiny:web', run_id: '20261123T183000000Z-00000000' },
    });
  });
});

test('a poll gets its settings, how far back to reach, and the time', async () => {
  const world = fakeWorld();
  const got: unknown[] = [];
  const run = container(world, async function* poll({ settings, since, now, cursor }) {
    got.push({ settings, since, now: now(), cursor });
    yield { records: [], cursor: 1 };
  });

  await run({ since: '7d' });

  expect(got).toEqual([
    {
      settings: {},
      since: new Date('2026-11-16T18:30:00Z'),
      now: new Date('2026-11-23T18:30:00Z'),
      cursor: null,
    },
  ]);
});

test('an event that is none is refused before anything is done', async () => {
  const world = fakeWorld();
  const run = container(world, pagesOf({ records: [aFact(1)], cursor: 1 }));

  await expect(run({ feed: 'other:web' })).rejects.toThrow(TypeError);

  expect(world.stream.taken).toEqual([]);
});
