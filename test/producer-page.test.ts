/** What a page becomes: envelopes, refusals, the books, and what stays home. */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { MAX_ENVELOPE_BYTES } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import { pollPage, rejectedRecord } from '../contract/ledger.ts';
import { PollError } from '../contract/producer.ts';
import {
  aFact,
  container,
  fact,
  failing,
  fakeFeeds,
  fakeStream,
  fakeWorld,
  loopback,
  type Poll,
  pagesOf,
  START,
  said,
  TOKEN,
} from './producer-fakes.ts';

const itemOf = (feeds: ReturnType<typeof fakeFeeds>) => feeds.items.get('tiny:web');

describe('a page', () => {
  test('goes on the stream with its entry in the books, and then its cursor is saved', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds, random: () => 0.5 });
    const run = container(
      world,
      pagesOf({ records: [aFact(1, 'a'), aFact(2, 'b')], cursor: 2, isCaughtUp: true }),
    );

    const summary = await run();

    const runId = '20261123T183000000Z-80000000';
    const common = {
      record_version: 1,
      feed: 'tiny:web',
      run_id: runId,
      observed_at: '2026-11-23T18:30:00.000Z',
    };
    expect(summary).toEqual({
      feed: 'tiny:web',
      walk: null,
      run_id: runId,
      outcome: 'caught_up',
      pages: 1,
      emitted: { tiny_fact: 2 },
      unchanged: 0,
      reached: null,
      not_before: null,
      error: null,
    });
    expect(world.stream.envelopes()).toEqual([
      { ...common, record_type: 'tiny_fact', record_key: '1', seq: 1, body: aFact(1, 'a').values },
      { ...common, record_type: 'tiny_fact', record_key: '2', seq: 2, body: aFact(2, 'b').values },
      {
        ...common,
        record_type: 'poll_page',
        record_key: `${runId}/1`,
        seq: 3,
        body: {
          run_id: runId,
          page: 1,
          producer: 'tiny',
          walk: null,
          polled_at: '2026-11-23T18:30:00.000Z',
          first_seq: 1,
          emitted: { tiny_fact: 2 },
          unchanged: 0,
          requests: 0,
          is_caught_up: true,
          newest_fact_at: '2026-11-23T18:00:02.000Z',
        },
      },
    ]);
    expect(world.stream.calls).toEqual([2, 1]);
    expect(itemOf(feeds)).toEqual({
      state: { cursor: '2', version: 2, observedAt: '2026-11-23T18:30:00.000Z' },
      owner: null,
      until: START + 75_000,
      notBefore: 0,
    });
  });

  test('is not in the books while the stream refuses one of its records', async () => {
    const world = fakeWorld();
    const refusesOne = fakeStream(({ partitionKey }) => (partitionKey === firstKey ? 'Throttled' : null));
    let firstKey: string | null = null;
    const run = container(world, pagesOf({ records: [aFact(1), aFact(2)], cursor: 2 }), {
      stream: {
        put(entries) {
          firstKey ??= entries[0]?.partitionKey ?? null;
          return refusesOne.put(entries);
        },
      },
    });

    await expect(run()).rejects.toThrow('the stream still refuses 1 of 2 records');

    expect(refusesOne.envelopes().map(({ record_type }) => record_type)).toEqual(['tiny_fact']);
  });

  test('is accepted by the validators of its record types', async () => {
    const world = fakeWorld();
    const large = 'x'.repeat(900_000);
    const run = container(
      world,
      pagesOf({ records: [aFact(1, 'a'), aFact(2, 'b', [large, large])], cursor: 1 }),
    );

    await run();

    const validators = new Map(
      [fact, pollPage, rejectedRecord].map((type) => [type.name as string, compileValidator(type)]),
    );
    const judged = world.stream
      .envelopes()
      .map((envelope) => validators.get(envelope.record_type)?.(envelope));
    expect(judged).toEqual([true, true, true]);
  });

  test('counts on from page to page, and the next run starts from the last cursor', async () => {
    const world = fakeWorld();
    const cursors: (number | null)[] = [];
    const run = container(world, async function* poll({ cursor }) {
      cursors.push(cursor);
      yield { records: [aFact(1)], cursor: 1 };
      yield { records: [], cursor: 2 };
      yield { records: [aFact(2), aFact(3)], cursor: 3 };
    });

    const first = await run();
    await run();

    expect(first.outcome).toBe('more');
    expect(
      world.stream
        .envelopes()
        .slice(0, 6)
        .map(({ seq }) => seq),
    ).toEqual([1, 2, 3, 4, 5, 6]);
    expect(
      world.stream
        .envelopes()
        .slice(0, 6)
        .map(({ body }) => body.first_seq),
    ).toEqual([undefined, 1, 3, undefined, undefined, 4]);
    expect(cursors).toEqual([null, 3]);
  });

  test('that says a fact twice means the last word', async () => {
    const world = fakeWorld();
    const run = container(
      world,
      pagesOf({ records: [aFact(1, 'a'), aFact(2, 'b'), aFact(1, 'c')], cursor: 1 }),
    );

    const summary = await run();

    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/2 b', 'tiny_fact/1 c']);
    expect(summary.emitted).toEqual({ tiny_fact: 2 });
  });

  test('is observed later than the page before, even if the clock has gone back', async () => {
    const world = fakeWorld();
    const pages: Poll = async function* poll() {
      yield { records: [aFact(1, 'a')], cursor: 1 };
      world.clock.advance(-3_600_000);
      yield { records: [aFact(1, 'b')], cursor: 2 };
    };

    await container(world, pages)();
    await container(world, pagesOf({ records: [aFact(1, 'c')], cursor: 3 }))();

    const observed = world.stream.envelopes().filter(({ record_type }) => record_type === 'tiny_fact');
    expect(observed.map(({ observed_at, body }) => [observed_at, body.text])).toEqual([
      ['2026-11-23T18:30:00.000Z', 'a'],
      ['2026-11-23T18:30:00.001Z', 'b'],
      ['2026-11-23T18:30:00.002Z', 'c'],
    ]);
  });

  test('names the newest of its facts, whatever the digits of their seconds', async () => {
    const world = fakeWorld();
    const at = (id: number, said_at: string) => ({ ...aFact(id), values: { ...aFact(id).values, said_at } });
    const records = [at(1, '2026-11-23T10:00:00.25Z'), at(2, '2026-11-23T10:00:00Z'), at(3, 'yesterday')];
    const run = container(world, pagesOf({ records, cursor: 1 }));

    await run();

    expect(world.stream.envelopes().at(-1)?.body.newest_fact_at).toBe('2026-11-23T10:00:00.25Z');
  });

  test('is forgotten once it has been put, however many there are', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const world = fakeWorld();
    let kept: WeakRef<object>[] = [];
    const run = container(world, async function* poll() {
      for (let page = 0; page < 5; page += 1) {
        const records = [aFact(page, 'a', ['x'.repeat(100_000)])];
        kept.push(new WeakRef(records));
        yield { records, cursor: page };
        world.stream.taken.length = 0;
        await new Promise((resolve) => setTimeout(resolve, 1));
        collect();
        kept = kept.filter((reference) => reference.deref() !== undefined);
      }
    });

    await run();

    // The poll itself still holds the last one.
    expect(kept.length).toBeLessThanOrEqual(2);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a cursor that grows without end', 'x'.repeat(300_001)],
  ])('with %s for a cursor is a bug, and does not go on the stream', async (_name, cursor) => {
    const world = fakeWorld();
    const run = container(world, pagesOf({ records: [aFact(1)], cursor: cursor as number }));

    await expect(run()).rejects.toThrow(/^the cursor of tiny must be JSON of at most 300000 bytes, got /);

    expect(world.stream.taken).toEqual([]);
  });
});

