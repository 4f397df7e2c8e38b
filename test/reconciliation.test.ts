/**
 * Reconciliation from end to end: a vendor that counts, the function that asks it, and the loader that compares. Rows
 * are lost on the way, or out of the table, and come back by themselves.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import type { FeedEvent, RunSummary } from '../contract/feed.ts';
import { REPAIR, walkKey } from '../contract/feed.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { createHandler as createProducer } from '../producers/handler.ts';
import rollbar from '../producers/rollbar/index.ts';
import { startSimulator } from '../producers/rollbar/simulator.ts';
import { createHandler as createLoader } from '../warehouse/loader/load.ts';
import { anEvent, fakeClock, fakeFeeds, fakeWorld } from './producer-fakes.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const FEED = 'rollbar:web';
const KEY = walkKey(FEED, REPAIR);
const MINUTE = 60_000;
const types = [...ledgerRecords, ...rollbar.records];

let warehouse: World;
beforeAll(async () => {
  warehouse = await openWarehouse();
  await warehouse.reset(types, marts);
});
afterAll(() => warehouse.database.close());

/** Everything but the cloud: the vendor, the producer's function, a table of cursors that both sides see, the loader. */
async function pipeline() {
  await warehouse.empty();
  const clock = fakeClock(Date.now() - 3 * MINUTE);
  const vendor = await startSimulator({
    now: () => clock.now().getTime(),
    occurrences: 400,
    sinceHours: 8,
    livePerMinute: 5,
    late: { fraction: 0.05, maxSeconds: 500 },
  });
  onTestFinished(() => vendor.close());
  const feeds = fakeFeeds();
  const world = fakeWorld({ clock, feeds });
  const handle = createProducer(rollbar, {
    ...world.ports,
    feeds: {
      ...feeds,
      async acquire(feed, ...lease) {
        const state = await feeds.acquire(feed, ...lease);
        const spans = warehouse.repairs.get(FEED);
        return state === null || feed !== KEY || spans === undefined
          ? state
          : { ...state, spans: JSON.stringify(spans) };
      },
    },
  });
  let landed = 0;
  return {
    clock,
    vendor,
    async run(event: Partial<FeedEvent> = {}): Promise<RunSummary> {
      clock.advance(1000);
      const summary = await handle(anEvent({ feed: FEED, baseUrl: vendor.url, since: '6h', ...event }), {
        getRemainingTimeInMillis: () => 60_000,
      });
      clock.advance(1000);
      return summary;
    },
    /** Lands what is on the stream, but for what gets lost on the way, and loads it. */
    async load(isLost: (key: string) => boolean = () => false): Promise<void> {
      const arrived = world.stream.envelopes().slice(landed);
      landed += arrived.length;
      await warehouse.land(...arrived.filter(({ record_key }) => !isLost(record_key)));
      await createLoader(types, warehouse.ports)();
    },
  };
}

const outcomes = async (): Promise<Record<string, number>> => {
  const rows = await warehouse.rows(
    'select status, count(*) as n from heimdallr.reconciliation group by status order by status',
  );
  return Object.fromEntries(rows.map(({ status, n }) => [status ?? '', Number(n)]));
};
/** Those that are no longer news. */
const occurrences = async (): Promise<number> =>
  Number(
    (
      await warehouse.rows(
        "select count(*) as n from heimdallr.rollbar_occurrence where occurred_at < redshift.getdate() - interval '2 hours'",
      )
    )[0]?.n,
  );
const repaired = async () =>
  warehouse.rows(
    "select sum(repaired) as repaired, sum(missing) as missing from heimdallr.reconciliation where status = 'repaired'",
  );

