/** The edge cases of the ranking: items, users and days of which little or nothing can be said. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RankingSettings } from '../contract/impact.ts';
import { refresh } from '../warehouse/ranking/refresh.ts';
import { at, live, type Meeting, openProduct, type Product, settings } from './ranking-world.ts';

const DAYS = 110;
type Row = Readonly<Record<string, string | null>>;

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product.close());

const { visits } = live({ seed: 5, users: 240, days: DAYS, bugs: [] });
const inWindow = visits.filter(({ day }) => day >= DAYS - 50);

/** Every so many visits end in this item. */
const met = (item: number, every: number, from = 0): readonly Meeting[] =>
  visits
    .filter(({ day }, nth) => nth % every === 0 && day >= from)
    .map(({ user, day }) => ({ user, day, item, person: user }));

async function ranked(wanted: Partial<RankingSettings> = {}, day = DAYS): Promise<ReadonlyMap<string, Row>> {
  product.wake(day);
  expect(await refresh({ ...settings, ...wanted }, product.world.ports)).toMatchObject({
    ...{ status: 'ranked', reason: null },
  });
  const rows = await product.world.rows('select * from heimdallr.impact_item where horizon = 7');
  return new Map(rows.map((row) => [row.item_id ?? '', row]));
}

const run = async (): Promise<Row> =>
  (await product.world.rows('select * from heimdallr.impact_run order by computed_at desc limit 1'))[0] ?? {};
const warnings = async (): Promise<readonly string[]> => JSON.parse((await run()).warnings ?? '[]');