describe('a record', () => {
  test('that is too large to travel is refused in the open, in its place', async () => {
    const world = fakeWorld({ random: () => 0.5 });
    const payload = Array.from({ length: 40 }, () => 'x'.repeat(30_000));
    const { truncated_fields: _column, ...columns } = fact.columns;
    const { truncated_fields: _value, ...values } = aFact(2, 'b', payload).values;
    const run = container(
      world,
      pagesOf({ records: [aFact(1, 'a'), { type: { ...fact, columns }, values }, aFact(3)], cursor: 1 }),
    );

    const summary = await run();

    const runId = '20261123T183000000Z-80000000';
    const original = JSON.stringify({
      record_type: 'tiny_fact',
      record_version: 1,
      record_key: '2',
      feed: 'tiny:web',
      run_id: runId,
      seq: 2,
      observed_at: '2026-11-23T18:30:00.000Z',
      body: values,
    });
    expect(summary.emitted).toEqual({ tiny_fact: 3 });
    expect(world.stream.envelopes().map(({ record_type, seq }) => [record_type, seq])).toEqual([
      ['tiny_fact', 1],
      ['rejected_record', 2],
      ['tiny_fact', 3],
      ['poll_page', 4],
    ]);
    expect(world.stream.envelopes()[1]?.body).toEqual({
      run_id: runId,
      seq: 2,
      digest: createHash('sha256').update(original).digest('hex'),
      rejected_type: 'tiny_fact',
      rejected_version: 1,
      rejected_key: '2',
      happened_at: '2026-11-23T18:00:02.000Z',
      rejected_at: '2026-11-23T18:30:00.000Z',
      size_bytes: original.length,
      reasons: `the envelope has ${original.length} bytes, at most ${MAX_ENVELOPE_BYTES - 1} can travel`,
      truncated_fields: null,
    });
  });

  test('that is exactly as large as can travel travels, and one byte more is refused', async () => {
    const world = fakeWorld({ random: () => 0.5 });
    const limit = MAX_ENVELOPE_BYTES - 1;
    const { truncated_fields: _column, ...columns } = fact.columns;
    const { truncated_fields: _value, ...values } = aFact(1).values;
    const sized = (id: number, extra: number) => ({
      type: { ...fact, columns },
      values: { ...values, id, text: 'x'.repeat(extra) },
    });
    await container(world, pagesOf({ records: [sized(1, 0)], cursor: 1 }))();
    const room = limit - (world.stream.taken[0]?.data.length ?? 0);

    await container(world, pagesOf({ records: [sized(1, room), sized(2, room + 1)], cursor: 1 }))();

    expect(world.stream.taken[2]?.data.length).toBe(limit);
    expect(world.stream.envelopes()[3]?.body).toMatchObject({ rejected_key: '2', size_bytes: limit + 1 });
  });

  test('never carries the token of its feed, however it is spelt', async () => {
    const token = 'to"ken/with\\oddities';
    const world = fakeWorld({ secrets: { read: async () => JSON.stringify({ token }) } });
    const payload = {
      raw: token,
      [token]: 1,
      nested: JSON.stringify({ token }),
      url: `?t=${encodeURIComponent(token)}`,
    };
    const run = container(world, pagesOf({ records: [aFact(1, `x ${token} y`, payload)], cursor: 1 }));

    await run();

    expect(world.stream.envelopes()[0]?.body).toEqual({
      ...aFact(1, 'x [redacted] y').values,
      payload: { raw: '[redacted]', '[redacted]': 1, nested: '{"token":"[redacted]"}', url: '?t=[redacted]' },
    });
  });

  test('with the token in its key keeps a key that follows from its body', async () => {
    const named = { ...fact, key: ['text'] };
    const world = fakeWorld();
    const run = container(
      world,
      pagesOf({ records: [{ type: named, values: aFact(1, TOKEN).values }], cursor: 1 }),
    );

    await run();

    const [envelope] = world.stream.envelopes();
    expect([envelope?.record_key, envelope?.body.text]).toEqual(['%5Bredacted%5D', '[redacted]']);
  });
});

