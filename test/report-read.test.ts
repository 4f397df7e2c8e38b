/** What the report reads from the tables, and what it makes of a warehouse in which they are empty or missing. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { records } from '../.generated/records.ts';
import {
  fix,
  impact,
  insert,
  item,
  lineage,
  NOW,
  named,
  occurrences,
  poll,
  prepare,
  read,
  release,
  run,
  week,
} from './report-world.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await prepare(world);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

test('an item comes with its horizons, weeks, lineage and fixes, and the words of the tracker', async () => {
  await insert(world, 'rollbar_item', [item(112, 'Checkout does not answer', { status: 'resolved' })]);
  await insert(world, 'impact_item', [
    impact(112, 1, 12.5),
    impact(112, 3, 4, { horizon: 28 }),
    impact(112, 2, 30, { horizon: 1 }),
  ]);
  await insert(world, 'impact_week', [week(112, '2026-11-09', 40), week(112, '2026-11-02', 30)]);
  await insert(world, 'bug_lineage', [
    lineage(112, 'resolved', '2026-11-02T09:00:00'),
    lineage(112, 'introduced', '2026-10-01T08:00:00'),
  ]);
  await insert(world, 'fix_check', [fix(112, 'fixed')]);

  const [first, ...others] = (await read(world)).items;

  expect(others).toEqual([]);
  expect(first).toMatchObject({
    ...{
      project_id: '7',
      item_id: '112',
      rank: 1,
      counter: 12,
      title: 'Checkout does not answer',
      status: 'resolved',
    },
    ...{ users_lost_per_week: 12.5, users_lost_per_week_low: 6.25, inseparable: false, symptom_of: null },
  });
  expect(first?.other_horizons.map(({ horizon, users_lost_per_week: lost }) => [horizon, lost])).toEqual([
    [1, 30],
    [28, 4],
  ]);
  expect(first?.weeks.map(({ week: monday, new_episodes }) => [monday, new_episodes])).toEqual([
    ['2026-11-02', 30],
    ['2026-11-09', 40],
  ]);
  expect(first?.lineage.map(({ event, event_at }) => [event, event_at])).toEqual([
    ['introduced', '2026-10-01T08:00:00Z'],
    ['resolved', '2026-11-02T09:00:00Z'],
  ]);
  expect(first?.fixes.map(({ verdict, ratio }) => [verdict, ratio])).toEqual([['fixed', 0.06]]);
});

test('a count of fewer than ten people never leaves the warehouse', async () => {
  await insert(world, 'rollbar_item', [item(112, 'a bug')]);
  await insert(world, 'impact_item', [impact(112, 1, 5)]);
  await insert(world, 'impact_week', [week(112, '2026-11-02', 9), week(112, '2026-11-09', 10)]);
  await insert(world, 'rollbar_occurrence', [
    ...occurrences(112, 'ios', 9),
    ...occurrences(112, 'browser', 10),
  ]);

  const report = await read(world);

  expect(report.items[0]?.platforms.map(({ platform, people }) => [platform, people])).toEqual([
    ['browser', 10],
    ['ios', null],
  ]);
  expect(report.items[0]?.weeks.map(({ new_episodes }) => new_episodes)).toEqual([null, 10]);
});

test('what members of a merged group met is met by the group', async () => {
  await insert(world, 'rollbar_item', [
    item(112, 'the group'),
    item(113, 'a member', { group_item_id: 112 }),
  ]);
  await insert(world, 'impact_item', [impact(112, 1, 5)]);
  await insert(world, 'rollbar_occurrence', occurrences(113, 'browser', 11));

  const [first] = (await read(world)).items;

  expect(first?.platforms).toEqual([{ project_id: '7', item_id: '112', platform: 'browser', people: 11 }]);
});

test('an item that the tracker has forgotten is named by its occurrences', async () => {
  await insert(world, 'impact_item', [impact(112, 1, 5)]);
  await insert(
    world,
    'rollbar_occurrence',
    occurrences(112, 'browser', 1).map((row) => ({ ...row, exception_class: 'RangeError' })),
  );

  expect((await read(world)).items.map(({ title }) => title)).toEqual(['RangeError']);
});

test('releases that are sure come first, under the name that people give them', async () => {
  await insert(world, 'release', [named('shop:42', 'v42')]);
  await insert(world, 'impact_release', [
    { ...release('shop:41', 90), tier: 'unclear' },
    release('shop:40', 3),
    release('shop:42', 8),
  ]);

  const { releases } = await read(world);

  expect(releases.map(({ release_id, version }) => [release_id, version])).toEqual([
    ['shop:42', 'v42'],
    ['shop:40', null],
    ['shop:41', null],
  ]);
});

test('the newest refresh is told, with what it warns of; feeds and ledger are of now', async () => {
  await insert(world, 'impact_run', [
    run({ computed_at: '2026-11-18T04:30:00', status: 'refused', refusal: 'of old' }),
    run({ warnings: ['few people are known'] }),
  ]);
  await insert(world, 'poll_page', [poll('rollbar:made-up')]);

  const report = await read(world);

  expect(report.run).toMatchObject({
    ...{ computed_at: '2026-11-20T04:30:00Z', status: 'ranked', refusal: null, data_through: '2026-11-19' },
    warnings: ['few people are known'],
  });
  expect(report.generated_at).toBe(`${NOW.toISOString().slice(0, 19)}Z`);
  expect(report.feeds.map(({ feed }) => feed)).toEqual(['rollbar:made-up']);
  // Its own page is booked and has no receipt, being put there by hand.
  expect(report.ledger).toEqual({ runs_complete: 0, runs_in_flight: 1, runs_late: 0, records_late: 0 });
});

test('an empty warehouse is a report of nothing', async () => {
  const report = await read(world);

  expect(report).toMatchObject({ run: null, items: [], naive: [], releases: [], fixes: [], feeds: [] });
});

test('tables and views that are missing are named, and the rest is read', async () => {
  await world.reset(records.filter(({ name }) => !name.startsWith('rollbar')));
  await world.database.query('drop table heimdallr.delivery_daily');
  await insert(world, 'impact_run', [run()]);

  const report = await read(world);

  expect(report.missing).toEqual([
    ...['rollbar_item', 'rollbar_occurrence', 'item_ranking', 'feed_freshness', 'ledger', 'delivery_daily'],
  ]);
  expect(report.run?.status).toBe('ranked');
  expect(report.delivery).toBe(null);
  await prepare(world);
});

test('how the team delivers is read where it is computed', async () => {
  await insert(world, 'delivery_daily', [
    {
      ...{ day: '2026-11-19', deployments: 3, lead_time_p50_seconds: 3600, lead_time_p90_seconds: 7200 },
      ...{ change_failures: 1, change_failure_rate: 0.33, restore_p50_seconds: null },
    },
  ]);

  const { delivery, missing } = await read(world);

  expect(missing).toEqual([]);
  expect(delivery).toEqual([
    {
      ...{ day: '2026-11-19', deployments: 3, lead_time_p50_seconds: 3600, lead_time_p90_seconds: 7200 },
      ...{ change_failures: 1, change_failure_rate: 0.33, restore_p50_seconds: null },
    },
  ]);
});
