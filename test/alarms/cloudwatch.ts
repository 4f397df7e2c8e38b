/**
 * A small CloudWatch: takes metrics, and evaluates the alarms that a template defines as CloudWatch documents it: a window
 * that slides with every minute, M of N datapoints, missing data. An element of an alarm that it does not know is an error.
 *
 * Metrics are never late here, and no more periods are looked at than the alarm says: CloudWatch looks a little further back
 * for the newest real values where some are missing.
 */
import { evaluate, type Value } from './expression.ts';

/** Dimensions may be intrinsics of the template: they are compared as they are written. */
export type Dimensions = Readonly<Record<string, unknown>>;

export interface Point {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** What a template says of an alarm. */
// biome-ignore lint/suspicious/noExplicitAny: a template is as deep and as loose as CloudFormation.
export type AlarmProperties = Readonly<Record<string, any>>;

const KNOWN = new Set([
  ...['AlarmActions', 'AlarmDescription', 'ComparisonOperator', 'DatapointsToAlarm', 'Dimensions'],
  ...['EvaluationPeriods', 'MetricName', 'Metrics', 'Namespace', 'OKActions', 'Period', 'Statistic'],
  ...['Threshold', 'TreatMissingData'],
]);

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
  readonly statistic: string;
  readonly seconds: number;
}

export class CloudWatch {
  readonly #points = new Map<string, Point[]>();

  put(point: Point): void {
    const key = keyOf(point);
    const points = this.#points.get(key);
    if (points === undefined) this.#points.set(key, [point]);
    else points.push(point);
  }

  /** True if the alarm sounds at the minute that has begun. @throws {TypeError} for what is not understood. */
  sounds(alarm: AlarmProperties, now: number): boolean {
    const unknown = Object.keys(alarm).filter((name) => !KNOWN.has(name));
    if (unknown.length > 0) throw new TypeError(`an alarm's ${unknown.join(', ')} is not understood`);
    const seconds = periodOf(alarm);
    const end = Math.floor(now / 60_000) * 60;
    const values = Array.from({ length: alarm.EvaluationPeriods }, (_, index) =>
      this.#value(alarm, (end - (index + 1) * seconds) * 1000, seconds),
    );
    const breaching = values.filter((value) =>
      value === null ? alarm.TreatMissingData === 'breaching' : compare(alarm, value),
    );
    return breaching.length >= (alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods);
  }

  /** All values of a metric together. */
  sum(metric: Pick<Point, 'namespace' | 'name' | 'dimensions'> | undefined): number {
    const points = metric === undefined ? [] : (this.#points.get(keyOf(metric)) ?? []);
    return points.reduce((total, { value }) => total + value, 0);
  }

  /** How far back an alarm looks, milliseconds. */
  static reachOf(alarm: AlarmProperties): number {
    return alarm.EvaluationPeriods * periodOf(alarm) * 1000;
  }

  /** The metrics that an alarm looks at. */
  static wantedBy(alarm: AlarmProperties): readonly Wanted[] {
    if (alarm.Metrics === undefined) return [simple(alarm)];
    return alarm.Metrics.filter(({ MetricStat }: AlarmProperties) => MetricStat !== undefined).map(
      ({ MetricStat }: AlarmProperties) =>
        simple({ ...MetricStat.Metric, Statistic: MetricStat.Stat, Period: MetricStat.Period }),
    );
  }

  #value(alarm: AlarmProperties, from: number, seconds: number): Value {
    if (alarm.Metrics === undefined) return this.#read(simple(alarm), from, seconds);
    const metrics = Object.fromEntries(
      alarm.Metrics.filter(({ MetricStat }: AlarmProperties) => MetricStat !== undefined).map(
        ({ Id, MetricStat: { Metric, Stat, Period } }: AlarmProperties) => [
          Id,
          this.#read(simple({ ...Metric, Statistic: Stat, Period }), from, seconds),
        ],
      ),
    );
    const shown = alarm.Metrics.filter(({ Expression }: AlarmProperties) => Expression !== undefined);
    if (shown.length !== 1) throw new TypeError('an alarm of metric math has one expression');
    return evaluate(shown[0].Expression, metrics);
  }

  #read(wanted: Wanted, from: number, seconds: number): Value {
    const values = (this.#points.get(keyOf(wanted)) ?? [])
      .filter(({ at }) => at >= from && at < from + seconds * 1000)
      .map(({ value }) => value);
    if (values.length === 0) return null;
    const sum = values.reduce((total, value) => total + value, 0);
    switch (wanted.statistic) {
      case 'Sum':
        return sum;
      case 'Average':
        return sum / values.length;
      case 'SampleCount':
        return values.length;
      case 'Maximum':
        return Math.max(...values);
      case 'Minimum':
        return Math.min(...values);
      default:
        throw new TypeError(`the statistic ${wanted.statistic} is not understood`);
    }
  }
}

function simple({ Namespace, MetricName, Dimensions = [], Statistic, Period }: AlarmProperties): Wanted {
  const dimensions = Object.fromEntries(
    Dimensions.map(({ Name, Value: value }: AlarmProperties) => [Name, value]),
  );
  return { namespace: Namespace, name: MetricName, dimensions, statistic: Statistic, seconds: Period };
}

function periodOf(alarm: AlarmProperties): number {
  const [period, ...others] = new Set(CloudWatch.wantedBy(alarm).map(({ seconds }) => seconds));
  if (period === undefined || others.length > 0)
    throw new TypeError('the metrics of an alarm have one period');
  return period;
}

function compare(
  { ComparisonOperator: operator, Threshold: threshold }: AlarmProperties,
  value: number,
): boolean {
  switch (operator) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'LessThanThreshold':
      return value < threshold;
    default:
      throw new TypeError(`the comparison ${operator} is not understood`);
  }
}

const keyOf = ({ namespace, name, dimensions }: Pick<Point, 'namespace' | 'name' | 'dimensions'>): string =>
  JSON.stringify([
    namespace,
    name,
    Object.entries(dimensions).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ]);
