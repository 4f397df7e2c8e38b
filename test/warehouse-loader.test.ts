/** From the landing table to the final tables: what is there afterwards, whatever came, how often and in what order. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { integer, nullable, superJson, timestamp, varchar } from '../contract/columns.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import { ledgerRecords, pollPage } from '../contract/ledger.ts';
import { defineRecord } from '../contract/record.ts';
import { createHandler } from '../warehouse/loader/load.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const bug = defineRecord({
  name: 'tiny_bug',
  version: 1,
  description: 'A bug.',
  key: ['project', 'id'],
  occurredAt: 'seen_at',
  columns: {
    project: varchar(20, 'Its project.'),
    id: integer('Its number.'),
    seen_at: timestamp('When it was seen, UTC.'),
    title: nullable(varchar(40, 'What it is called.')),
    payload: nullable(superJson(1000, 'The rest.')),
  },
});
const other: typeof bug = { ...bug, name: 'tiny_other', description: 'Another.' };
const types = [...ledgerRecords, bug, other];

interface Sighting {
  readonly id?: number;
  readonly title?: string | null;
  readonly at?: string;
  readonly run?: string;
  readonly seq?: number;
  readonly type?: typeof bug;
}

/** An envelope of a bug; what is not said is always the same. */
function sighting({
  id = 1,
  title = 'boom',
  at = '12:00:00',
  run = 'run-1',
  seq = 1,
  type = bug,
}: Sighting): Envelope {
  const body = { project: 'p', id, seen_at: '2026-11-23T10:00:00.000Z', title, payload: { id } };
  const observed_at = `2026-11-23T${at}.000Z`;
  return seal(type, body, { feed: 'tiny:feed', run_id: run, seq, observed_at });
}

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(types, marts);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

const load = () => createHandler(types, world.ports)();
const bugs = (table = 'tiny_bug') =>
  world.rows(`select id, title, _run_id from heimdallr.${table} order by id`);
const count = async (table: string): Promise<string | null | undefined> =>
  (await world.rows(`select count(*) as n from heimdallr.${table}`))[0]?.n;