describe('an element of an answer that cannot be read', () => {
  test('is refused in the open, so that the books add up', async () => {
    const deep = `{"id":77,"deep":${'['.repeat(50_000)}1234567890123456789${']'.repeat(50_000)}}`;
    const { url, close } = await loopback((_request, response) =>
      response.end(`{"rows":[${deep},{"id":2}]}`),
    );
    const world = fakeWorld();
    const run = container(world, async function* poll({ http }) {
      const records = [];
      for await (const _row of http.stream('/rows', {}, 'rows')) records.push(aFact(2, 'b'));
      yield { records, cursor: 1, isCaughtUp: true };
    });

    const first = await run({ baseUrl: url });
    const second = await run({ baseUrl: url });
    close();

    expect([first.emitted, second.emitted, second.unchanged]).toEqual([{ tiny_fact: 1, unknown: 1 }, {}, 2]);
    expect(world.stream.envelopes()[1]).toMatchObject({
      record_type: 'rejected_record',
      seq: 2,
      body: {
        seq: 2,
        digest: createHash('sha256').update(deep).digest('hex'),
        rejected_type: null,
        size_bytes: deep.length,
        reasons:
          "an element of the vendor's answer, with the id 77, could not be read: it is nested too deeply",
      },
    });
    expect(world.stream.envelopes()[2]?.body).toMatchObject({
      emitted: { tiny_fact: 1, unknown: 1 },
      requests: 1,
    });
  });
});

