/** What the ranking answers beside the list of items: causes, releases, weeks, fixes, money, and how wrong it may be. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RankingSettings } from '../contract/impact.ts';
import { createHandler } from '../warehouse/ranking/rank.ts';
import { refresh } from '../warehouse/ranking/refresh.ts';
import { at, live, type Meeting, openProduct, type Product, settings, type Visit } from './ranking-world.ts';

const DAYS = 110;
type Row = Readonly<Record<string, string | null>>;

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product.close());
beforeEach(() => product.empty());

async function rank(wanted: Partial<RankingSettings> = {}): Promise<void> {
  product.wake(DAYS);
  expect(await refresh({ ...settings, ...wanted }, product.world.ports)).toMatchObject({
    ...{ status: 'ranked', reason: null },
  });
}

const rows = (select: string): Promise<readonly Row[]> => product.world.rows(select);

async function items(horizon = 7): Promise<ReadonlyMap<string, Row>> {
  const found = await rows(`select * from heimdallr.impact_item where horizon = ${horizon}`);
  return new Map(found.map((row) => [row.item_id ?? '', row]));
}

async function fill(world: {
  readonly visits: readonly Visit[];
  readonly meetings: readonly Meeting[];
}): Promise<void> {
  await product.visit(world.visits);
  await product.meet(world.meetings);
}

/** One bug that costs users, one that does not. */
const usual = live({
  ...{ seed: 31, users: 500, days: DAYS },
  bugs: [
    { item: 100, chance: 0.03, left: 1 },
    { item: 101, chance: 0.02, left: 0.1 },
  ],
});

/** An event of the lineage. */
const lineage = (item: number, event: string, day: number, release: string | null): Promise<unknown> =>
  product.world.database.query(
    `insert into heimdallr.bug_lineage (project_id, item_id, event, event_at, occurrence_id, release_id, how, evidence)
     values (1, ${item}, '${event}', '${at(day)}', 1, ${release === null ? 'null' : `'${release}'`}, 'time', 'because')`,
  );

/** The outputs of the lineage stand as they were put here. */
async function rankWithLineage(): Promise<void> {
  product.wake(DAYS);
  const { sql } = product.world.ports;
  const ports = {
    ...product.world.ports,
    sql: {
      ...sql,
      run: (statements: readonly string[]) =>
        sql.run(
          statements.filter(
            (statement) => !/^(?:delete from|insert into) heimdallr\."bug_lineage"/.test(statement),
          ),
        ),
    },
  };
  expect(await refresh(settings, ports)).toMatchObject({ status: 'ranked' });
}

describe('items that go together', () => {
  test('one that fires with most of the cases of a harmful one is its symptom, and adds no loss', async () => {
    const extra = usual.meetings
      .filter(({ item }, nth) => item === 101 && nth % 5 !== 0)
      .map((meeting) => ({ ...meeting, item: 102 }));
    await fill({ visits: usual.visits, meetings: [...usual.meetings, ...extra] });

    await rank();

    const found = await items();
    expect(found.get('102')).toMatchObject({ symptom_of: '101', linked_item_id: '101' });
    expect(Number(found.get('102')?.link_share)).toBe(1);
    expect(Number(found.get('102')?.users_lost_per_week)).toBe(0);
    expect(found.get('101')?.symptom_of).toBe(null);
    expect(Number(found.get('101')?.users_lost_per_week)).toBeGreaterThan(0);
    expect(found.get('100')?.symptom_of).toBe(null);
  });

  test('two that are always met together cannot be told apart, and their loss counts once', async () => {
    const twin = usual.meetings
      .filter(({ item }) => item === 101)
      .map((meeting) => ({ ...meeting, item: 103 }));
    await fill({ visits: usual.visits, meetings: [...usual.meetings, ...twin] });

    await rank();

    const found = await items();
    const [one, other] = [found.get('101'), found.get('103')];
    expect([one?.inseparable, other?.inseparable]).toEqual(['t', 't']);
    expect(one?.rd).toBe(other?.rd);
    const losses = [Number(one?.users_lost_per_week), Number(other?.users_lost_per_week)];
    expect(losses.filter((loss) => loss === 0).length).toBe(1);
    expect(losses.filter((loss) => loss > 0).length).toBe(1);
  });
});