describe('the loader', () => {
  test('moves rows to their tables, with receipts, and leaves landing empty', async () => {
    await world.land(sighting({ id: 1, seq: 1 }), sighting({ id: 2, seq: 2, title: null }));
    await world.land(sighting({ id: 1, seq: 3, type: other }));

    const summary = await load();

    expect(summary).toEqual({ merged: { tiny_bug: 2, tiny_other: 1 }, failed: [], unknown: {} });
    expect(await bugs()).toEqual([
      { id: '1', title: 'boom', _run_id: 'run-1' },
      { id: '2', title: null, _run_id: 'run-1' },
    ]);
    expect(await bugs('tiny_other')).toEqual([{ id: '1', title: 'boom', _run_id: 'run-1' }]);
    expect(
      await world.rows('select run_id, seq, feed, record_type from heimdallr.receipt order by seq'),
    ).toEqual([
      { run_id: 'run-1', seq: '1', feed: 'tiny:feed', record_type: 'tiny_bug' },
      { run_id: 'run-1', seq: '2', feed: 'tiny:feed', record_type: 'tiny_bug' },
      { run_id: 'run-1', seq: '3', feed: 'tiny:feed', record_type: 'tiny_other' },
    ]);
    expect(await count('landing')).toBe('0');
  });

  test('has nothing to do in an empty landing table', async () => {
    const summary = await load();

    expect(summary).toEqual({ merged: {}, failed: [], unknown: {} });
    expect(world.statements.filter((statement) => /merge|lock/.test(statement))).toEqual([]);
  });

  test('keeps the newest observation, in whatever batches they come', async () => {
    const versions = [
      sighting({ title: 'first', at: '12:00:00', run: 'run-1' }),
      sighting({ title: 'second', at: '12:01:00', run: 'run-2' }),
      sighting({ title: 'third', at: '12:02:00', run: 'run-3' }),
    ];
    for (const batches of [[[0, 1, 2]], [[2, 0], [1]], [[1], [2], [0]], [[2], [1], [0], [0, 1, 2]]]) {
      await world.empty();

      for (const batch of batches) {
        await world.land(...batch.flatMap((index) => versions[index] ?? []));
        await load();
      }

      expect(await bugs()).toEqual([{ id: '1', title: 'third', _run_id: 'run-3' }]);
    }
  });

  test('books a record once, however often it lands', async () => {
    const record = sighting({});

    await world.land(record, record);
    await load();
    await world.land(record, record, record);
    await load();

    expect([await count('tiny_bug'), await count('receipt')]).toEqual(['1', '1']);
  });

  test('gives the same table whatever is repeated and whatever the order', async () => {
    const history = fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 3 }),
        minute: fc.integer({ min: 0, max: 5 }),
        run: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.nat(4),
        async (facts, order, cuts) => {
          const records = facts.map(({ id, minute, run }, index) =>
            // What was observed at one time by one run is one thing.
            sighting({
              id,
              title: `${minute} ${run}`,
              at: `12:0${minute}:00`,
              run: `run-${run}`,
              seq: index + 1,
            }),
          );
          const repeated = [...records, ...order.map((at) => records[at % records.length] ?? records[0])];
          const shuffled = repeated
            .map((record, index) => ({
              record,
              rank: ((order[index % (order.length || 1)] ?? 0) * 7919 + index * 31) % 97,
            }))
            .toSorted((one, two) => one.rank - two.rank)
            .flatMap(({ record }) => record ?? []);
          await world.empty();

          const size = Math.ceil(shuffled.length / (cuts + 1));
          for (let at = 0; at < shuffled.length; at += size) {
            await world.land(...shuffled.slice(at, at + size));
            await load();
          }

          const newest = Map.groupBy(records, (record) => record.record_key);
          const expected = [...newest.values()].map(
            (versions) =>
              versions
                .map(({ body, run_id, observed_at }) => ({
                  id: String(body.id),
                  title: body.title,
                  _run_id: run_id,
                  observed_at,
                }))
                .toSorted((one, two) =>
                  `${one.observed_at} ${one._run_id}` < `${two.observed_at} ${two._run_id}` ? 1 : -1,
                )[0],
          );
          expect(await bugs()).toEqual(
            expected
              .map((row) => ({ id: row?.id, title: row?.title, _run_id: row?._run_id }))
              .toSorted((one, two) => Number(one.id) - Number(two.id)),
          );
          expect(await count('receipt')).toBe(String(records.length));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('does not let a type that fails keep the others from their tables', async () => {
    const good = sighting({ id: 7, seq: 2, type: other });
    const bad = { ...sighting({}), body: { ...sighting({}).body, id: 'seven' } };
    await world.land(bad, good);

    const failure = await load().catch((error: unknown) => String(error));

    expect(failure).toBe(
      'Error: tiny_bug version 1 stays in the landing table: cannot cast SUPER attribute "id" of type string to integer',
    );
    expect(await bugs('tiny_other')).toEqual([{ id: '7', title: 'boom', _run_id: 'run-1' }]);
    expect([await count('tiny_bug'), await count('landing'), await count('receipt')]).toEqual([
      '0',
      '1',
      '1',
    ]);
    expect(world.published).toContainEqual({
      dimensions: { record_type: 'tiny_bug' },
      values: { MergeFailed: 1 },
    });
  });

  test.each([
    ['a missing attribute', { seen_at: undefined }, 'violates not-null constraint'],
    ['text that is too wide', { title: 'x'.repeat(41) }, 'value too long for type character varying(40)'],
    ['text that is too wide in bytes', { title: 'é'.repeat(21) }, 'violates check constraint'],
    ['null where there must be a value', { seen_at: null }, 'violates not-null constraint'],
    ['text that is no time', { seen_at: 'soon' }, 'invalid input syntax for type timestamp'],
  ])('fails loudly on %s rather than load something else', async (_, change, expected) => {
    const record = sighting({});
    await world.land({ ...record, body: JSON.parse(JSON.stringify({ ...record.body, ...change })) });

    const failure = await load().catch((error: unknown) => String(error));

    expect(failure).toContain(expected);
    expect([await count('tiny_bug'), await count('landing')]).toEqual(['0', '1']);
  });

  test('loads a body from before a nullable column was added', async () => {
    const { title: _, ...older } = sighting({}).body;
    await world.land({ ...sighting({}), body: older });

    await load();

    expect(await bugs('tiny_bug')).toEqual([{ id: '1', title: null, _run_id: 'run-1' }]);
    expect(await count('landing')).toBe('0');
  });

  test('leaves rows of unknown types and versions where they are, and counts them', async () => {
    await world.land(
      { ...sighting({}), record_type: 'from_the_future' },
      { ...sighting({ seq: 2 }), record_version: 2 },
      sighting({ seq: 3 }),
    );

    const summary = await load();

    expect(summary).toEqual({
      merged: { tiny_bug: 1 },
      failed: [],
      unknown: { 'from_the_future version 1': 1, 'tiny_bug version 2': 1 },
    });
    expect(await count('landing')).toBe('2');
    expect(world.published).toContainEqual({
      dimensions: {},
      values: { LandingRows: 3, LandingUnknown: 2, MergeFailed: 0 },
    });
  });
});

describe('the books', () => {
  const MINUTE = 60_000;

  /** The poll_page of a run of a feed, so many minutes ago. */
  function page(feed: string, minutesAgo: number): Envelope {
    const polled_at = new Date(world.clock.now.getTime() - minutesAgo * MINUTE).toISOString();
    const run_id = `run-${feed}-${minutesAgo}`;
    const body = {
      run_id,
      page: 1,
      producer: 'tiny',
      polled_at,
      first_seq: 1,
      emitted: {},
      unchanged: 0,
      requests: 1,
      is_caught_up: true,
      newest_fact_at: null,
    };
    return seal(pollPage, body, { feed, run_id, seq: 1, observed_at: polled_at });
  }

  const published = (name: string) =>
    world.published
      .filter(({ values }) => name in values)
      .map(({ dimensions, values }) => ({ ...dimensions, ...values }));

  test('say how old the newest page of each feed is', async () => {
    await world.land(
      page('tiny:a', 5),
      page('tiny:a', 2),
      page('tiny:b', 60),
      page('tiny:gone', 9 * 24 * 60),
    );

    await load();

    expect(published('FreshnessSeconds')).toEqual([
      { feed: 'tiny:a', FreshnessSeconds: 120 },
      { feed: 'tiny:b', FreshnessSeconds: 3600 },
    ]);
  });

  test('count the runs that miss records', async () => {
    const incomplete = page('tiny:a', 90);
    await world.land(
      { ...incomplete, seq: 4, body: { ...incomplete.body, emitted: { tiny_bug: 3 } } },
      page('tiny:a', 80),
    );
    await world.land(sighting({ run: incomplete.run_id, seq: 2 }));

    await load();

    expect(published('RunsLate')).toEqual([{ RunsLate: 1, RecordsMissing: 2 }]);
    expect(world.logged.filter(([message]) => message === 'a run is late')).toEqual([
      ['a run is late', { feed: 'tiny:a', run_id: incomplete.run_id, record_type: 'tiny_bug', missing: 2 }],
    ]);
  });

  test('are pruned after a month, receipts and pages together, in the hour after midnight', async () => {
    const old = page('tiny:a', 31 * 24 * 60);
    const young = page('tiny:a', 10);
    await world.land(old, young);
    const midnight = new Date(world.clock.now);
    midnight.setUTCHours(0, 59, 0, 0);
    const noon = new Date(world.clock.now);
    noon.setUTCHours(12, 0, 0, 0);

    world.clock.now = noon;
    await load();
    const atNoon = [await count('receipt'), await count('poll_page')];
    world.clock.now = midnight;
    await load();

    expect(atNoon).toEqual(['2', '2']);
    expect([await count('receipt'), await count('poll_page')]).toEqual(['1', '1']);
    expect(await world.rows('select distinct run_id from heimdallr.receipt')).toEqual([
      { run_id: young.run_id },
    ]);
  });

  test('that cannot be kept fail the run after the rows were moved', async () => {
    await world.land(sighting({}));
    await world.database.query('alter view heimdallr.ledger rename to ledger_of_old');

    const failure = await load().catch((error: unknown) => String(error));

    await world.database.query('alter view heimdallr.ledger_of_old rename to ledger');
    expect(failure).toContain('the books could not be kept: relation "heimdallr.ledger" does not exist');
    expect(await count('tiny_bug')).toBe('1');
  });
});
