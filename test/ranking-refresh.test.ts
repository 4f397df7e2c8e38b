/** The refresh of the ranking: from rows to the answer, again and again. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refresh } from '../warehouse/ranking/refresh.ts';
import { live, openProduct, type Product, settings } from './ranking-world.ts';

const DAYS = 120;
const bugs = [
  { item: 100, chance: 0.06, left: 1 },
  { item: 101, chance: 0.02, left: 0.1 },
];
const { visits, meetings } = live({ seed: 1, users: 700, days: DAYS, bugs });

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product.close());
beforeEach(() => product.empty());

const answer = (): Promise<readonly Readonly<Record<string, string | null>>[]> =>
  product.world.rows('select * from heimdallr.impact_item order by horizon, rank');

async function fill(until: number): Promise<void> {
  await product.visit(visits.filter(({ day }) => day < until));
  await product.meet(meetings.filter(({ day }) => day < until));
  product.wake(until);
}

describe('a refresh', () => {
  test('puts the bug that costs users above the one that is met more often', async () => {
    await fill(DAYS);

    const summary = await refresh(settings, product.world.ports);

    const rows = (await answer()).filter(({ horizon }) => horizon === '7');
    expect(summary).toEqual({ status: 'ranked', reason: null, isIncremental: false });
    expect(rows.map(({ item_id, tier }) => [item_id, tier])).toEqual([
      ['101', 'confirmed'],
      ['100', 'unclear'],
    ]);
    expect(Number(rows[1]?.occurrences)).toBeGreaterThan(2 * Number(rows[0]?.occurrences));
    expect(Number(rows[1]?.ci_lo)).toBeLessThan(0);
    expect(Number(rows[1]?.ci_hi)).toBeGreaterThan(0);
  });

  test('says the same when it is run again, and when only the new days are read', async () => {
    const early = DAYS - 6;
    await fill(early);
    await refresh(settings, product.world.ports);
    await product.visit(visits.filter(({ day }) => day >= early));
    await product.meet(meetings.filter(({ day }) => day >= early));
    // A row of long ago comes late, too.
    await product.visit([{ user: 'user-1', day: 40 }]);
    product.wake(DAYS);

    const incremental = await refresh(settings, product.world.ports);
    const first = await answer();
    await product.world.database.query('drop schema heimdallr_work cascade');
    const full = await refresh(settings, product.world.ports);

    expect([incremental.isIncremental, full.isIncremental]).toEqual([true, false]);
    expect(first.length).toBe(6);
    expect(await answer()).toEqual(first);
  });

  test('reads everything anew when the settings have changed', async () => {
    await fill(DAYS);
    await refresh(settings, product.world.ports);

    const summary = await refresh({ ...settings, timeZone: 'Europe/Berlin' }, product.world.ports);

    expect(summary.isIncremental).toBe(false);
  });

  test('that breaks off leaves the former answer', async () => {
    await fill(DAYS);
    await refresh(settings, product.world.ports);
    const before = await answer();
    const { sql } = product.world.ports;
    const breaking = {
      ...product.world.ports,
      sql: {
        ...sql,
        run: (statements: readonly string[]) =>
          statements.some((text) => text.includes('heimdallr_work.judged diststyle'))
            ? Promise.reject(new Error('the warehouse is gone'))
            : sql.run(statements),
      },
    };

    await expect(refresh(settings, breaking)).rejects.toThrow(/impact\/judged\.sql: the warehouse is gone/);

    expect(await answer()).toEqual(before);
    expect((await refresh(settings, product.world.ports)).status).toBe('ranked');
  });

  test('is turned away while another is running', async () => {
    await fill(DAYS);

    const both = await Promise.all([
      refresh(settings, product.world.ports),
      refresh(settings, product.world.ports),
    ]);

    expect(both.map(({ status }) => status).sort()).toEqual(['ranked', 'skipped']);
  });
});

describe('a refresh is refused, with what to do,', () => {
  const refusal = async (): Promise<string | null> => {
    const [row] = await product.world.rows(
      'select status, refusal from heimdallr.impact_run order by computed_at desc limit 1',
    );
    return row?.status === 'refused' ? (row.refusal ?? null) : null;
  };

  test('without an activity table in the configuration', async () => {
    await refresh({ ...settings, activity: null }, product.world.ports);

    expect(await refusal()).toMatch(/no activity table is configured.*`activity` in heimdallr\.config\.ts/);
  });

  test('when the table is not there', async () => {
    const activity = settings.activity && { ...settings.activity, table: 'public.nowhere' };

    await refresh({ ...settings, activity }, product.world.ports);

    expect(await refusal()).toMatch(/cannot be read.*relation "public\.nowhere" does not exist/s);
  });

  test('when the table is empty', async () => {
    await refresh(settings, product.world.ports);

    expect(await refusal()).toMatch(/public\.user_activity has no rows of the last 150 days/);
  });

  test('when nothing was loaded from Rollbar yet', async () => {
    await product.visit(visits.slice(0, 100));
    product.wake(DAYS);

    await refresh(settings, product.world.ports);

    expect(await refusal()).toMatch(/no occurrence of Rollbar is in the warehouse yet/);
  });

  test('when person ids are other ids than user ids', async () => {
    await product.visit(visits);
    await product.meet(
      meetings.map((met, nth) => ({ ...met, person: nth % 3 === 0 ? met.user : `${met.user}@x` })),
    );
    product.wake(DAYS);

    await refresh(settings, product.world.ports);

    expect(await refusal()).toMatch(/only \d+ % of the person ids.*`people` in heimdallr\.config\.ts/s);
  });
});
