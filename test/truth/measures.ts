/** How well one answer agrees with the truth. The symptom and the item that is reported late are no part of the ranking figures. */
import { NAIVE } from './naive.ts';
import type { SeedResult, Verdict } from './seed.ts';

/** A count out of how many. */
export interface Tally {
  readonly hits: number;
  readonly of: number;
}

/** How well an order of items finds the losses. */
export interface RankingFigures {
  /** Share of the loss by the truly worst five, and ten, that the first five, and ten, of the order make up. */
  readonly top5: number;
  readonly top10: number;
  /** Share of its first ten that are among the truly worst ten. */
  readonly precision10: number;
  /** Rank correlation of predicted and true loss. */
  readonly spearman: number;
}

export interface Figures extends RankingFigures {
  /** Intervals that hold the truth, of items with at least 30 index days that can be measured. */
  readonly covered: Tally;
  readonly coveredHarmless: Tally;
  readonly coveredHarmful: Tally;
  /** Of items that meet nobody more often for a trait that drives the return and that no column shows. */
  readonly measuredHarmless: Tally;
  readonly measuredHarmful: Tally;
  readonly coveredFeature: Tally;
  /** Of those confirmed, the harmless ones. */
  readonly falseDiscoveries: number;
  /** Of the harmful ones, those confirmed. */
  readonly power: number;
  readonly confirmed: number;
  readonly naive: Readonly<Record<string, RankingFigures>>;
}

export const MIN_INDEX_DAYS = 30;

export function figuresOf({ verdicts }: SeedResult, horizon: number): Figures {
  const mine = verdicts.filter((verdict) => verdict.horizon === horizon);
  const ranked = mine.filter(({ kind, isLate }) => kind !== 'symptom' && !isLate);
  const truth = ranked.map(({ trueLost }) => trueLost);
  const measured = ranked.filter(
    ({ tier, n1, low, high }) =>
      tier !== 'not_measurable' && n1 >= MIN_INDEX_DAYS && low !== null && high !== null,
  );
  const covered = (among: readonly Verdict[]): Tally => ({
    hits: among.filter(({ low, high, trueRd }) => (low ?? 1) <= trueRd && trueRd <= (high ?? -1)).length,
    of: among.length,
  });
  const confirmed = ranked.filter(({ tier }) => tier === 'confirmed');
  const harmful = ranked.filter(({ kind }) => kind === 'harmful');
  return {
    ...rankingFigures(ranked.map(predicted), truth),
    covered: covered(measured),
    coveredHarmless: covered(measured.filter(({ kind }) => kind === 'harmless')),
    coveredHarmful: covered(measured.filter(({ kind }) => kind === 'harmful')),
    measuredHarmless: covered(measured.filter((one) => one.kind === 'harmless' && !isHidden(one))),
    measuredHarmful: covered(measured.filter((one) => one.kind === 'harmful' && !isHidden(one))),
    coveredFeature: covered(measured.filter(({ reach }) => reach === 'feature')),
    falseDiscoveries: share(confirmed.filter(({ kind }) => kind === 'harmless').length, confirmed.length),
    power: share(harmful.filter(({ tier }) => tier === 'confirmed').length, harmful.length),
    confirmed: mine.filter(({ tier }) => tier === 'confirmed').length,
    naive: Object.fromEntries(
      ranked.some(({ naive }) => naive === null)
        ? []
        : NAIVE.map((name) => [
            name,
            rankingFigures(
              ranked.map(({ naive }) => naive?.[name] ?? 0),
              truth,
            ),
          ]),
    ),
  };
}

/** Engaged users open the feature, and old devices belong to those who come seldom: neither stands in the activity table. */
const isHidden = ({ reach }: Verdict): boolean => reach === 'feature' || reach === 'old_device';

/** Items that are not likely to harm count nothing. */
const predicted = ({ tier, lost }: Verdict): number =>
  tier === 'confirmed' || tier === 'likely' ? (lost ?? 0) : 0;

/** @param losses by item, as predicted and in truth. Equal predictions stand in the order of the items. */
export function rankingFigures(losses: readonly number[], truth: readonly number[]): RankingFigures {
  const orderOf = (values: readonly number[]): readonly number[] =>
    [...values.keys()].sort((one, other) => (values[other] ?? 0) - (values[one] ?? 0));
  const sum = (items: readonly number[]) => items.reduce((total, item) => total + (truth[item] ?? 0), 0);
  const [said, best] = [orderOf(losses), orderOf(truth)];
  const found = (first: number) => share(sum(said.slice(0, first)), sum(best.slice(0, first)));
  const worst = new Set(best.slice(0, 10).filter((item) => (truth[item] ?? 0) > 0));
  return {
    top5: found(5),
    top10: found(10),
    precision10: share(said.slice(0, 10).filter((item) => worst.has(item)).length, 10),
    spearman: correlation(ranks(losses), ranks(truth)),
  };
}

/** Places from 1; equal values share the mean of their places. */
function ranks(values: readonly number[]): readonly number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const product = (of: (x: number, y: number) => number) =>
    xs.reduce((sum, x, index) => sum + of(x - mx, (ys[index] ?? 0) - my), 0);
  const spread = Math.sqrt(product((x) => x * x) * product((_x, y) => y * y));
  return spread > 0 ? product((x, y) => x * y) / spread : 0;
}

export const share = (part: number, whole: number): number => (whole !== 0 ? part / whole : 0);
