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

export interface Scale {
  /** What a threshold is in. */
  readonly unit: string;
  /** The largest that means anything: above it the alarm would never sound, or always. */
  readonly most?: number;
}

const share = { unit: 'share of 1', most: 1 };
const runs = { unit: 'runs' };

/** Names that the configuration may use, and what the thresholds of each are. */
export const ALARM_SCALES = {
  // A period holds three polls.
  'feed-not-polled': { unit: 'runs', most: 3 },
  ...{ 'feed-failing': share, 'feed-unauthorised': runs, 'feed-rate-limited': { ...share, most: 0.99 } },
  ...{ 'feed-quota-low': { unit: '%', most: 99 }, 'feed-lease-stuck': share, 'webhook-errors': runs },
  ...{ 'producer-errors': runs, 'producer-timeouts': { unit: 'ms', most: 55_000 } },
  ...{ 'schedule-failures': { unit: 'starts' }, 'nat-ports-exhausted': { unit: 'connections' } },
  ...{ 'stream-throttled': { unit: 'records' } },
  // After seven days there is nothing left to be behind of.
  'transform-behind': { unit: 'ms', most: 7 * 24 * 3_600_000 - 1 },
  ...{ 'transform-errors': runs, 'transform-throttled': runs, 'batches-given-up': { unit: 'batches' } },
  ...{ 'rejects-unusual': { unit: '%', most: 99 }, 'delivery-failing': share },
  // Firehose keeps a row for a day.
  'delivery-stale': { unit: 's', most: 24 * 3600 },
  ...{ 'delivery-throttled': { unit: 'records' }, 'nothing-delivered': share },
  ...{ 'manifests-skipped': { unit: 'batches' }, 'loader-errors': runs, 'landing-growing': { unit: 'rows' } },
  ...{ 'statements-failing': { unit: 'types' }, 'warehouse-stale': { unit: 's' }, 'ledger-late': runs },
  ...{ 'reconciliation-differs': { unit: 'records' }, 'ranking-refused': { unit: 'rankings', most: 1 } },
  ...{ 'cost-above-ceiling': { unit: 'RPU-seconds' } },
} as const satisfies Record<string, Scale>;

export type AlarmName = keyof typeof ALARM_SCALES;

export const ALARM_NAMES = Object.keys(ALARM_SCALES) as readonly AlarmName[];
