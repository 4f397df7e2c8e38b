/** The figures of many seeds beside what they must reach (docs/truth.md), as lines and as data. */
import { CAUSE } from '../../simulation/world/catalogue.ts';
import { type Figures, figuresOf, type RankingFigures, share, type Tally } from './measures.ts';
import { NAIVE } from './naive.ts';
import { JUDGED, type Judged, type Scenario, type SeedResult } from './seed.ts';

export interface Line {
  readonly name: string;
  /** Null: nothing to measure it on. */
  readonly value: number | null;
  /** How many it is a share or a mean of. */
  readonly of: number;
  /** Null: for comparison only. */
  readonly target: { readonly sign: '≥' | '≤'; readonly value: number } | null;
}

const atLeast = (value: number): Line['target'] => ({ sign: '≥', value });
const atMost = (value: number): Line['target'] => ({ sign: '≤', value });

/** Targets by horizon, in the order of `JUDGED`. */
const RANKING: readonly (readonly [string, keyof Figures, Readonly<Record<Judged, Line['target']>>])[] = [
  ['share of the true top-5 loss', 'top5', { 7: atLeast(0.95), 28: atLeast(0.97) }],
  ['share of the true top-10 loss', 'top10', { 7: atLeast(0.93), 28: atLeast(0.97) }],
  ['precision@10', 'precision10', { 7: atLeast(0.9), 28: atLeast(0.85) }],
  ['Spearman with the true loss', 'spearman', { 7: atLeast(0.9), 28: atLeast(0.88) }],
  ['95 % intervals that hold the truth', 'covered', { 7: atLeast(0.93), 28: atLeast(0.94) }],
  ['… of harmless items', 'coveredHarmless', { 7: null, 28: null }],
  ['… of harmful items', 'coveredHarmful', { 7: null, 28: null }],
  ['false discoveries', 'falseDiscoveries', { 7: atMost(0.1), 28: atMost(0.1) }],
  ['power', 'power', { 7: atLeast(0.9), 28: atLeast(0.75) }],
];

export const isMissed = ({ value, target }: Line): boolean =>
  target !== null && value !== null && (target.sign === '≥' ? value < target.value : value > target.value);

/** All lines that the results allow. */
export function linesOf(results: readonly SeedResult[]): readonly Line[] {
  const of = (scenario: Scenario) => results.filter((result) => result.scenario === scenario);
  const effects = of('effects');
  return [
    ...JUDGED.flatMap((horizon) => rankingLines(effects, horizon)),
    ...coverageLines(effects, of('segment')),
    ...judgementLines(effects),
    ...originLines(results),
    ...nothingLines(of('no effects')),
  ];
}

function rankingLines(results: readonly SeedResult[], horizon: Judged): readonly Line[] {
  const figures = results.map((result) => figuresOf(result, horizon));
  const lines = RANKING.map(([name, key, targets]): Line => {
    const values = figures.map((figure) => figureOf(figure[key]));
    return { name: `${horizon} days: ${name}`, ...meanOf(values), target: targets[horizon] };
  });
  const naive = NAIVE.flatMap((method) =>
    (['top5', 'top10', 'precision10', 'spearman'] as const).map((key): Line => {
      const values = figures.flatMap((figure): readonly number[] => {
        const of: RankingFigures | undefined = figure.naive[method];
        return of === undefined ? [] : [of[key]];
      });
      return { name: `${horizon} days, by ${method}: ${key}`, ...meanOf(values), target: null };
    }),
  );
  return [...lines, ...(horizon === 7 ? naive : [])];
}

const figureOf = (figure: Figures[keyof Figures]): number =>
  typeof figure === 'number'
    ? figure
    : 'hits' in figure
      ? share(figure.hits as number, figure.of as number)
      : 0;

function meanOf(values: readonly number[]): Pick<Line, 'value' | 'of'> {
  const sum = values.reduce((total, value) => total + value, 0);
  return { value: values.length === 0 ? null : sum / values.length, of: values.length };
}

