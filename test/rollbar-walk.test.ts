/** Nothing is lost under any reading of `lastId`: laws over random projects, and the traps one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cursor } from '../producers/rollbar/cursor.ts';
import { nextStep, type Position, type Sighting } from '../producers/rollbar/walk.ts';
import {
  cursorOf,
  type Ordering,
  occurrenceIds,
  pagesOf,
  poll,
  type Row,
  START,
  type Vendor,
  vendor,
  visible,
} from './rollbar-vendor.ts';

const orderings: readonly Ordering[] = ['H1', 'H2', 'H3'];

/** A generator of numbers in [0, 1) that fast-check's seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Habits {
  readonly seconds: number;
  readonly perMinute: number;
  /** How far ids run ahead of their time. */
  readonly inversion: number;
  /** Share of rows that are seen up to nine minutes late. */
  readonly late: number;
}

/** Rows received evenly at random, some in bursts within one second, oldest first. */
function randomRows(random: () => number, { seconds, perMinute, inversion, late }: Habits): Row[] {
  const rows: Row[] = [];
  const ids = new Set<number>();
  const count = Math.round((seconds / 60) * perMinute);
  let received = 0;
  for (let index = 0; index < count; index += 1) {
    if (random() < 0.9) received = random() * seconds;
    const ahead = random() < 0.3 ? random() * inversion : 0;
    let id = Math.floor((START - 1_788_000_000 + received + ahead) * 1000) * 10;
    while (ids.has(id)) id += 1;
    ids.add(id);
    const delay = random() < late ? random() * 540 : random() * 5;
    rows.push({ id, timestamp: Math.floor(START + received), visibleAt: START + received + delay });
  }
  return rows;
}