describe('the books', () => {
  test('have a page for a run without any', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });

    const summary = await container(world, pagesOf())();

    expect(summary).toMatchObject({ outcome: 'more', pages: 1, emitted: {} });
    expect(world.stream.envelopes()).toMatchObject([
      { record_type: 'poll_page', seq: 1, body: { first_seq: 1, is_caught_up: false, newest_fact_at: null } },
    ]);
    expect(itemOf(feeds)?.state.cursor).toBe('null');
  });

  test('have a page for a run that the vendor failed, and the cursor stays', async () => {
    const feeds = fakeFeeds();
    const world = fakeWorld({ feeds });
    await container(world, pagesOf({ records: [], cursor: 7 }))();
    const run = container(world, failing(new PollError('unexpected_response', `no rows for ${TOKEN}`)));

    const summary = await run();

    expect(summary).toMatchObject({
      outcome: 'failed',
      pages: 1,
      error: { kind: 'unexpected_response', message: 'no rows for [redacted]' },
    });
    expect(itemOf(feeds)?.state.cursor).toBe('7');
    expect(world.stream.envelopes()).toHaveLength(2);
  });

  test('add up whatever pages, repeats and refusals there are', async () => {
    const world = fakeWorld();
    const texts = ['a', 'b', 'x'.repeat(200)];
    const random = mulberry(7);
    const run = container(world, async function* poll() {
      for (let page = 0; page < 4; page += 1) {
        const records = Array.from({ length: Math.floor(random() * 9) }, () =>
          aFact(Math.floor(random() * 20), texts[Math.floor(random() * 3)]),
        );
        yield { records, cursor: page };
      }
    });

    for (let round = 0; round < 20; round += 1) {
      await run();
      world.clock.advance(60_000);
    }

    const envelopes = world.stream.envelopes();
    for (const [runId, ofRun] of Map.groupBy(envelopes, ({ run_id }) => run_id)) {
      const pages = ofRun.filter(({ record_type }) => record_type === 'poll_page');
      const emitted = pages.reduce(
        (sum, { body }) => sum + ((body.emitted as { tiny_fact?: number }).tiny_fact ?? 0),
        0,
      );
      expect([runId, ofRun.length]).toEqual([runId, emitted + pages.length]);
      expect(ofRun.map(({ seq }) => seq)).toEqual(ofRun.map((_, index) => index + 1));
    }
  });
});

/** A small generator of numbers that are the same every time. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe('unchanged facts', () => {
  test('stay home', async () => {
    const world = fakeWorld();
    const states = ['a', 'a', 'b'];
    const run = container(world, async function* poll() {
      yield { records: [aFact(1, states.shift()), aFact(2, 'x')], cursor: 1 };
    });

    const summaries = [await run(), await run(), await run()];

    expect(summaries.map(({ emitted, unchanged }) => [emitted, unchanged])).toEqual([
      [{ tiny_fact: 2 }, 0],
      [{}, 2],
      [{ tiny_fact: 1 }, 1],
    ]);
    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 a', 'tiny_fact/2 x', 'tiny_fact/1 b']);
  });

  test('of another feed are another feed’s', async () => {
    const world = fakeWorld();
    const run = container(world, pagesOf({ records: [aFact(1, 'a')], cursor: 1 }));

    await run({ feed: 'tiny:web' });
    const other = await run({ feed: 'tiny:shop' });

    expect(other.unchanged).toBe(0);
  });

  test('A, then B by another container, then A again: the last A is sent', async () => {
    const world = fakeWorld();
    const states = ['A', 'B', 'A'];
    const poll: Poll = async function* poll() {
      yield { records: [aFact(1, states.shift())], cursor: 1 };
    };
    const [one, other] = [container(world, poll), container(world, poll)];

    await one();
    await other();
    await one();

    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 A', 'tiny_fact/1 B', 'tiny_fact/1 A']);
  });

  test('A, then B by a container that dies before it saves, then A again: the last A is sent', async () => {
    const world = fakeWorld();
    const states = ['A', 'B', 'A'];
    const poll: Poll = async function* poll() {
      yield { records: [aFact(1, states.shift())], cursor: 1 };
    };
    const one = container(world, poll);
    const other = container(world, poll, {
      feeds: { ...world.feeds, save: () => Promise.reject(new Error('died')) },
    });

    await one();
    await expect(other()).rejects.toThrow('died');
    await one();

    expect(said(world.stream.envelopes())).toEqual(['tiny_fact/1 A', 'tiny_fact/1 B', 'tiny_fact/1 A']);
  });

  test('A, then B in a page that fails half-way, then A again: the last A is sent', async () => {
    const world = fakeWorld();
    const filler = Array.from({ length: 500 }, (_, index) => aFact(1000 + index));
    const pages = [[aFact(1, 'A')], [aFact(1, 'B'), ...filler], [aFact(1, 'A')]];
    const run = container(
      world,
      async function* poll() {
        yield { records: pages.shift() ?? [], cursor: 1 };
      },
      {
        stream: {
          put: (entries) =>
            world.stream.calls.length === 3 ? Promise.reject(new Error('gone')) : world.stream.put(entries),
        },
      },
    );

    await run();
    await expect(run()).rejects.toThrow('gone');
    world.stream.calls.length = 0;
    await run();

    expect(said(world.stream.envelopes()).filter((line) => line.startsWith('tiny_fact/1 '))).toEqual([
      'tiny_fact/1 A',
      'tiny_fact/1 B',
      'tiny_fact/1 A',
    ]);
  });
});
