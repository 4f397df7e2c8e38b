/**
 * The closed list of alarms: what must wake somebody, and what can wait for tomorrow.
 *
 * Every metric here is either published by the pipeline's functions (namespace Heimdallr) or by the service that runs a
 * part of it. Thresholds are what a healthy pipeline never reaches; each can be moved in `heimdallr.config.ts`.
 */
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { deliveryAlarms } from './delivery.ts';
import { feedAlarms } from './feeds.ts';
import { functionAlarms } from './functions.ts';
import { warehouseAlarms } from './warehouse.ts';

/** Every alarm of a pipeline, before anybody turned one off. */
export const catalogue = (
  pipeline: Pipeline,
  installation: ResolvedInstallation,
): readonly AlarmDefinition[] => [
  ...feedAlarms(pipeline, installation),
  ...functionAlarms(pipeline),
  ...deliveryAlarms(pipeline, installation),
  ...warehouseAlarms(pipeline, installation),
];

/** Names that the configuration may use, and what a threshold of each is in. */
export const ALARM_UNITS = {
  ...{ 'feed-not-polled': 'runs', 'feed-failing': 'share of 1', 'feed-unauthorised': 'runs' },
  ...{ 'feed-rate-limited': 'share of 1', 'feed-quota-low': '%', 'feed-lease-stuck': 'share of 1' },
  ...{ 'webhook-errors': 'runs', 'producer-errors': 'runs', 'producer-timeouts': 'ms' },
  ...{ 'schedule-failures': 'starts', 'nat-ports-exhausted': 'connections', 'stream-throttled': 'records' },
  ...{ 'transform-behind': 'ms', 'transform-errors': 'runs', 'transform-throttled': 'runs' },
  ...{ 'batches-given-up': 'batches', 'rejects-unusual': '%', 'delivery-failing': 'share of 1' },
  ...{ 'delivery-stale': 's', 'delivery-throttled': 'records', 'nothing-delivered': 'share of 1' },
  ...{ 'manifests-skipped': 'batches', 'loader-errors': 'runs', 'landing-growing': 'rows' },
  ...{ 'statements-failing': 'types', 'warehouse-stale': 's', 'ledger-late': 'runs' },
  ...{ 'reconciliation-differs': 'records', 'ranking-refused': 'rankings' },
  ...{ 'cost-above-ceiling': 'RPU-seconds' },
} as const;

export type AlarmName = keyof typeof ALARM_UNITS;

export const ALARM_NAMES = Object.keys(ALARM_UNITS) as readonly AlarmName[];