test('rows that were deleted by hand come back, and their spans say that they were repaired', async () => {
  const given = await pipeline();
  await given.run();
  await given.run({ task: 'reconcile' });
  await given.run();
  await given.load();
  const before = [await outcomes(), await occurrences()];
  const affected = await lose(
    "occurred_at < getdate() - interval '3 hours' and occurred_at > getdate() - interval '5 hours'",
  );

  await given.run({ task: 'reconcile' });
  await given.run();
  await given.load();
  const found = await outcomes();
  const counting = await given.run({ task: 'reconcile' });
  await given.run();
  await given.load();

  expect(Object.keys(before[0] ?? {})).toEqual(['equal']);
  expect(affected).toBeGreaterThan(50);
  expect(found.differs).toBeGreaterThan(1);
  expect(counting).toMatchObject({ outcome: 'caught_up', walk: REPAIR, error: null });
  expect(await occurrences()).toBe(before[1]);
  expect(await outcomes()).toEqual({ equal: found.equal, repaired: found.differs });
  expect(await repaired()).toEqual([{ repaired: String(affected), missing: '0' }]);
  expect(warehouse.repairs.get(FEED)).toEqual([]);

  const idle = await given.run({ task: 'reconcile' });
  expect(idle.emitted).toEqual({ source_count: Object.values(await outcomes()).reduce((a, b) => a + b) });
});

test('rows that are lost on the way are missing only once they had their chance to arrive, and come back', async () => {
  const given = await pipeline();
  let nth = 0;
  await given.run({ task: 'reconcile' });
  await given.run();
  const isLost = (key: string): boolean => /^\d+\/\d+$/.test(key) && ++nth % 10 === 0;
  await given.load(isLost);
  const atOnce = await outcomes();
  const late = await warehouse.rows(
    "select distinct status from heimdallr.ledger where status <> 'complete'",
  );
  // An hour later the ledger calls the run late: nobody waits for its records any more.
  await warehouse.sql.run([
    "update heimdallr.poll_page set polled_at = polled_at - interval '2 hours'",
    "update heimdallr.source_count set counted_at = counted_at - interval '2 hours'",
  ]);
  await given.run();
  await given.load();
  const found = await outcomes();

  await given.run({ task: 'reconcile' });
  await given.run();
  await given.load();

  expect([atOnce, late]).toEqual([{}, [{ status: 'in_flight' }]]);
  expect(found.differs).toBeGreaterThan(1);
  expect(await outcomes()).toEqual({
    ...(found.equal === undefined ? {} : { equal: found.equal }),
    repaired: found.differs,
  });
});

test('what the vendor counts and never gives is read again twice, then it is for a person', async () => {
  const given = await pipeline();
  await given.run();
  const hidden = given.vendor
    .truth()
    .occurrences.filter(({ visible_at }) => visible_at <= given.clock.now().getTime())
    .find(
      ({ timestamp }) =>
        timestamp * 1000 < Date.now() - 4 * 60 * MINUTE && timestamp * 1000 > Date.now() - 5 * 60 * MINUTE,
    );
  const isLost = (key: string): boolean => key.endsWith(`/${hidden?.id}`);
  await given.load(isLost);
  // As if the vendor had never given it: the page that was polled booked one less.
  await warehouse.sql.run(["update heimdallr.poll_page set polled_at = polled_at - interval '2 hours'"]);
  const seen: unknown[] = [];

  for (let hour = 1; hour <= 4; hour += 1) {
    const counted = await given.run({ task: 'reconcile' });
    await given.run();
    await given.load(isLost);
    // What the walks put and what was lost of it is no longer waited for.
    await warehouse.sql.run([
      "update heimdallr.poll_page set polled_at = polled_at - interval '2 hours' where walk is not null",
    ]);
    await given.run();
    await given.load(isLost);
    const { rollbar_occurrence: walked = 0 } = counted.emitted;
    seen.push([walked > 0, (await outcomes()).differs ?? 0, (await outcomes()).stays ?? 0]);
  }

  expect(seen).toEqual([
    [false, 1, 0],
    [true, 1, 0],
    [true, 0, 1],
    [false, 0, 1],
  ]);
  expect(warehouse.published.map(({ values }) => values)).toContainEqual({ RecordsUnreconciled: 1 });
  expect(warehouse.repairs.get(FEED)).toEqual([]);
});

/** Deletes occurrences from their table. */
async function lose(condition: string): Promise<number> {
  const before = await occurrences();
  await warehouse.sql.run([`delete from heimdallr.rollbar_occurrence where ${condition}`]);
  return before - (await occurrences());
}
