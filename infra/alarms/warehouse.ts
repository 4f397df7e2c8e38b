/** What can go wrong in the warehouse, and what it may cost. */
import { CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofService, published, type Statistic } from './metrics.ts';

/** Rows that wait for the loader; it moves a hundred thousand in seconds. */
const MANY_ROWS = 1_000_000;

/** Seconds of computing that a day is expected to stay below: half of the day. */
const COMPUTE_SECONDS = 12 * 3600;

export function warehouseAlarms(
  { loader, reload, ranking, warehouse }: Pipeline,
  { freshnessMinutes, ranking: { settings, everyHours } }: ResolvedInstallation,
): readonly AlarmDefinition[] {
  const metric = (name: string, statistic: Statistic, minutes: number) =>
    published(loader.fn.service, name, statistic, minutes);
  // A period holds at least one run of the loader.
  const period = Math.max(15, freshnessMinutes);
  return [
    ...[loader.fn, reload.fn, ranking.fn].map(
      (fn): AlarmDefinition => ({
        ...{ name: 'loader-errors', of: fn.service, severity: 'page', silence: 'fine' },
        means: 'A function that works in the warehouse ends with an exception; what has landed waits.',
        metric: ofService('Lambda', 'Errors', { FunctionName: fn.functionName }, 'Sum', period),
        ...{ when: 'at least', threshold: 1, points: fn === ranking.fn ? 1 : 2 },
      }),
    ),
    {
      ...{ name: 'landing-growing', severity: 'ticket', silence: 'fine' },
      means: 'Rows wait in the landing table in numbers that the loader should have moved.',
      ...{ metric: metric('LandingRows', 'Minimum', 60), when: 'above', threshold: MANY_ROWS, points: 2 },
    },
    {
      ...{ name: 'statements-failing', severity: 'page', silence: 'fine' },
      means: 'Rows of a record type cannot be merged into their final table; they stay in the landing table.',
      ...{ metric: metric('MergeFailed', 'Minimum', period), when: 'at least', threshold: 1, points: 2 },
    },
    {
      ...{ name: 'warehouse-stale', severity: 'page', silence: 'trouble' },
      means: 'The newest poll in the warehouse is too old, measured end to end, or the loader does not run.',
      metric: metric('FreshnessSeconds', 'Maximum', period),
      // A row is visible after at most twice the freshness; the rest is for a COPY that is repeated.
      ...{ when: 'above', threshold: 60 * (2 * freshnessMinutes + 15), points: 2 },
    },
    {
      ...{ name: 'ledger-late', severity: 'page', silence: 'fine' },
      means: 'Records that were put on the stream are neither in their tables nor rejected, an hour later.',
      ...{ metric: metric('RunsLate', 'Maximum', period), when: 'at least', threshold: 1, points: 2 },
    },
    {
      ...{ name: 'reconciliation-differs', severity: 'ticket', silence: 'fine' },
      means: 'A source holds more than the warehouse, and reading the span again has not mended it.',
      ...{ metric: metric('RecordsUnreconciled', 'Minimum', 60), when: 'at least', threshold: 1, points: 6 },
    },
    ...(settings.activity === null ? [] : [refused(ranking.fn.service, everyHours)]),
    ...warehouse.node
      .findAll()
      .filter((part) => part instanceof CfnWorkgroup)
      .map(
        ({ workgroupName }): AlarmDefinition => ({
          ...{ name: 'cost-above-ceiling', severity: 'ticket', silence: 'fine' },
          means: 'The warehouse computes for more hours of the day than are expected, and each is paid for.',
          metric: ofService(
            'Redshift-Serverless',
            'ComputeSeconds',
            { Workgroup: workgroupName },
            'Sum',
            1440,
          ),
          ...{ when: 'above', threshold: COMPUTE_SECONDS, points: 1 },
        }),
      ),
  ];
}

/** Only of a ranking that was configured: without an activity table every refresh is refused, and says so in the report. */
const refused = (service: string, everyHours: number): AlarmDefinition => ({
  ...{ name: 'ranking-refused', severity: 'ticket', silence: 'fine' },
  means: 'The ranking says nothing new, because what it reads is not enough to say anything true.',
  metric: published(service, 'RankingRefused', 'Maximum', 60 * Math.min(24, everyHours)),
  ...{ when: 'at least', threshold: 1, points: 1 },
});
