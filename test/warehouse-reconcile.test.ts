/** Counts at the source against the final tables: what is missing, what explains it, and when nobody may be alarmed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { integer, timestamp, varchar } from '../contract/columns.ts';
import { countRecord, type SourceCount } from '../contract/count.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import { ledgerRecords, pollPage, rejectedRecord } from '../contract/ledger.ts';
import { defineRecord, type Emitted, emit } from '../contract/record.ts';
import { createHandler } from '../warehouse/loader/load.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const FEED = 'tiny:web';
const release = defineRecord({
  name: 'tiny_release',
  version: 1,
  description: 'A release.',
  key: ['app', 'number'],
  occurredAt: 'at',
  columns: {
    app: varchar(20, 'Its app.'),
    number: integer('Counted per app, without gaps.'),
    at: timestamp('When it was made.'),
  },
});
const types = [...ledgerRecords, release];

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(types, marts);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The hour that is counted, and its beginning. */
const HOUR_AGO = new Date(Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR);
const at = (minutes: number): string => new Date(HOUR_AGO.getTime() + minutes * MINUTE).toISOString();
const before = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE);

let run = 0;
/** A run of the feed that put these on the stream: their envelopes with the page's own. */
function aRun(
  records: readonly Emitted[],
  page: { at: Date; walk?: string; isCaughtUp?: boolean },
): Envelope[] {
  run += 1;
  const run_id = `run-${String(run).padStart(4, '0')}`;
  const origin = { feed: FEED, run_id, observed_at: page.at.toISOString() };
  const counted: Record<string, number> = {};
  for (const { type } of records) counted[type.name] = (counted[type.name] ?? 0) + 1;
  const entry = emit(pollPage, {
    ...{ run_id, page: 1, producer: 'tiny', walk: page.walk ?? null, polled_at: page.at.toISOString() },
    ...{ first_seq: 1, emitted: counted, unchanged: 0, requests: 1, newest_fact_at: null },
    is_caught_up: page.isCaughtUp ?? true,
  });
  return [...records, entry].map(({ type, values }, index) =>
    seal(type, values as Envelope['body'], { ...origin, seq: index + 1 }),
  );
}

const made = (number: number, minutes = number, app = 'a'): Emitted =>
  emit(release, { app, number, at: at(minutes) });
const releases = (...numbers: readonly number[]): Emitted[] => numbers.map((number) => made(number));

/** The run, with the release of this number refused by the transform. */
const refused = (envelopes: readonly Envelope[], number: number): Envelope[] =>
  envelopes.map((envelope) => {
    if (envelope.record_key !== `a/${number}`) return envelope;
    const { run_id, seq, feed, observed_at, record_key } = envelope;
    const body = {
      ...{
        run_id,
        seq,
        digest: run_id,
        rejected_type: release.name,
        rejected_version: 1,
        rejected_key: record_key,
      },
      ...{ happened_at: at(number), rejected_at: observed_at, size_bytes: 1, reasons: 'too wide' },
      truncated_fields: null,
    };
    return seal(rejectedRecord, body, { feed, run_id, seq, observed_at });
  });

/** The vendor says it holds so many in the hour. */
const byTime = (count: number): SourceCount => ({
  ...{ type: release, column: 'at', count, since: HOUR_AGO },
  ...{ from: HOUR_AGO, to: new Date(HOUR_AGO.getTime() + HOUR) },
});
/** The vendor says its newest is the one before `to`. */
const byNumber = (to: number, app = 'a'): SourceCount => ({
  type: release,
  column: 'number',
  from: 1,
  to,
  count: to - 1,
  scope: { app },
  since: HOUR_AGO,
});

const count = (counted: SourceCount, when: Date): Envelope[] =>
  aRun([countRecord(FEED, counted, when)], { at: when, walk: 'repair', isCaughtUp: false });

const load = () => createHandler(types, world.ports)();
const outcome = () =>
  world.rows(
    'select at_source, in_warehouse, rejected, missing, repaired, status from heimdallr.reconciliation order by span_column, scope',
  );
const row = (at_source: number, in_warehouse: number, status: string, rest: object = {}) => ({
  ...{
    at_source: String(at_source),
    in_warehouse: String(in_warehouse),
    rejected: '0',
    missing: '0',
    repaired: '0',
  },
  status,
  ...rest,
});
const left = () => (world.repairs.get(FEED) ?? []).map(({ missing, since }) => [missing, since]);
const unreconciled = () =>
  world.published
    .filter(
      ({ dimensions, values }) => 'RecordsUnreconciled' in values && Object.keys(dimensions).length === 0,
    )
    .map(({ values }) => Object.values(values)[0])
    .at(-1);

