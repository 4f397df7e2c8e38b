/** What can go wrong between the transform and the landing table. */
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofDelivery, published, together } from './metrics.ts';

export function deliveryAlarms(
  { delivery, reload }: Pipeline,
  { freshnessMinutes }: ResolvedInstallation,
): readonly AlarmDefinition[] {
  return [
    ...delivery.streams.flatMap((stream, index): readonly AlarmDefinition[] => {
      const of = `stream ${index + 1}`;
      return [
        {
          ...{ name: 'delivery-failing', of, severity: 'ticket', silence: 'fine' },
          means:
            'COPYs fail; Firehose repeats each for two hours, then leaves a manifest for the reload function.',
          metric: ofDelivery(stream, 'DeliveryToRedshift.Success', 'Average', 15),
          // A single failure that is got over is no trouble.
          ...{ when: 'below', threshold: 0.9, points: 2 },
        },
        {
          ...{ name: 'delivery-stale', of, severity: 'ticket', silence: 'fine' },
          means: 'Rows came out of Firehose that had waited for three times its buffer.',
          // Told with what is delivered, once in a buffer's time: a single value has to do.
          metric: ofDelivery(stream, 'DeliveryToS3.DataFreshness', 'Maximum', 15),
          ...{ when: 'above', threshold: 3 * 60 * freshnessMinutes, points: 1 },
        },
        {
          ...{ name: 'delivery-throttled', of, severity: 'ticket', silence: 'fine' },
          means: 'The delivery stream is too narrow for what the transform sends.',
          metric: ofDelivery(stream, 'ThrottledRecords', 'Sum', 5),
          ...{ when: 'at least', threshold: 1, points: 3 },
        },
        {
          ...{ name: 'nothing-delivered', of, severity: 'page', silence: 'fine' },
          means:
            'Rows go in and none come out. Freshness metrics vanish when delivery is blocked, so this one compares.',
          metric: together(
            'IF(FILL(incoming, 0) > 0 AND FILL(delivered, 0) == 0, 1, 0)',
            {
              incoming: ofDelivery(stream, 'IncomingRecords', 'Sum', 30),
              delivered: ofDelivery(stream, 'DeliveryToRedshift.Records', 'Sum', 30),
            },
            30,
            'rows go in and none come out',
          ),
          // In the half hour in which the first rows go in, none may come out yet.
          ...{ when: 'at least', threshold: 1, points: 2 },
        },
      ];
    }),
    {
      ...{ name: 'manifests-skipped', severity: 'page', silence: 'fine' },
      means:
        'Batches that Firehose gave up on could not be loaded: their rows are in the archive, not in the warehouse.',
      metric: published(reload.fn.service, 'ManifestsSkipped', 'Maximum', 60),
      ...{ when: 'at least', threshold: 1, points: 1 },
    },
  ];
}