describe('an item', () => {
  let items: ReadonlyMap<string, Row>;
  beforeAll(async () => {
    await product.empty();
    await product.visit(visits);
    await product.meet(met(1, 20));
    // Native crashes arrive at the next launch, days later.
    const crashes = met(2, 20).filter(({ day }) => day < DAYS - 3);
    for (const [nth, crash] of crashes.entries()) {
      const received = crash.day + (nth % 3);
      await product.meet([crash], {
        occurred_at: `'${at(received, 11)}'`,
        customer_timestamp: `'${at(crash.day, 11)}'`,
      });
    }
    // Jobs of users who are not there.
    const asleep = visits
      .filter(({ user, day }, nth) => nth % 15 === 0 && !isThere.has(`${user} ${day + 1}`))
      .map(({ user, day }) => ({ user, day: day + 1, item: 3, person: user }));
    await product.meet(
      asleep.filter(({ day }) => day < DAYS),
      { platform: "'linux'" },
    );
    await product.meet(met(4, 25).map((meeting) => ({ ...meeting, person: null })));
    // Everybody, on the first day of the window.
    const everybody = inWindow.filter(({ day }) => day === DAYS - 50);
    await product.meet(everybody.map(({ user, day }) => ({ user, day, item: 5, person: user })));
    await product.meet([{ user: 'user-1', day: DAYS - 20, item: 6, person: 'user-1' }]);
    await product.meet(met(7, 9, DAYS - 25));
    // The same error again and again on one day.
    for (let again = 0; again < 5; again += 1) await product.meet(met(8, 20));
    await product.meet(met(9, 40).concat(met(10, 40)));
    await product.meet(met(11, 40));
    await product.know([
      ...[{ item: 9, group: 90 }, { item: 10, group: 90 }, { item: 90 }],
      { item: 11, status: 'muted' },
      { item: 1, total: met(1, 20).length * 3, firstAt: 1 },
    ]);
    items = await ranked();
  });
  const isThere = new Set(visits.map(({ user, day }) => `${user} ${day}`));

  test('that is reported days after it happened is not measurable: only those who came back are seen', () => {
    expect(items.get('2')).toMatchObject({
      tier: 'not_measurable',
      reason: 'late_report',
      users_lost_per_week: null,
    });
  });

  test('that happens while nobody is there is not measurable', () => {
    expect(items.get('3')).toMatchObject({ tier: 'not_measurable', reason: 'background' });
  });

  test('without identified users is not measurable', () => {
    expect(items.get('4')).toMatchObject({
      ...{
        tier: 'not_measurable',
        reason: 'no_people',
        coverage: '0',
        users_affected: null,
        scaled_loss: null,
      },
    });
  });

  test('that everybody met has no controls', () => {
    expect(items.get('5')).toMatchObject({
      tier: 'not_measurable',
      reason: 'no_controls',
      n1: '0',
      rd: null,
    });
  });

  test('of one user is too few, and the user is not found out', () => {
    expect(items.get('6')).toMatchObject({
      ...{ tier: 'too_few', reason: 'too_few', new_episodes: '1', users_affected: null, p: null, q: null },
    });
  });

  test('that began inside the window is judged by what there is', () => {
    expect(Number(items.get('7')?.n1)).toBeGreaterThan(30);
    expect(items.get('7')?.reason).toBe(null);
  });

  test('that is reported again and again counts once a user and day', () => {
    const [once, often] = [items.get('1'), items.get('8')];

    expect(Number(often?.occurrences)).toBe(5 * Number(once?.occurrences));
    for (const name of ['n1', 'rd', 'new_episodes', 'users_affected', 'p1']) {
      expect({ [name]: often?.[name] }).toEqual({ [name]: once?.[name] });
    }
  });

  test('that was merged counts for its group', () => {
    expect(items.has('9') || items.has('10')).toBe(false);
    expect(Number(items.get('90')?.occurrences)).toBe(
      2 * met(9, 40).filter(({ day }) => day >= DAYS - settings.windowDays).length,
    );
  });

  test('that is muted stays in', () => {
    expect(items.get('11')?.reason).toBe(null);
  });

  test('of which Rollbar counts more than is loaded is named in the warnings', async () => {
    expect((await warnings()).join()).toMatch(/of item #1 only \d+ of \d+ occurrences are loaded/);
  });

  test('has no loss where it cannot be measured, in no week either', async () => {
    const weeks = await product.world.rows(
      'select distinct users_lost from heimdallr.impact_week where item_id = 2',
    );

    expect(weeks).toEqual([{ users_lost: null }]);
  });
});

describe('a user', () => {
  beforeEach(() => product.empty());

  test('without a sign-up date is compared with others without', async () => {
    await product.visit(visits.map((visit) => ({ ...visit, signedUpAt: null })));
    await product.meet(met(1, 20));

    expect(Number((await ranked()).get('1')?.n1)).toBeGreaterThan(100);
    expect(await product.world.rows('select distinct tenure_class from heimdallr_work.classed')).toEqual([
      { tenure_class: '8' },
    ]);
  });

  test('who was there once counts as one who did not come back', async () => {
    const guests = Array.from({ length: 40 }, (_, nth) => ({ user: `guest-${nth}`, day: DAYS - 30 }));
    await product.visit([...visits, ...guests]);
    await product.meet([
      ...met(1, 20),
      ...guests.map(({ user, day }) => ({ user, day, item: 2, person: user })),
    ]);

    const item = (await ranked()).get('2');

    expect(item).toMatchObject({ new_episodes: '40', users_affected: '40' });
    expect(Number(item?.p1 ?? 0)).toBe(0);
  });

  test('whose day is known from an error alone was there', async () => {
    // The login fails: the activity table has nothing of these days.
    const hidden = new Set(met(1, 10).map(({ user, day }) => `${user} ${day}`));
    await product.visit(visits.filter(({ user, day }) => !hidden.has(`${user} ${day}`)));
    await product.meet(met(1, 10));

    const item = (await ranked()).get('1');

    expect(item?.reason).toBe(null);
    expect(Number(item?.new_episodes)).toBeGreaterThan(100);
  });

  test('who is excluded is nowhere, and spoils no mapping', async () => {
    await product.visit(visits);
    await product.meet(met(1, 20));
    const everyone = (await ranked()).get('1');

    const without = (await ranked({ excludedUsers: [' user-1 ', 'user-2', 'user-3'] })).get('1');

    expect(Number(without?.users_affected)).toBe(Number(everyone?.users_affected) - 3);
    expect((await run()).mapping_share).toBe('1');
  });

  test('has one id, in whatever case a UUID is written', async () => {
    const uuid = (user: string): string => `ABCDEF00-0000-4000-8000-${user.slice(5).padStart(12, '0')}`;
    await product.visit(visits.map((visit) => ({ ...visit, user: uuid(visit.user) })));
    await product.meet(
      met(1, 20).map((meeting) => ({ ...meeting, person: ` ${uuid(meeting.user).toLowerCase()}` })),
    );

    expect((await ranked()).get('1')?.coverage).toBe('1');
  });

  test('is found by a table of both ids, which is looked up anew each time', async () => {
    const { query } = product.world.database;
    await query('create table if not exists public.person_map (person varchar, app_user varchar)');
    await query('truncate public.person_map');
    await product.visit(visits);
    await product.meet(met(1, 20).map((meeting) => ({ ...meeting, person: `p:${meeting.user}` })));
    const people = {
      by: 'table',
      table: 'public.person_map',
      personId: 'person',
      userId: 'app_user',
    } as const;
    await query(
      `insert into public.person_map select 'p:user-' || n, 'user-' || n from generate_series(0, 199) as n`,
    );
    const before = await ranked({ people });
    await query(
      `insert into public.person_map select 'p:user-' || n, 'user-' || n from generate_series(200, 239) as n`,
    );

    const summary = await refresh({ ...settings, people }, product.world.ports);
    const [after] = await product.world.rows('select coverage from heimdallr.impact_item where horizon = 7');

    expect(summary).toEqual({ status: 'ranked', reason: null, isIncremental: true });
    expect(Number(before.get('1')?.coverage)).toBeLessThan(0.95);
    expect(after?.coverage).toBe('1');
  });
});

describe('a day', () => {
  beforeEach(() => product.empty());

  test('without activity is a load gap: nobody counts as lost for it', async () => {
    const gap = DAYS - 20;
    await product.visit(visits.filter(({ day }) => day !== gap));
    await product.meet(met(1, 20).filter(({ day }) => day !== gap));

    await ranked();

    expect((await warnings()).join()).toMatch(/fewer than half of the usual users on 1 days \(2026-04-01\)/);
    const seen = await product.world.rows(
      `select count(y1) as y1, count(y7) as y7 from heimdallr_work.classed where day between ${dayNumber(gap - 7)} and ${dayNumber(gap - 2)}`,
    );
    expect(Number(seen[0]?.y1)).toBeGreaterThan(0);
    expect(seen[0]?.y7).toBe('0');
  });

  test('that the activity table does not have yet is judged later, though its occurrences are here', async () => {
    await product.visit(visits.filter(({ day }) => day < DAYS - 4));
    await product.meet(met(1, 20));

    const item = (await ranked()).get('1');

    expect(item?.data_through).toBe('2026-04-16');
    expect((await warnings()).join()).toMatch(/the activity table ends on 2026-04-16/);
  });

  test('is that of the settings, also where the activity table has dates and the clock is behind', async () => {
    const { query } = product.world.database;
    await query('create table if not exists public.day_activity (user_id varchar, active_on date)');
    await query('truncate public.day_activity');
    await product.visit(visits);
    await query('insert into public.day_activity select user_id, active_at::date from public.user_activity');
    // Three in the morning in UTC is the evening before in Chicago.
    await product.meet(met(1, 20), { occurred_at: "timestamp '2026-04-10 03:00'" });
    const activity = settings.activity && {
      ...{ ...settings.activity, table: 'public.day_activity', activeAt: 'active_on' },
      ...{ events: null, platform: null, signedUpAt: null },
    };

    await ranked({ activity, timeZone: 'America/Chicago' });

    const days = await product.world.rows(
      `select (select count(distinct day) from heimdallr_work.met_day where day = ${dayNumber(98)}) as met,
         (select count(distinct day) from heimdallr_work.met_day) as met_days,
         (select min(day) from heimdallr_work.activity_day) as first`,
    );
    expect(days).toEqual([{ met: '1', met_days: '1', first: String(dayNumber(0)) }]);
  });

  test('of an occurrence is when it happened, unless the clock of the app is impossible', async () => {
    await product.visit(visits);
    const meeting = (item: number): Meeting => ({ user: 'user-1', day: DAYS - 5, item, person: 'user-1' });
    await product.meet([meeting(1)], { customer_timestamp: `'${at(DAYS - 6, 11)}'` });
    await product.meet([meeting(2)], { customer_timestamp: `'${at(DAYS - 5, 13)}'` });
    await product.meet([meeting(3)], { customer_timestamp: `'${at(DAYS - 70, 11)}'` });

    await ranked();

    expect(
      await product.world.rows('select item_id, day from heimdallr_work.met_day order by item_id'),
    ).toEqual([
      { item_id: '1', day: String(dayNumber(DAYS - 6)) },
      { item_id: '2', day: String(dayNumber(DAYS - 5)) },
      { item_id: '3', day: String(dayNumber(DAYS - 5)) },
    ]);
  });
});

/** A day of the made-up time as the models count it. */
const dayNumber = (day: number): number => (Date.UTC(2026, 0, 1) - Date.UTC(2000, 0, 1)) / 86_400_000 + day;