describe.each<[string, (count: number) => SourceCount]>([
  ['by time', byTime],
  ['by consecutive numbers', (count) => byNumber(count + 1)],
])('a count %s', (_name, counted) => {
  test('that the table equals says so', async () => {
    await world.land(...aRun(releases(1, 2, 3), { at: before(30) }), ...count(counted(3), before(20)));
    await world.land(...aRun([], { at: before(10) }));

    await load();

    expect(await outcome()).toEqual([row(3, 3, 'equal')]);
    expect([...world.repairs]).toEqual([[FEED, []]]);
    expect(unreconciled()).toBe(0);
  });

  test('that finds less has the span read again, and the row says that it was repaired', async () => {
    await world.land(...aRun(releases(1, 2, 3), { at: before(50) }), ...count(counted(3), before(40)));
    await world.land(...aRun([], { at: before(39) }));
    await load();
    await world.database.query('delete from heimdallr.tiny_release where number in (2, 3)');
    await world.land(...count(counted(3), before(30)), ...aRun([], { at: before(29) }));
    await load();
    const found = [await outcome(), left()];

    await world.land(...aRun(releases(1, 2, 3), { at: before(20), walk: 'repair' }));
    await world.land(...count(counted(3), before(19)), ...aRun([], { at: before(18) }));
    await load();

    expect(found).toEqual([[row(3, 1, 'differs', { missing: '2' })], [[2, HOUR_AGO.toISOString()]]]);
    expect(await outcome()).toEqual([row(3, 3, 'repaired', { repaired: '2' })]);
    expect(left()).toEqual([]);
    expect(unreconciled()).toBe(0);
  });

  test('that differs for good is a metric, and is not read again for ever', async () => {
    await world.land(...aRun(releases(1), { at: before(59) }));
    const seen: unknown[] = [];
    for (const minutes of [50, 40, 30]) {
      await world.land(...count(counted(2), before(minutes)), ...aRun([], { at: before(minutes - 1) }));
      await load();
      seen.push([(await outcome())[0]?.status, left().length, unreconciled()]);
    }

    expect(seen).toEqual([
      ['differs', 1, 0],
      ['differs', 1, 0],
      ['stays', 0, 1],
    ]);
    expect(world.published).toContainEqual({
      dimensions: { feed: FEED },
      values: { RecordsUnreconciled: 1 },
    });
  });

  test('is compared once, and does not count as another attempt when nothing new was counted', async () => {
    await world.land(...count(counted(2), before(20)), ...aRun([], { at: before(10) }));

    for (let times = 0; times < 5; times += 1) await load();

    expect(await outcome()).toEqual([row(2, 0, 'differs', { missing: '2' })]);
    expect(world.statements.filter((text) => text.startsWith('insert into compared'))).toHaveLength(1);
  });

  test('that finds more here is no loss: the source has deleted some', async () => {
    await world.land(...aRun(releases(1, 2, 3), { at: before(30) }), ...count(counted(2), before(20)));
    await world.land(...aRun([], { at: before(10) }));

    await load();

    expect((await outcome())[0]).toMatchObject(
      counted(2).column === 'at' ? row(2, 3, 'surplus') : row(2, 2, 'equal'),
    );
  });

  test('is explained by what was rejected', async () => {
    // Polled and refused, and once more by a walk.
    await world.land(...refused(aRun(releases(1, 2), { at: before(30) }), 2));
    await world.land(...refused(aRun(releases(2), { at: before(25), walk: 'repair' }), 2));
    await world.land(...count(counted(2), before(20)), ...aRun([], { at: before(10) }));

    await load();

    expect(await outcome()).toEqual([row(2, 1, 'equal', { rejected: '1' })]);
  });
});

describe('a count is not compared', () => {
  test.each<[string, () => Envelope[]]>([
    ['before a later page of the polling is there', () => aRun([], { at: before(21) })],
    ['while the polling is behind', () => aRun([], { at: before(10), isCaughtUp: false })],
    ['by the page of a walk', () => aRun([], { at: before(10), walk: 'backfill' })],
    [
      'while records of an earlier run are under way',
      () => [
        ...aRun(releases(1, 2), { at: before(22) }).filter(({ record_key }) => record_key !== 'a/2'),
        ...aRun([], { at: before(10) }),
      ],
    ],
  ])('%s', async (_name, later) => {
    await world.land(...count(byTime(2), before(20)), ...later());

    await load();

    expect(await outcome()).toEqual([]);
    expect(world.repairs.size).toBe(0);
  });

  test('while rows of its type cannot be merged', async () => {
    await world.land(...count(byTime(1), before(20)), ...aRun([], { at: before(10) }));
    const [bad] = aRun(releases(1), { at: before(30) });
    await world.land({ ...bad, body: { ...bad?.body, at: 'soon' } } as Envelope);

    await expect(load()).rejects.toThrow('tiny_release version 1 stays');

    expect(await outcome()).toEqual([]);
  });
});

test('spans of two apps are told apart by their scope', async () => {
  const other = [made(1, 1, 'b'), made(2, 2, 'b')];
  await world.land(...aRun([...releases(1, 2, 3), ...other], { at: before(30) }));
  await world.land(...count(byNumber(4), before(20)), ...count(byNumber(4, "b'"), before(20)));
  await world.land(...count(byNumber(4, 'b'), before(20)), ...aRun([], { at: before(10) }));

  await load();

  expect(await outcome()).toEqual(
    [row(3, 3, 'equal'), row(3, 2, 'differs', { missing: '1' }), row(3, 0, 'differs', { missing: '3' })].map(
      (each) => expect.objectContaining(each),
    ),
  );
  expect(left()).toHaveLength(2);
});

test.each<[string, Partial<SourceCount>, string]>([
  ['of a column that is not there', { column: 'when' }, 'it is not declared'],
  ['of text', { column: 'app' }, 'it is varchar'],
  ['with numbers for instants', { column: 'at' }, 'its bounds must be instants'],
  ['of nothing', { to: 1 }, 'the span is empty'],
  ['below zero', { count: -1 }, 'the number of facts is -1'],
  ['with a scope that is not there', { scope: { project: 1 } }, 'its scope names project'],
])('a count %s is a mistake of the producer', (_name, change, message) => {
  expect(() => countRecord(FEED, { ...byNumber(4), ...change }, new Date())).toThrow(message);
});
