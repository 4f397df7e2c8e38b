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

/** Names that the configuration may use. */
export const ALARM_NAMES = [
  ...['feed-not-polled', 'feed-failing', 'feed-unauthorised', 'feed-rate-limited', 'feed-quota-low'],
  ...['feed-lease-stuck', 'webhook-errors'],
  ...['producer-errors', 'producer-timeouts', 'schedule-failures', 'nat-ports-exhausted'],
  ...['stream-throttled', 'transform-behind', 'transform-errors', 'transform-throttled'],
  ...['batches-given-up', 'rejects-unusual'],
  ...['delivery-failing', 'delivery-stale', 'delivery-throttled', 'nothing-delivered', 'manifests-skipped'],
  ...['loader-errors', 'landing-growing', 'statements-failing', 'warehouse-stale', 'ledger-late'],
  ...['reconciliation-differs', 'ranking-refused', 'cost-above-ceiling'],
] as const;

export type AlarmName = (typeof ALARM_NAMES)[number];