describe('the allowance', () => {
  test('is measured on ten items that the team declares harmless, which are not tested themselves', async () => {
    const harmless = Array.from({ length: 10 }, (_, nth) => ({ item: 300 + nth, chance: 0.03, left: 1 }));
    const world = live({
      ...{ seed: 33, users: 500, days: DAYS },
      bugs: [...harmless, { item: 101, chance: 0.02, left: 0.1 }],
    });
    await fill(world);
    await rank();
    const [usualB] = await rows('select distinct b from heimdallr.impact_item where horizon = 7');

    await rank({ negativeControls: harmless.map(({ item }) => String(item)) });

    const found = await items();
    const pairs = harmless.map(({ item }) => found.get(String(item)));
    expect(pairs.map((row) => [row?.tier, row?.reason, row?.p])).toEqual(
      harmless.map(() => ['unclear', 'negative_control', null]),
    );
    const b = Number(found.get('101')?.b);
    expect(usualB?.b).toBe('0.0075');
    expect(b).toBeCloseTo(await measuredAllowance(), 9);
    expect(b).not.toBe(0.0075);
    expect(found.get('101')?.tier).toBe('confirmed');
  });

  /** Section 7 of the method, from the estimates. */
  async function measuredAllowance(): Promise<number> {
    const estimates = await rows(
      `select estimate.rd, estimate.variance from heimdallr_work.estimate_final as estimate
       join heimdallr_work.subject as subject on subject.subject_id = estimate.subject_id
       where horizon = 7 and subject.item_id >= 300 and n1 >= 100`,
    );
    const excess = estimates.map(({ rd, variance }) => ({
      ...{ over: Number(rd) ** 2 - Number(variance), variance: Number(variance) },
    }));
    const first = Math.max(0, excess.reduce((sum, { over }) => sum + over, 0) / excess.length);
    const weight = (variance: number): number => 1 / (variance + first);
    const total = excess.reduce((sum, { variance }) => sum + weight(variance), 0);
    const mean = excess.reduce((sum, { over, variance }) => sum + weight(variance) * over, 0) / total;
    return Math.sqrt(Math.max(0, mean));
  }
});

describe('evidence', () => {
  test('p is that of the normal distribution, and q that of Benjamini and Hochberg', async () => {
    const world = live({
      ...{ seed: 34, users: 500, days: DAYS },
      bugs: Array.from({ length: 6 }, (_, nth) => ({
        item: 400 + nth,
        chance: 0.02,
        left: nth < 2 ? 0.3 : 1,
      })),
    });
    await fill(world);

    await rank();

    const found = (await rows('select * from heimdallr.impact_item where horizon = 7 order by p')).map(
      (row) => ({
        ...{ z: Number(row.z), p: Number(row.p), q: Number(row.q) },
      }),
    );
    expect(found.length).toBe(6);
    // The approximation is good to two hundredths of the tail, however far out.
    for (const { z, p } of found) expect(Math.abs(p / lowerTail(z) - 1)).toBeLessThan(0.02);
    const expected = found.map((_row, at) =>
      Math.min(1, ...found.slice(at).map(({ p }, further) => (p * 6) / (at + further + 1))),
    );
    expect(found.map(({ q }) => q.toFixed(12))).toEqual(expected.map((q) => q.toFixed(12)));
  });

  /** The normal distribution below z, by Simpson's rule. */
  function lowerTail(z: number): number {
    const [from, steps] = [z - 12, 20_000];
    const width = (z - from) / steps;
    let sum = 0;
    for (let nth = 0; nth <= steps; nth += 1) {
      const factor = nth === 0 || nth === steps ? 1 : nth % 2 === 1 ? 4 : 2;
      sum += factor * Math.exp(-((from + nth * width) ** 2) / 2);
    }
    return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
  }
});

