/** What can go wrong in the warehouse, and what it may cost. */
import { CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import { awakeShare } from '../cost/awake.ts';
import { wakersAt } from '../cost/sleepless.ts';
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofService, published, type Statistic } from './metrics.ts';

/** Rows that wait for the loader; it moves a hundred thousand in seconds. */
const MANY_ROWS = 1_000_000;

/** How many times what the cost model expects of a day it may be. */
const CEILING = 1.5;

const DAY_SECONDS = 24 * 3600;

export function warehouseAlarms(
  pipeline: Pipeline,
  installation: ResolvedInstallation,
): readonly AlarmDefinition[] {
  const { loader, reload, ranking, digest, warehouse } = pipeline;
  const { feeds, freshnessMinutes } = installation;
  const { settings, everyHours } = installation.ranking;
  const metric = (name: string, statistic: Statistic, minutes: number, dimensions = {}) =>
    published(loader.fn.service, name, statistic, minutes, dimensions);
  // A period holds at least one run of the loader.
  const period = Math.max(15, freshnessMinutes);
  return [
    ...[loader, reload, ranking, ...(digest === null ? [] : [digest])].map(
      ({ fn }): AlarmDefinition => ({
        ...{ name: 'loader-errors', of: fn.service, severity: 'page', silence: 'fine' },
        means: 'A function that works in the warehouse ends with an exception; what it was to do waits.',
        metric: ofService('Lambda', 'Errors', { FunctionName: fn.functionName }, 'Sum', period),
        ...{ when: 'at least', threshold: 1, points: fn === loader.fn || fn === reload.fn ? 2 : 1 },
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
    ...feeds.map(
      ({ feed, producer }): AlarmDefinition => ({
        ...{ name: 'warehouse-stale', of: feed, severity: 'page', silence: 'trouble' },
        means:
          'The newest poll in the warehouse is too old, measured end to end, or the loader does not run.',
        metric: metric('FreshnessSeconds', 'Maximum', period, { feed }),
        // A row is visible after at most twice the freshness; the rest is for a COPY that is repeated.
        ...{ when: 'above', threshold: 60 * (producer.everyMinutes + 2 * freshnessMinutes + 15), points: 2 },
      }),
    ),
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
          means:
            'The warehouse computed for half as long again as this configuration is expected to, and each second is paid for.',
          metric: ofService(
            'Redshift-Serverless',
            'ComputeSeconds',
            { Workgroup: workgroupName },
            'Sum',
            1440,
          ),
          ...{ when: 'above', threshold: ceiling(pipeline, installation), points: 1 },
        }),
      ),
  ];
}

/** RPU-seconds of a day: what `ComputeSeconds` counts, and what is paid for. */
function ceiling(pipeline: Pipeline, { warehouse, freshnessMinutes }: ResolvedInstallation): number {
  const rpu = warehouse.mode === 'serverless' ? warehouse.baseCapacityRpu : 0;
  return Math.round(CEILING * awakeShare(wakersAt(pipeline, freshnessMinutes)) * rpu * DAY_SECONDS);
}

/** Only of a ranking that was configured: without an activity table every refresh is refused, and says so in the report. */
const refused = (service: string, everyHours: number): AlarmDefinition => ({
  ...{ name: 'ranking-refused', severity: 'ticket', silence: 'fine' },
  means: 'The ranking says nothing new, because what it reads is not enough to say anything true.',
  metric: published(service, 'RankingRefused', 'Maximum', 60 * Math.min(24, everyHours)),
  ...{ when: 'at least', threshold: 1, points: 1 },
});
