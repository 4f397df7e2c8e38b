/**
 * Does the ranking find what is true? The short form of `npm run truth` (docs/truth.md): a small world with a fixed seed, so
 * that what is found is always the same, and tolerances that leave room for another estimate.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CAUSE } from '../simulation/world/catalogue.ts';
import { makeWorld, worldDefaults } from '../simulation/world/world.ts';
import { backwards, shuffled } from './truth/controls.ts';
import { load } from './truth/load.ts';
import { figuresOf, share } from './truth/measures.ts';
import { JUDGED, ranked, type SeedResult, type Verdict } from './truth/seed.ts';
import { openWarehouse, type World as Warehouse } from './warehouse-world.ts';

/** Few users, so that it takes seconds: bugs are met three times as often, and do twice the harm. */
const world = makeWorld({
  ...worldDefaults,
  ...{ seed: 13, users: 1400, days: 110, windowDays: 70, rateScale: 3, effectScale: 2 },
});

/** Milliseconds; a machine that is busy otherwise may take long. */
const PATIENCE = 240_000;

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
}, PATIENCE);
afterAll(() => warehouse.database.close());

const named = ({ verdicts }: SeedResult, name: string, horizon = 7): Verdict | undefined =>
  verdicts.find((verdict) => verdict.name === name && verdict.horizon === horizon);

const confirmed = ({ verdicts }: SeedResult): readonly string[] =>
  verdicts.filter(({ tier }) => tier === 'confirmed').map(({ name, horizon }) => `${name}, ${horizon} days`);

describe('of users whose return some bugs cut short', () => {
  let result: SeedResult;
  beforeAll(async () => {
    await load(world, warehouse);
    result = await ranked(world, 'effects', warehouse);
  }, PATIENCE);

  test('the worst are found, which no simple count finds', () => {
    const { top5, top10, naive } = figuresOf(result, 7);

    expect(top5).toBeGreaterThan(0.85);
    expect(top10).toBeGreaterThan(0.8);
    expect(naive.occurrences?.top5).toBeLessThan(0.5);
    expect(naive.users?.top5).toBeLessThan(0.7);
  });

  test('the intervals hold the truth', () => {
    const covered = JUDGED.map((horizon) => figuresOf(result, horizon).covered);

    expect(covered.map(({ of }) => of > 20)).toEqual([true, true]);
    for (const { hits, of } of covered) expect(share(hits, of)).toBeGreaterThan(0.85);
  });

  test('at most one harmless item is confirmed', () => {
    const wrong = result.verdicts.filter(({ kind, tier }) => kind === 'harmless' && tier === 'confirmed');

    expect(wrong.length).toBeLessThanOrEqual(1);
    expect(confirmed(result).length).toBeGreaterThanOrEqual(4);
  });

  test('an item that only goes along with its cause adds no loss of its own', () => {
    const cause = named(result, CAUSE.name);
    const symptom = named(result, 'Account not found');

    expect(symptom?.rd).toBeLessThan(-0.3);
    expect(symptom?.lost).toBeCloseTo(0, 10);
    expect(cause?.lost).toBeGreaterThan(40);
    expect(result.verdicts.filter(({ kind, symptomOf }) => kind !== 'symptom' && symptomOf !== null)).toEqual(
      [],
    );
  });

  test('what is reported late, or by a job at night, cannot be measured', () => {
    expect(named(result, 'Native crash')).toMatchObject({ tier: 'not_measurable', reason: 'late_report' });
    expect(named(result, 'Nightly digest')).toMatchObject({ tier: 'not_measurable', reason: 'background' });
  });

  test('an item is traced to the release that brought it, and an old one to none', () => {
    const wrong = result.origins?.filter(({ said, truth }) => said !== truth);

    expect(result.origins?.filter(({ truth }) => truth !== null)).toHaveLength(10);
    expect(wrong).toEqual([]);
  });

  test('a resolve that helped is told from one that did not', () => {
    const wrong = result.fixes.filter(({ said, truth }) => said !== truth && said !== 'too_few');

    expect(wrong).toEqual([]);
  });
});

test(
  'nothing is found when time runs backwards: no bug changes who was there before it',
  async () => {
    const control = backwards(world);
    await load(control, warehouse);

    const result = await ranked(control, 'no effects', warehouse);

    expect(confirmed(result)).toEqual([]);
  },
  PATIENCE,
);

test(
  'nothing is found when users who are alike change their bugs among them',
  async () => {
    const placebo = shuffled(world);
    await load(placebo, warehouse);

    const result = await ranked(placebo, 'no effects', warehouse);

    expect(confirmed(result)).toEqual([]);
  },
  PATIENCE,
);