describe('a release', () => {
  test('costs what all items cost together that it brought, and a user counts once', async () => {
    await fill(usual);
    await lineage(101, 'introduced', 0, 'heroku:1');
    await lineage(100, 'introduced', 0, 'heroku:1');

    await rankWithLineage();

    const found = await items();
    const [release] = await rows('select * from heimdallr.impact_release where horizon = 7');
    expect(release).toMatchObject({ release_id: 'heroku:1', items: '2' });
    expect(found.get('101')).toMatchObject({ introduced_release_id: 'heroku:1', introduced_how: 'time' });
    const apart = Number(found.get('100')?.new_episodes) + Number(found.get('101')?.new_episodes);
    expect(Number(release?.new_episodes)).toBeLessThan(apart);
    expect(Number(release?.rd)).toBeLessThan(Number(found.get('100')?.rd));
    expect(Number(release?.rd)).toBeGreaterThan(Number(found.get('101')?.rd));
  });

  test('is not charged with what an item did before it', async () => {
    await fill(usual);
    await lineage(101, 'reappeared', DAYS - 20, 'heroku:2');

    await rankWithLineage();

    const [release] = await rows('select * from heimdallr.impact_release where horizon = 7');
    const of = usual.meetings.filter(({ item, day }) => item === 101 && day >= DAYS - 20);
    expect(Number(release?.new_episodes)).toBe(new Set(of.map(({ user }) => user)).size);
  });
});

describe('weeks', () => {
  test('add up to the window, and a sudden rise is named', async () => {
    const more = usual.visits
      .filter(({ day }, nth) => day >= DAYS - 12 && nth % 4 === 0)
      .map(({ user, day }) => ({ user, day, item: 104, person: user }));
    const before = usual.visits
      .filter(({ day }, nth) => day < DAYS - 12 && nth % 100 === 0)
      .map(({ user, day }) => ({ user, day, item: 104, person: user }));
    await fill({ visits: usual.visits, meetings: [...usual.meetings, ...before, ...more] });

    await rank();

    const found = await items();
    const weeks = await rows(
      `select item_id, sum(new_episodes) as episodes, sum(case when is_complete then 0 else 1 end) as open,
         min(extract(isodow from week)) as first_of_week, max(extract(isodow from week)) as last_of_week
       from heimdallr.impact_week group by item_id order by item_id`,
    );
    expect(weeks.map((row) => [row.item_id, row.episodes, row.first_of_week, row.last_of_week])).toEqual(
      ['100', '101', '104'].map((item) => [item, found.get(item)?.new_episodes, '1', '1']),
    );
    expect(['100', '101', '104'].map((item) => found.get(item)?.trend)).toEqual([null, null, 'rising']);
  });
});

describe('a fix', () => {
  const resolved = DAYS - 30;

  test('that works is fixed, and helped', async () => {
    const world = live({
      ...{ seed: 35, users: 900, days: DAYS },
      bugs: [
        { item: 100, chance: 0.02, left: 1 },
        { item: 101, chance: 0.05, left: 0.1, until: resolved },
      ],
    });
    await fill(world);
    await product.know([{ item: 101, status: 'resolved', resolvedAt: resolved }]);
    await lineage(101, 'resolved', resolved, 'heroku:3');

    await rankWithLineage();

    const [check] = await rows('select * from heimdallr.fix_check');
    expect(check).toMatchObject({
      ...{
        item_id: '101',
        verdict: 'fixed',
        retention_verdict: 'helped',
        release_id: 'heroku:3',
        exposed_after: '0',
      },
    });
    expect(Number(check?.exposed_before)).toBe(
      world.meetings.filter(({ item, day }) => item === 101 && day < resolved && day >= resolved - 14).length,
    );
    expect(Number(check?.rd_before_hi)).toBeLessThan(0);
    expect(Number(check?.avoided_per_week)).toBeGreaterThan(0);
    expect(Number(check?.ratio)).toBeLessThan(Number(check?.ratio_hi));
  });

  test('that changes nothing is not fixed', async () => {
    await fill(usual);
    await product.know([{ item: 101, status: 'resolved', resolvedAt: resolved }]);

    await rank();

    const [check] = await rows('select * from heimdallr.fix_check');
    expect(check).toMatchObject({ verdict: 'not_fixed', retention_verdict: 'no_change' });
    const [active] = await rows(
      `select sum(case when day < r - 0 and day >= r - 14 then 1 else 0 end) as before,
         sum(case when day > r and day <= r + 14 then 1 else 0 end) as after
       from heimdallr_work.user_day cross join (select date '2026-01-01' - date '2000-01-01' + ${resolved} as r) as resolved`,
    );
    const [before, after] = [Number(check?.exposed_before), Number(check?.exposed_after)];
    const ratio = (((after + 0.5) / (before + 0.5)) * Number(active?.before)) / Number(active?.after);
    expect(Number(check?.ratio)).toBeCloseTo(ratio, 9);
    const half = 1.96 * Math.sqrt(1.5 * (1 / (after + 0.5) + 1 / (before + 0.5)));
    expect(Number(check?.ratio_hi)).toBeCloseTo(ratio * Math.exp(half), 9);
  });

  test('of last week is too early to judge', async () => {
    await fill(usual);
    await product.know([{ item: 101, status: 'resolved', resolvedAt: DAYS - 7 }]);

    await rank();

    const [check] = await rows('select verdict, retention_verdict from heimdallr.fix_check');
    expect(check).toEqual({ verdict: 'too_early', retention_verdict: 'too_early' });
  });
});