const tallied = (tallies: readonly Tally[]): Pick<Line, 'value' | 'of'> => {
  const of = tallies.reduce((sum, tally) => sum + tally.of, 0);
  const hits = tallies.reduce((sum, tally) => sum + tally.hits, 0);
  return { value: of === 0 ? null : hits / of, of };
};

const tally = <Row>(rows: readonly Row[], isHit: (row: Row) => boolean): Tally => ({
  hits: rows.filter(isHit).length,
  of: rows.length,
});

/** Items at both horizons together. */
function coverageLines(effects: readonly SeedResult[], segment: readonly SeedResult[]): readonly Line[] {
  const both = (
    results: readonly SeedResult[],
    key: 'measuredHarmless' | 'measuredHarmful' | 'coveredFeature',
  ) => tallied(results.flatMap((result) => JUDGED.map((horizon) => figuresOf(result, horizon)[key])));
  return [
    {
      name: 'intervals of harmless items, no hidden trait',
      ...both(effects, 'measuredHarmless'),
      target: atLeast(0.96),
    },
    {
      name: 'intervals of harmful items, no hidden trait',
      ...both(effects, 'measuredHarmful'),
      target: atLeast(0.95),
    },
    {
      name: 'intervals of feature items, no segment',
      ...both(effects, 'coveredFeature'),
      target: atLeast(0.86),
    },
    {
      name: 'intervals of feature items, segment',
      ...both(segment, 'coveredFeature'),
      target: atLeast(0.95),
    },
  ];
}

/** Symptoms, late reports and fixes. */
function judgementLines(results: readonly SeedResult[]): readonly Line[] {
  const verdicts = results.flatMap((result) => result.verdicts.filter(({ horizon }) => horizon === 7));
  const symptoms = verdicts.filter(({ kind }) => kind === 'symptom');
  const others = verdicts.filter(({ kind }) => kind !== 'symptom');
  return [
    {
      name: 'symptom named, of the right item',
      ...tallied([tally(symptoms, ({ symptomOf }) => symptomOf === CAUSE.name)]),
      target: atLeast(0.95),
    },
    {
      name: 'other items named a symptom',
      ...tallied([tally(others, ({ symptomOf }) => symptomOf !== null)]),
      target: atMost(0),
    },
    {
      name: 'reported late: not measurable',
      ...tallied([
        tally(
          results.flatMap((result) => result.verdicts.filter(({ isLate }) => isLate)),
          ({ tier, reason }) => tier === 'not_measurable' && reason === 'late_report',
        ),
      ]),
      target: atLeast(1),
    },
    {
      name: 'fix verdicts right',
      ...tallied([
        tally(
          results.flatMap(({ fixes }) => fixes),
          ({ said, truth }) => said === truth,
        ),
      ]),
      target: atLeast(0.95),
    },
  ];
}

/** Whether an item harms anybody makes no difference to where it came from. */
function originLines(results: readonly SeedResult[]): readonly Line[] {
  const origins = results.flatMap((result) => result.origins ?? []);
  const known = origins.filter(({ truth }) => truth !== null);
  const old = origins.filter(({ truth }) => truth === null);
  return [
    {
      name: 'release that brought an item',
      ...tallied([tally(known, ({ said, truth }) => said === truth)]),
      target: atLeast(0.98),
    },
    {
      name: 'old items given a release',
      ...tallied([tally(old, ({ said }) => said !== null)]),
      target: atMost(0),
    },
  ];
}

/** Seeds in which something was confirmed although nothing harms. */
function nothingLines(results: readonly SeedResult[]): readonly Line[] {
  return JUDGED.map((horizon): Line => {
    const wrong = results.map((result) => (figuresOf(result, horizon).confirmed > 0 ? 1 : 0));
    return {
      name: `${horizon} days: seeds with a confirmed item, no effects`,
      ...meanOf(wrong),
      target: atMost(horizon === 7 ? 0.25 : 0.05),
    };
  });
}

/** The lines as text. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.name,
    line.value === null ? 'not measured' : line.value.toFixed(3),
    line.target === null ? '' : `${line.target.sign} ${line.target.value}`,
    line.of === 0 ? '' : `of ${line.of}`,
    isMissed(line) ? 'MISSED' : '',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((row) => `${row}\n`)
    .join('');
}
