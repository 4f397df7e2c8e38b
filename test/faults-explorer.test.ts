/** The explorer: some hundreds of schedules, and proof that it would find what is wrong. */
import { expect, test } from 'vitest';
import { bugs } from './faults/explorer/bugs.ts';
import { explore, report } from './faults/explorer/explore.ts';
import { broken } from './faults/explorer/oracle.ts';
import { openTwin } from './faults/explorer/replay.ts';
import { scheduleOf } from './faults/explorer/schedule.ts';
import { play } from './faults/explorer/world.ts';

test('whatever goes wrong, every fact arrives once and in its newest version, and the ledger says so', async () => {
  const explored = await explore({ seed: 1, schedules: 200, twinEvery: 60 });

  expect(explored.failures.map(report)).toEqual([]);
  expect(explored.missing).toEqual([]);
});

test('a campaign in which nothing went wrong says that it was none', async () => {
  const { missing } = await explore({ seed: 1, schedules: 1 });

  expect(missing).toContain('batch given up');
});

test('a schedule takes the same course every time', async () => {
  const [one, other] = [await play(scheduleOf(5)), await play(scheduleOf(5))];

  expect(one.warehouse.journal.length).toBeGreaterThan(0);
  expect(other.warehouse.journal).toEqual(one.warehouse.journal);
  expect(other.counts).toEqual(one.counts);
});

test.each(Object.entries(bugs))('it finds that %s', async (_name, variant) => {
  const { failures } = await explore({ seed: 1, schedules: 1000, variant, maxFailures: 1, shrinks: false });

  expect(failures).toHaveLength(1);
});

test('what it finds is cut down to what is needed, and plays again from its seed', async () => {
  const variant = bugs['a refused record counts as put'] ?? {};

  const { failures } = await explore({ seed: 1, schedules: 600, variant, maxFailures: 1 });

  const [failure] = failures;
  expect(failure?.happenings).toContainEqual(expect.stringContaining('refused'));
  expect(failure?.happenings.length).toBeLessThan(scheduleOf(failure?.seed ?? 0).happenings.length / 2);
  expect(broken(await play(scheduleOf(failure?.seed ?? 0), variant))).not.toEqual([]);
});

test('tables that the database would not have are told apart', async () => {
  const twin = await openTwin();
  const played = await play(scheduleOf(5));
  const before = await twin.differences(played);
  played.warehouse.tables = { ...played.warehouse.tables, receipts: new Map() };

  const after = await twin.differences(played);
  await twin.close();

  expect(before).toEqual([]);
  expect(after).toContainEqual(expect.stringMatching(/^receipt: only the database has /));
  expect(after).toContainEqual(expect.stringMatching(/^ledger: only the database has /));
});
