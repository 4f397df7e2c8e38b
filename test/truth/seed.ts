/** One seed: makes its world, lets the real refresh rank it, and sets the answer beside the truth. */
import { makeWorld, type World, type WorldSettings } from '../../simulation/world/world.ts';
import { refresh } from '../../warehouse/ranking/refresh.ts';
import type { World as Warehouse } from '../warehouse-world.ts';
import { load, rankingOf, releaseId } from './load.ts';
import { type Naive, naiveLosses } from './naive.ts';

/**
 * `effects`: the world as it is. `segment`: the same, and the ranking is told who uses the feature. `no effects`: no bug
 * harms anybody.
 */
export const SCENARIOS = ['effects', 'segment', 'no effects'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export const JUDGED = [7, 28] as const;
export type Judged = (typeof JUDGED)[number];

/** An item at a horizon: what was said of it, and what is true. */
export interface Verdict {
  readonly item: number;
  readonly name: string;
  readonly kind: 'harmless' | 'harmful' | 'symptom';
  readonly reach: string;
  readonly isLate: boolean;
  readonly horizon: Judged;
  readonly tier: string;
  readonly reason: string | null;
  readonly rank: number;
  readonly n1: number;
  readonly rd: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly lost: number | null;
  readonly symptomOf: string | null;
  readonly trueRd: number;
  readonly trueLost: number;
  readonly indexDays: number;
  readonly naive: Naive | null;
}

/** Where an item was said to come from, and where it does; null: from nowhere that can be seen. */
export interface Origin {
  readonly name: string;
  readonly said: string | null;
  readonly truth: string | null;
}

export interface FixVerdict {
  readonly name: string;
  readonly said: string;
  readonly truth: string;
}

export interface SeedResult {
  readonly seed: number;
  readonly users: number;
  readonly scenario: Scenario;
  readonly seconds: number;
  readonly verdicts: readonly Verdict[];
  /** Null where nothing says where items come from. */
  readonly origins: readonly Origin[] | null;
  readonly fixes: readonly FixVerdict[];
}

/** Runs the scenarios that are wanted of one seed. */
export async function runSeed(
  settings: WorldSettings,
  scenarios: readonly Scenario[],
  warehouse: Warehouse,
  done: (result: SeedResult) => void,
): Promise<void> {
  const isWanted = (scenario: Scenario) => scenarios.includes(scenario);
  if (isWanted('effects') || isWanted('segment')) {
    const world = makeWorld(settings);
    await load(world, warehouse);
    if (isWanted('effects')) done(await ranked(world, 'effects', warehouse));
    if (isWanted('segment')) done(await ranked(world, 'segment', warehouse));
  }
  if (isWanted('no effects')) {
    const world = makeWorld({ ...settings, effectScale: 0 });
    await load(world, warehouse);
    done(await ranked(world, 'no effects', warehouse));
  }
}

/** Ranks a world that is loaded. */
export async function ranked(world: World, scenario: Scenario, warehouse: Warehouse): Promise<SeedResult> {
  const begun = performance.now();
  const summary = await refresh(rankingOf(world, scenario === 'segment'), warehouse.ports);
  if (summary.status !== 'ranked') {
    throw new Error(`seed ${world.settings.seed} was ${summary.status}, expected ranked: ${summary.reason}`);
  }
  const seconds = (performance.now() - begun) / 1000;
  return {
    ...{ seed: world.settings.seed, users: world.settings.users, scenario, seconds },
    verdicts: await verdictsOf(world, scenario, warehouse),
    origins: await originsOf(world, warehouse),
    fixes: await fixesOf(world, warehouse),
  };
}

const number = (text: string | null | undefined): number | null => (text == null ? null : Number(text));

async function verdictsOf(
  world: World,
  scenario: Scenario,
  { rows }: Warehouse,
): Promise<readonly Verdict[]> {
  const said = await rows(
    'select item_id, horizon, tier, reason, rank, n1, rd, ci_lo, ci_hi, users_lost_window, symptom_of from heimdallr.impact_item',
  );
  const nameOf = (id: string | null | undefined) => world.truth.get(Number(id))?.bug.name ?? null;
  return JUDGED.flatMap((horizon) => {
    const naive = scenario === 'effects' ? naiveLosses(world, horizon) : null;
    return [...world.truth.values()].flatMap(({ bug, atHorizon }): readonly Verdict[] => {
      const row = said.find(
        ({ item_id, horizon: at }) => Number(item_id) === bug.id && Number(at) === horizon,
      );
      // Whoever is not in the answer has not been met in the window.
      if (row === undefined) return [];
      const { rd, lost, indexDays } = atHorizon[horizon];
      return [
        {
          ...{ item: bug.id, name: bug.name, kind: bug.kind, reach: bug.reach, horizon },
          ...{ isLate: bug.report === 'next_launch', tier: row.tier ?? '', reason: row.reason ?? null },
          ...{ rank: Number(row.rank), n1: Number(row.n1), rd: number(row.rd) },
          ...{ low: number(row.ci_lo), high: number(row.ci_hi), lost: number(row.users_lost_window) },
          symptomOf: nameOf(row.symptom_of),
          ...{ trueRd: rd, trueLost: lost, indexDays, naive: naive?.get(bug.id) ?? null },
        },
      ];
    });
  });
}

async function originsOf(world: World, { rows }: Warehouse): Promise<readonly Origin[] | null> {
  const said = await rows(
    'select item_id, introduced_release_id from heimdallr.impact_item where horizon = 7',
  );
  const lineage = await rows('select count(*) as rows from heimdallr.bug_lineage');
  if (lineage[0]?.rows === '0') return null;
  return [...world.truth.values()].map(({ bug, broughtBy }) => ({
    name: bug.name,
    said: said.find(({ item_id }) => Number(item_id) === bug.id)?.introduced_release_id ?? null,
    truth: broughtBy === null ? null : releaseId(broughtBy.version),
  }));
}

async function fixesOf(world: World, { rows }: Warehouse): Promise<readonly FixVerdict[]> {
  const said = await rows('select item_id, verdict from heimdallr.fix_check');
  return world.resolves.map(({ item, truth }) => ({
    name: world.truth.get(item)?.bug.name ?? '',
    said: said.find(({ item_id }) => Number(item_id) === item)?.verdict ?? 'none',
    truth,
  }));
}
