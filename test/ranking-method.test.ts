/** The estimates of the ranking against the same method in plain loops, and against worlds in which nothing is to be found. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HORIZONS } from '../contract/impact.ts';
import { randomFor } from '../simulation/random.ts';
import { refresh } from '../warehouse/ranking/refresh.ts';
import { type Estimate, reference } from './ranking-reference.ts';
import { FIRST_DAY, live, type Meeting, openProduct, type Product, settings } from './ranking-world.ts';

const DAYS = 110;

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product.close());
beforeEach(() => product.empty());

/** Users with different habits, sessions and dates of sign-up; the seed says which. */
function worldOf(seed: number, users = 260) {
  const bugs = [
    { item: 100, chance: 0.05, left: 1 },
    { item: 101, chance: 0.03, left: 0.05 },
    { item: 102, chance: 0.01, left: 0.5 },
  ];
  const { visits, meetings } = live({ seed, users, days: DAYS, bugs });
  const random = randomFor(seed, 'traits');
  const signedUp = new Map<string, number | null>();
  for (let nth = 0; nth < users; nth += 1) {
    signedUp.set(`user-${nth}`, random.isChance(0.1) ? null : Math.floor(-200 + 260 * random.fraction()));
  }
  const dateOf = (day: number | null | undefined): string | null =>
    day == null ? null : new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);
  return {
    meetings,
    visits: visits.map((visit) => ({
      ...visit,
      sessions: 1 + Math.floor(6 * random.fraction() ** 2),
      signedUpAt: dateOf(signedUp.get(visit.user)),
    })),
    tenure: (user: string, day: number): number | null => {
      const since = signedUp.get(user);
      return since == null ? null : day - since;
    },
  };
}

/** What a pass of the refresh has estimated, by item and horizon. */
async function estimates(pass: number): Promise<ReadonlyMap<string, Estimate>> {
  const rows = await product.world.rows(
    `select subject.item_id, estimate.* from heimdallr_work.estimate_${pass} as estimate
     join heimdallr_work.subject as subject on subject.subject_id = estimate.subject_id`,
  );
  const value = (text: string | null | undefined): number | null => (text == null ? null : Number(text));
  return new Map(
    rows.map((row) => [
      `${row.item_id} ${row.horizon}`,
      {
        ...{ indexDays: Number(row.index_days), n1: Number(row.n1), p1: value(row.p1), p0: value(row.p0) },
        ...{ rd: value(row.rd), variance: value(row.variance) },
      },
    ]),
  );
}

const rounded = (estimate: Estimate | undefined): object =>
  Object.fromEntries(
    Object.entries(estimate ?? {}).map(([name, value]) => [
      name,
      value === null ? null : Number(value.toFixed(8)),
    ]),
  );

describe('the estimate', () => {
  test.each([11, 12, 13])('is that of the method in plain loops (world %i)', async (seed) => {
    const { visits, meetings, tenure } = worldOf(seed);
    await product.visit(visits);
    await product.meet(meetings);
    product.wake(DAYS);
    const plain = reference({
      ...{ visits, meetings, tenure, windowDays: settings.windowDays },
      ...{ firstDay: Math.min(...visits.map(({ day }) => day)), through: DAYS - 1 },
    });

    const summary = await refresh(settings, product.world.ports);

    expect(summary.status).toBe('ranked');
    const found = await estimates(1);
    for (const item of [100, 101, 102]) {
      for (const horizon of HORIZONS) {
        const expected = plain.estimate(item, horizon, () => false);
        expect({ item, horizon, ...rounded(found.get(`${item} ${horizon}`)) }).toEqual({
          ...{ item, horizon },
          ...rounded(expected),
        });
      }
    }
  });

  test('leaves out the days of other harmful items in the later passes', async () => {
    const { visits, meetings, tenure } = worldOf(14);
    await product.visit(visits);
    await product.meet(meetings);
    product.wake(DAYS);
    const plain = reference({
      ...{ visits, meetings, tenure, windowDays: settings.windowDays },
      ...{ firstDay: Math.min(...visits.map(({ day }) => day)), through: DAYS - 1 },
    });

    await refresh(settings, product.world.ports);

    const harmful = await product.world.rows(
      'select subject.item_id from heimdallr_work.harmful_2 as harmful join heimdallr_work.subject as subject on subject.subject_id = harmful.subject_id',
    );
    const left = new Set(harmful.map(({ item_id }) => Number(item_id)));
    expect([...left]).toContain(101);
    const met = new Set(meetings.map(({ user, day, item }) => `${user} ${day} ${item}`));
    const found = await estimates(2);
    for (const item of [100, 101, 102]) {
      const others = [...left].filter((other) => other !== item);
      const expected = plain.estimate(item, 7, (user, day) =>
        others.some((other) => met.has(`${user} ${day} ${other}`)),
      );
      expect({ item, ...rounded(found.get(`${item} 7`)) }).toEqual({ item, ...rounded(expected) });
    }
  });
});

describe('where there is nothing to find', () => {
  const tiers = async (): Promise<readonly (string | null | undefined)[]> =>
    (
      await product.world.rows('select tier from heimdallr.impact_item where horizon = 7 order by item_id')
    ).map(({ tier }) => tier);

  test('a harmful item is not found any more when who met it is shuffled among those of the day', async () => {
    const { visits, meetings } = live({
      ...{ seed: 21, users: 700, days: DAYS },
      bugs: [{ item: 101, chance: 0.03, left: 0.1 }],
    });
    await product.visit(visits);
    await product.meet(meetings);
    product.wake(DAYS);
    await refresh(settings, product.world.ports);
    expect(await tiers()).toEqual(['confirmed']);
    const random = randomFor(21, 'shuffle');
    const there = new Map<number, string[]>();
    for (const { user, day } of visits) there.set(day, [...(there.get(day) ?? []), user]);
    const shuffled = meetings.map((meeting): Meeting => {
      const users = there.get(meeting.day) ?? [];
      const user = users[Math.floor(random.fraction() * users.length)] ?? meeting.user;
      return { ...meeting, user, person: user };
    });
    await product.empty();
    await product.visit(visits);
    await product.meet(shuffled);
    product.wake(DAYS);

    await refresh(settings, product.world.ports);

    expect(await tiers()).toEqual(['unclear']);
  });

  test('items without an effect are met more by busy users, and none is held to cost any', async () => {
    const { visits, meetings } = live({
      ...{ seed: 22, users: 700, days: DAYS },
      bugs: Array.from({ length: 8 }, (_, nth) => ({ item: 200 + nth, chance: 0.01 + 0.01 * nth, left: 1 })),
    });
    await product.visit(visits);
    await product.meet(meetings);
    product.wake(DAYS);

    await refresh(settings, product.world.ports);

    expect([...new Set(await tiers())]).toEqual(['unclear']);
  });
});
