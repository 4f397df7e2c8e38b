/** The company's users, and the table in which its product says who was there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../local/warehouse/database.ts';
import { serveWire, type WireServer } from '../local/warehouse/wire.ts';
import { startSimulator } from '../producers/rollbar/simulator.ts';
import { writeActivity } from '../simulation/users/activity.ts';
import { usersOf } from '../simulation/users/users.ts';

const HOUR = 3_600_000;
const startMs = Date.parse('2026-11-24T15:20:00Z');
const company = { seed: 5, startMs, sinceHours: 42 * 24 };
const isLive = false;

let database: Database;
let wire: WireServer;
beforeAll(async () => {
  database = await openDatabase({ url: 'memory:', dataDir: '' });
  if (database.embedded === null) throw new Error('the database in memory is embedded');
  wire = await serveWire(database.embedded);
});
afterAll(async () => {
  await wire.close();
  await database.close();
});

test('the same seed and start are the same people, whoever asks', () => {
  expect(usersOf({ ...company, isLive })).toEqual(usersOf({ ...company, isLive: true }));
});

test('what they met lies in the past, and only people of whom there is activity met it', () => {
  const { met, activity } = usersOf({ ...company, isLive });
  const active = new Set(activity.map(({ user }) => user));

  expect(met.filter(({ at }) => at < startMs - company.sinceHours * HOUR || at >= startMs)).toEqual([]);
  expect(met.filter(({ user }) => user !== null && !active.has(user))).toEqual([]);
  expect(activity.filter(({ at }) => at >= startMs)).toEqual([]);
});

test.each([1, 2, 3])('with seed %s, what is met most harms nobody, and one bug harms most', (seed) => {
  const { met, lost } = usersOf({ ...company, seed, isLive });
  const count = (name: string): number => met.filter(({ bug }) => bug === name).length;
  const names = [...lost.keys()];
  const [loudest = ''] = names.toSorted((one, other) => count(other) - count(one));
  const [worst, second] = [...lost].toSorted(([, one], [, other]) => other - one);

  expect(lost.get(loudest)).toBe(0);
  expect(worst?.[0]).toBe('orders-persist');
  expect(worst?.[1]).toBeGreaterThan(1.5 * (second?.[1] ?? 0));
});

test('the error tracker of that company holds what they met, once', async () => {
  const vendor = await startSimulator({
    ...company,
    startAt: startMs,
    now: () => startMs + HOUR,
    hasUsers: true,
  });

  const { occurrences } = vendor.truth();
  await vendor.close();

  expect(occurrences).toHaveLength(usersOf({ ...company, isLive }).met.length);
});

test('the activity is in a table of the company, once, however often it is written', async () => {
  await writeActivity(wire.url, company);
  const written = await writeActivity(wire.url, company);
  const { rows } = await database.query(`select count(*) as n, count(distinct user_id) as users,
    count(distinct user_id || active_at::date) as days, max(active_at) < '2026-11-24 15:20:00' as is_past
    from public.user_activity`);

  const { activity } = usersOf({ ...company, isLive });
  const users = new Set(activity.map(({ user }) => user)).size;
  expect(written).toEqual({ table: 'public.user_activity', users, rows: activity.length, isOurs: true });
  expect(rows).toEqual([
    { n: String(activity.length), users: String(users), days: String(activity.length), is_past: 't' },
  ]);
});

test('a table of that name which somebody else made is left as it is', async () => {
  await database.query('drop table public.user_activity');
  await database.query('create table public.user_activity (who varchar(8))');
  await database.query("insert into public.user_activity values ('ada')");

  const written = await writeActivity(wire.url, company);

  expect(written.isOurs).toBe(false);
  expect((await database.query('select who from public.user_activity')).rows).toEqual([{ who: 'ada' }]);
});
