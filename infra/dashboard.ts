/**
 * The dashboard: one screen, read from left to right as a fact travels. On top the alarms; below them who is polled, the
 * stream, the transform and the delivery; then the loader, freshness, the books and what the warehouse computes.
 *
 * Widgets of the CDK itself: `cdk-monitoring-constructs` stacks a section for each resource, and a fact does not travel
 * down a page of sections (docs/decisions/0010-a-dashboard-of-plain-widgets.md).
 */
import type { Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type Metric,
  PeriodOverride,
} from 'aws-cdk-lib/aws-cloudwatch';
import { CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import { ofDelivery, ofFeed, ofService, published } from './alarms/metrics.ts';
import type { Pipeline } from './pipeline-stack.ts';
import type { ResolvedInstallation } from './read-installation.ts';

/** A screen is 24 units wide. */
const WIDTH = 6;
const HEIGHT = 7;

const MINUTES = 5;

/** A widget can hold so many alarms (CloudWatch, "Dashboard body structure and syntax"). */
const MOST_ALARMS = 100;

/** Adds the dashboard; a feed or a producer more is a line more in its graphs. */
export function dashboard(
  stack: Stack,
  pipeline: Pipeline,
  { feeds }: ResolvedInstallation,
  alarms: readonly IAlarm[],
): void {
  const { facts, transform, delivery, loader, warehouse } = pipeline;
  const ofLoader = (name: string, dimensions = {}) =>
    published(loader.fn.service, name, 'Maximum', 15, dimensions);
  const ofStream = (name: string) =>
    ofService('Kinesis', name, { StreamName: facts.streamName }, 'Sum', MINUTES);
  const polled = feeds.map(({ feed }) => named(ofFeed(feed, 'RecordsEmitted', 'Sum', MINUTES), feed));
  const failed = feeds.map(({ feed }) => named(ofFeed(feed, 'PollFailed', 'Sum', MINUTES), `${feed} failed`));
  const fresh = feeds.map(({ feed }) => named(ofLoader('FreshnessSeconds', { feed }), feed));
  const computing = warehouse.node
    .findAll()
    .filter((part) => part instanceof CfnWorkgroup)
    .map(({ workgroupName }) =>
      ofService('Redshift-Serverless', 'ComputeSeconds', { Workgroup: workgroupName }, 'Sum', 60),
    );
  const streams = (name: string, statistic: 'Sum' | 'Minimum' | 'Maximum') =>
    delivery.streams.map((each) => ofDelivery(each, name, statistic, 15));

  const board = new Dashboard(stack, 'Dashboard', { periodOverride: PeriodOverride.AUTO });
  board.addWidgets(...statuses(alarms));
  board.addWidgets(
    graph('Polled: records of each feed', polled, failed),
    graph(
      'Stream: records in, refused',
      [ofStream('IncomingRecords')],
      [ofStream('WriteProvisionedThroughputExceeded')],
    ),
    graph(
      'Transform: accepted, rejected; age of what is unread',
      [
        published(transform.service, 'RecordsAccepted', 'Sum', MINUTES),
        published(transform.service, 'RecordsRejected', 'Sum', MINUTES),
      ],
      [ofService('Lambda', 'IteratorAge', { FunctionName: transform.functionName }, 'Maximum', MINUTES)],
    ),
    graph(
      'Delivery: packs in and COPYed; share of COPYs that worked',
      [...streams('IncomingRecords', 'Sum'), ...streams('DeliveryToRedshift.Records', 'Sum')],
      streams('DeliveryToRedshift.Success', 'Minimum'),
    ),
  );
  board.addWidgets(
    graph('Loader: rows that wait; seconds of a run', [ofLoader('LandingRows')], [ofLoader('LoaderSeconds')]),
    graph('Freshness: age of the newest poll in the warehouse, s', fresh),
    graph('Books: late runs, records missing, differences to the source', [
      ofLoader('RunsLate'),
      ofLoader('RecordsMissing'),
      ofLoader('RecordsUnreconciled'),
    ]),
    graph('Cost: RPU-seconds that the warehouse computed, per hour', computing),
  );
}

/** All alarms in a row of as few widgets as can hold them. */
function statuses(alarms: readonly IAlarm[]): readonly AlarmStatusWidget[] {
  const count = Math.ceil(alarms.length / MOST_ALARMS);
  return Array.from(
    { length: count },
    (_, index) =>
      new AlarmStatusWidget({
        title: 'Alarms',
        alarms: alarms.slice(index * MOST_ALARMS, (index + 1) * MOST_ALARMS),
        ...{ width: Math.floor((4 * WIDTH) / count), height: 4 },
      }),
  );
}

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left: [...left], right: [...right], width: WIDTH, height: HEIGHT });

const named = (metric: Metric, label: string): Metric => metric.with({ label });