describe('money', () => {
  test('is what those who met it brought in the 28 days before, for each user lost', async () => {
    await fill(usual);
    const activity = settings.activity && { ...settings.activity, revenue: '2.5' };

    await rank({ activity });

    const item = (await items()).get('101');
    const days = new Map<string, number[]>();
    for (const { user, day } of usual.visits) days.set(user, [...(days.get(user) ?? []), day]);
    const starts = await rows(
      `select app_user.user_key, episode.first_day - (date '2026-01-01' - date '2000-01-01') as day from heimdallr_work.episode as episode
       join heimdallr_work.subject as subject on subject.subject_id = episode.subject_id and subject.item_id = 101
       join heimdallr_work.app_user as app_user on app_user.user_id = episode.user_id`,
    );
    const paid = starts
      .filter(({ day }) => Number(day) >= DAYS - settings.windowDays)
      .map(
        ({ user_key, day }) =>
          2.5 *
          (days.get(user_key ?? '') ?? []).filter((at) => at < Number(day) && at >= Number(day) - 28).length,
      );
    const mean = paid.reduce((sum, amount) => sum + amount, 0) / paid.length;
    expect(Number(item?.revenue_lost_per_week)).toBeCloseTo(mean * Number(item?.users_lost_per_week), 6);
  });
});

describe('the function', () => {
  test('takes its settings from the template', async () => {
    await fill(usual);
    product.wake(DAYS);

    const summary = await createHandler(JSON.stringify(settings), product.world.ports)();

    expect(summary.status).toBe('ranked');
    expect(() => createHandler(undefined, product.world.ports)).toThrow(
      /RANKING_SETTINGS must hold the settings/,
    );
  });

  test('mixes in nothing once another refresh has taken its place', async () => {
    await fill(usual);
    await rank();
    const before = await rows('select * from heimdallr.impact_item order by item_id, horizon');
    const { sql } = product.world.ports;
    const slow = {
      ...product.world.ports,
      sql: {
        ...sql,
        run: async (statements: readonly string[]) => {
          if (statements.some((text) => text.includes('heimdallr_work.judged '))) {
            await product.world.database.query("update heimdallr_work.refresh_lease set run = 'another'");
          }
          return sql.run(statements);
        },
      },
    };
    await product.meet(usual.meetings.map((meeting) => ({ ...meeting, item: 100 })));

    await expect(refresh(settings, slow)).rejects.toThrow(/another refresh has taken the place of this one/);

    expect(await rows('select * from heimdallr.impact_item order by item_id, horizon')).toEqual(before);
    expect((await rows("select count(*) from heimdallr.impact_run where status = 'ranked'"))[0]?.count).toBe(
      '1',
    );
  });
});