describe('one walk', () => {
  const orderedPages = fc.record({
    seed: fc.integer(),
    ordering: fc.constantFrom(...orderings),
    limit: fc.constantFrom(20, 50, 97),
    inversion: fc.constantFrom(0, 2, 30),
    perMinute: fc.constantFrom(3, 30, 200),
  });

  test('reads every row above the floor under every reading of lastId', async () => {
    await fc.assert(
      fc.asyncProperty(orderedPages, async ({ seed, ordering, limit, inversion, perMinute }) => {
        const rows = randomRows(randomFrom(seed), { seconds: 900, perMinute, inversion, late: 0 });
        const server = vendor(ordering, rows);
        server.clock = START + 2000;
        const floor = { floor_id: null, floor_time: START + 200 };

        const seen = await walkAll(server, { before: null, limit, floor, known: new Set() });

        const wanted = rows.filter(({ timestamp }) => timestamp >= floor.floor_time);
        expect(wanted.filter(({ id }) => !seen.has(BigInt(id)))).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });

  async function walkAll(server: Vendor, from: Position): Promise<Set<bigint>> {
    const seen = new Set<bigint>();
    let position = from;
    for (let pages = 0; pages < 2000; pages += 1) {
      const page: Sighting[] = [];
      const query = {
        limit: position.limit,
        lastId: position.before === null ? undefined : String(position.before),
      };
      for await (const row of server.http.stream('/api/1/instances', query, 'instances')) {
        const { id, timestamp } = row as { id: number; timestamp: number };
        page.push({ id: BigInt(id), seconds: timestamp });
      }
      for (const { id } of page) seen.add(id);
      const step = nextStep(position, page, page.length);
      if (step.kind === 'end') return seen;
      const known = new Set(page.map(({ id }) => id));
      position =
        step.kind === 'wider'
          ? { ...position, limit: step.limit, known }
          : { ...position, before: step.before, known };
    }
    throw new Error('the walk does not end');
  }

  const floor = { floor_id: '50', floor_time: 1000 };
  const at = (before: bigint | null, limit: number): Position => ({ before, limit, floor, known: new Set() });

  test('goes down to the smallest id of the rows more than a minute newer than the oldest', () => {
    const page = [
      { id: 99n, seconds: 2000 },
      { id: 95n, seconds: 1961 },
      { id: 97n, seconds: 1961 },
      { id: 96n, seconds: 1960 },
      { id: 90n, seconds: 1900 },
    ];

    const step = nextStep(at(null, 5), page, 5);

    expect(step).toEqual({ kind: 'down', before: 95n, isDegraded: false, isStuck: false });
  });

  test('asks for more rows when a page lies within a minute, at once for most when it is short', () => {
    const page = [
      { id: 99n, seconds: 2000 },
      { id: 98n, seconds: 1990 },
    ];

    const steps = [
      nextStep(at(null, 2), page, 2),
      nextStep(at(null, 4000), page, 4000),
      nextStep(at(null, 3), page, 2),
    ];

    expect(steps).toEqual([
      { kind: 'wider', limit: 4 },
      { kind: 'wider', limit: 5000 },
      { kind: 'wider', limit: 5000 },
    ]);
  });

  test('is degraded, and still goes down, when the largest page lies within a minute', () => {
    const step = nextStep(at(null, 5000), [{ id: 99n, seconds: 2000 }], 5000);

    expect(step).toEqual({ kind: 'down', before: 99n, isDegraded: true, isStuck: false });
  });

  test('ends at an empty page and at one that lies below the floor altogether, and at nothing else', () => {
    const below = { id: 40n, seconds: 900 };

    const ends = [
      nextStep(at(60n, 100), [], 0),
      nextStep(at(60n, 100), [below], 1),
      nextStep(at(60n, 100), [below, { id: 51n, seconds: 900 }], 2),
      nextStep(at(60n, 100), [below, { id: 41n, seconds: 1000 }], 2),
      nextStep(at(60n, 100), [below, { id: 41n, seconds: 950 }], 2),
    ].map(({ kind }) => kind === 'end');

    expect(ends).toEqual([true, true, false, false, false]);
  });

  test('always goes down, even when the page offers no smaller id', () => {
    const page = [
      { id: 99n, seconds: 2000 },
      { id: 80n, seconds: 1900 },
    ];

    const steps = [
      nextStep(at(80n, 2), page, 2),
      nextStep({ ...at(90n, 2), known: new Set([80n, 99n]) }, page, 2),
    ];

    expect(steps).toEqual([
      { kind: 'down', before: 79n, isDegraded: false, isStuck: true },
      { kind: 'down', before: 80n, isDegraded: false, isStuck: true },
    ]);
  });
});

describe('polling every minute', () => {
  const minutes = fc.record({
    seed: fc.integer(),
    ordering: fc.constantFrom(...orderings),
    inversion: fc.constantFrom(0, 2, 30),
    perMinute: fc.constantFrom(1, 20, 90),
    late: fc.constantFrom(0, 0.05),
    crashes: fc.constantFrom(0, 0.3),
    deletions: fc.constantFrom(0, 0.3),
    shortPages: fc.boolean(),
  });

  test('loses nothing, whatever is late, deleted or cut short, and wherever it crashes', async () => {
    await fc.assert(
      fc.asyncProperty(minutes, async ({ seed, ordering, perMinute, inversion, late, ...faults }) => {
        const random = randomFrom(seed);
        const rows = randomRows(random, { seconds: 2400, perMinute, inversion, late });
        const server = vendor(ordering, rows);
        const since = START + 300;
        server.clock = START + 900;
        server.isHidden = ({ id }) => faults.shortPages && id % 7 < 3;
        server.disturb = () => {
          const victim = rows[Math.floor(random() * rows.length)];
          if (victim !== undefined && random() < faults.deletions) victim.deletedAt = server.clock;
        };
        const seen = new Set<number>();
        let saved: Cursor | null = null;

        for (; server.clock < START + 3200; server.clock += 60) {
          saved = await runUntilCrash(server, saved, since, seen, () => random() < faults.crashes);
        }
        server.disturb = () => {};
        saved = await runUntilCrash(server, saved, since, seen, () => false);

        const wanted = visible(server).filter((row) => row.timestamp >= since && !server.isHidden(row));
        expect(wanted.filter(({ id }) => !seen.has(id))).toEqual([]);
        expect(rows.filter(({ id, timestamp }) => seen.has(id) && timestamp < since)).toEqual([]);
        expect(saved?.spans).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  /** A run that may end after any page, before or after its cursor is saved; answers the cursor saved last. */
  async function runUntilCrash(
    server: Vendor,
    from: Cursor | null,
    since: number,
    seen: Set<number>,
    crashes: () => boolean,
  ): Promise<Cursor | null> {
    let saved = from;
    for await (const page of poll(server, { cursor: saved, sinceSeconds: since })) {
      if (crashes()) return saved;
      for (const id of occurrenceIds([page])) seen.add(id);
      if (crashes()) return saved;
      expect(JSON.stringify(page.cursor).length).toBeLessThan(4096);
      expect(isBack(page.cursor, saved)).toBe(false);
      saved = page.cursor;
    }
    return saved;
  }

  function isBack(next: Cursor, last: Cursor | null): boolean {
    if (last === null) return false;
    const [a, b] = [next.head, last.head];
    const isIdBack =
      b.newest_id !== null && (a.newest_id === null || BigInt(a.newest_id) < BigInt(b.newest_id));
    const isDeployBack = next.deploys.read_to < last.deploys.read_to;
    return (
      isIdBack ||
      isDeployBack ||
      a.read_to < b.read_to ||
      a.widened_at < b.widened_at ||
      next.start !== last.start
    );
  }

  test('a crash after any page of a long walk loses nothing, and later runs read the head first', async () => {
    for (const ordering of orderings) {
      const rows = randomRows(randomFrom(7), { seconds: 3000, perMinute: 60, inversion: 20, late: 0 });
      const whole = await pagesOf(atEnd(vendor(ordering, rows)), { sinceSeconds: START });

      for (let pages = 1; pages < whole.length; pages += 1) {
        const before = whole.slice(0, pages);
        const server = atEnd(vendor(ordering, rows));
        const after = await pagesOf(server, { cursor: cursorOf(before) });

        const seen = new Set([...occurrenceIds(before), ...occurrenceIds(after)]);
        expect(rows.filter(({ id }) => !seen.has(id))).toEqual([]);
        expect(server.requests[0]?.query.lastId).toBeUndefined();
      }
      expect(whole.length).toBeGreaterThan(5);
    }
  });

  function atEnd(server: Vendor): Vendor {
    server.clock = START + 3100;
    return server;
  }

  test('polling again from the last cursor finds nothing but the look-back', async () => {
    const server = atEnd(
      vendor('H2', randomRows(randomFrom(3), { seconds: 3000, perMinute: 60, inversion: 20, late: 0 })),
    );
    const cursor = cursorOf(await pagesOf(server, { sinceSeconds: START }));

    const again = await pagesOf(server, { cursor });

    const timeOf = new Map(server.rows.map(({ id, timestamp }) => [id, timestamp]));
    const ids = occurrenceIds(again);
    expect(ids.filter((id) => (timeOf.get(id) ?? 0) < cursor.head.read_to - 600)).toEqual([]);
    expect(ids.length).toBe(new Set(ids).size);
    expect(cursorOf(again)).toEqual(cursor);
    expect(again.at(-1)?.isCaughtUp).toBe(true);
  });

  test('a run at the head of a steady project costs two requests for occurrences', async () => {
    const rows = randomRows(randomFrom(11), { seconds: 7200, perMinute: 60, inversion: 20, late: 0.01 });
    const server = vendor('H1', rows);
    server.clock = START + 3000;
    let cursor = cursorOf(await pagesOf(server, { sinceSeconds: START + 2000 }));
    for (let run = 0; run < 5; run += 1) {
      server.clock += 60;
      cursor = cursorOf(await pagesOf(server, { cursor }));
    }
    server.requests.length = 0;
    server.clock += 60;

    await pagesOf(server, { cursor });

    const asked = server.requests.filter(({ path }) => path === '/api/1/instances');
    expect(asked.map(({ query }) => query.limit)).toEqual([cursor.head.limit, 100]);
    expect(cursor.head.limit).toBeGreaterThan(700);
    expect(cursor.head.limit).toBeLessThan(1100);
  });

  test('once an hour, rows that appeared an hour late are found', async () => {
    const steady = randomRows(randomFrom(5), { seconds: 3 * 3600, perMinute: 5, inversion: 0, late: 0 });
    const late: Row = { id: 2_600_000_001, timestamp: START + 300, visibleAt: START + 300 + 6900 };
    const server = vendor('H2', [...steady, late]);
    server.clock = START + 600;
    let cursor = cursorOf(await pagesOf(server, { sinceSeconds: START }));
    const seen: number[] = [];

    for (; server.clock < START + 3 * 3600; server.clock += 60) {
      const pages = await pagesOf(server, { cursor });
      cursor = cursorOf(pages);
      seen.push(...occurrenceIds(pages));
    }

    expect(seen).toContain(late.id);
  });

  test('spans of runs that were cut short are merged, never dropped', async () => {
    const rows = randomRows(randomFrom(9), { seconds: 6000, perMinute: 90, inversion: 20, late: 0 });
    const server = vendor('H3', rows);
    const seen = new Set<number>();
    let cursor: Cursor | null = null;
    for (let clock = START + 600; clock < START + 6000; clock += 600) {
      server.clock = clock;
      for await (const page of poll(server, { cursor, sinceSeconds: START })) {
        cursor = page.cursor;
        for (const id of occurrenceIds([page])) seen.add(id);
        break;
      }
    }
    const spans = cursor?.spans.length;
    server.clock = START + 6100;

    for (const id of occurrenceIds(await pagesOf(server, { cursor }))) seen.add(id);

    expect(spans).toBe(5);
    expect(rows.filter(({ id }) => !seen.has(id))).toEqual([]);
  });

  test('an ignored lastId is noticed, and the newest rows are still delivered', async () => {
    const rows = randomRows(randomFrom(2), { seconds: 3000, perMinute: 60, inversion: 20, late: 0 });
    for (const count of [3000, 40]) {
      const server = atEnd(vendor('H2', rows.slice(0, count)));
      server.ignoresLastId = true;
      const seen: number[] = [];

      const run = (async () => {
        for await (const page of poll(server, { sinceSeconds: START })) seen.push(...occurrenceIds([page]));
      })();

      await expect(run).rejects.toMatchObject({
        name: 'PollError',
        kind: 'unexpected_response',
        message: expect.stringContaining('seems to ignore lastId'),
      });
      expect(seen.length).toBeGreaterThanOrEqual(40);
      expect(server.requests.length).toBeLessThan(15);
    }
  });

  test('an empty project is caught up, and its first row is found whenever it comes', async () => {
    const server = vendor('H1');
    const first = await pagesOf(server);
    server.rows.push({ id: 5_000_000_000, timestamp: START + 90_000, visibleAt: START + 90_002 });
    server.clock = START + 90_060;

    const second = await pagesOf(server, { cursor: cursorOf(first) });

    expect(first.at(-1)?.isCaughtUp).toBe(true);
    expect(occurrenceIds(second)).toEqual([5_000_000_000]);
  });
});
