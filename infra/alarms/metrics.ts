/** Metrics by what they are about. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { DeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';

export type Statistic = 'Sum' | 'Minimum' | 'Maximum' | 'Average' | 'SampleCount';

/** A metric that a function publishes through Powertools, which adds the dimension `service`. */
export const published = (
  service: string,
  metricName: string,
  statistic: Statistic,
  minutes: number,
  dimensions: Readonly<Record<string, string>> = {},
): Metric =>
  new Metric({
    ...{ namespace: 'Heimdallr', metricName, statistic, period: Duration.minutes(minutes) },
    dimensionsMap: { service, ...dimensions },
  });

/** A metric that a producer publishes for a feed; the feed is its only dimension. */
export const ofFeed = (feed: string, metricName: string, statistic: Statistic, minutes: number): Metric =>
  new Metric({
    ...{ namespace: 'Heimdallr', metricName, statistic, period: Duration.minutes(minutes) },
    dimensionsMap: { feed },
  });

/** A metric of a service of AWS. */
export const ofService = (
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  statistic: Statistic,
  minutes: number,
): Metric =>
  new Metric({
    ...{ namespace: `AWS/${namespace}`, metricName, dimensionsMap, statistic },
    period: Duration.minutes(minutes),
  });

export const ofDelivery = (
  { deliveryStreamName }: DeliveryStream,
  metricName: string,
  statistic: Statistic,
  minutes: number,
): Metric =>
  ofService('Firehose', metricName, { DeliveryStreamName: deliveryStreamName }, statistic, minutes);

/** Several metrics in one figure. */
export const together = (
  expression: string,
  usingMetrics: Record<string, Metric>,
  minutes: number,
  label: string,
): MathExpression =>
  new MathExpression({ expression, usingMetrics, label, period: Duration.minutes(minutes) });
