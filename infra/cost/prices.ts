/**
 * What AWS charges, in one place: list prices of us-east-1 in USD, without taxes, discounts and free tiers.
 *
 * None of them was read from a bill. `verified` is true when a page that quotes AWS's own price list was read on the
 * date below; the others are from memory or from one older source. Before quoting, look at the page that `source` names.
 */

/** When the sources were read. */
export const PRICED_ON = '2026-11-23';
export const PRICED_REGION = 'us-east-1';

export interface Price {
  readonly usd: number;
  /** What one unit is. */
  readonly per: string;
  /** Where to look it up. */
  readonly source: string;
  readonly verified: boolean;
}

const price = (usd: number, per: string, source: string, verified: boolean): Price => ({
  ...{ usd, per, source, verified },
});

const page = (path: string): string => `aws.amazon.com/${path}/pricing`;
const kinesis = page('kinesis/data-streams');
const cloudWatch = page('cloudwatch');
const dynamo = page('dynamodb/on-demand');

export const prices = {
  shardHour: price(0.015, 'shard-hour', kinesis, true),
  extendedShardHour: price(0.02, 'shard-hour with more than a day of retention, on top', kinesis, false),
  putUnits: price(0.014, 'million PUT units of 25 KB', kinesis, true),
  onDemandHour: price(0.04, 'hour of an on-demand stream', kinesis, true),
  onDemandIn: price(0.08, 'GB put on an on-demand stream, each record rounded up to 1 KB', kinesis, true),
  onDemandOut: price(0.04, 'GB read from an on-demand stream', kinesis, true),
  firehoseGb: price(
    0.029,
    'GB put on a delivery stream, each record rounded up to 5 KB',
    page('firehose'),
    false,
  ),
  lambdaRequests: price(0.2, 'million invocations', page('lambda'), true),
  lambdaGbSecond: price(0.0000133334, 'GB-second on ARM', page('lambda'), false),
  lambdaGbSecondX86: price(0.0000166667, 'GB-second on x86', page('lambda'), true),
  scheduler: price(1, 'million starts by a schedule', page('eventbridge'), false),
  natHour: price(0.045, 'NAT gateway hour', page('vpc'), true),
  natGb: price(0.045, 'GB through a NAT gateway', page('vpc'), true),
  addressHour: price(0.005, 'hour of a public IPv4 address', page('vpc'), false),
  endpointHour: price(0.01, 'hour of an interface endpoint in one zone', page('privatelink'), true),
  endpointGb: price(0.01, 'GB through an interface endpoint', page('privatelink'), true),
  nanoHour: price(0.0042, 't4g.nano hour', 'aws.amazon.com/ec2/pricing/on-demand', false),
  diskGb: price(0.08, 'GB-month of a gp3 volume', page('ebs'), false),
  rpuHour: price(0.375, 'RPU-hour, by the second, at least 60 s for each time awake', page('redshift'), true),
  redshiftGb: price(0.024, 'GB-month of managed storage', page('redshift'), false),
  s3Writes: price(0.005, 'thousand PUT or LIST requests', page('s3'), false),
  s3Reads: price(0.0004, 'thousand GET requests', page('s3'), false),
  s3Gb: price(0.023, 'GB-month', page('s3'), false),
  secret: price(0.4, 'secret and month', page('secrets-manager'), false),
  secretCalls: price(0.05, 'ten thousand calls', page('secrets-manager'), false),
  kmsCalls: price(0.03, 'ten thousand calls', page('kms'), false),
  dynamoWrites: price(0.625, 'million write units', dynamo, false),
  logsGb: price(0.5, 'GB of logs taken in', cloudWatch, true),
  logsKept: price(0.03, 'GB-month of logs kept', cloudWatch, false),
  metric: price(0.3, 'custom metric and month', cloudWatch, true),
  alarmMetric: price(0.1, 'metric that an alarm reads, and month', cloudWatch, false),
  compositeAlarm: price(0.5, 'composite alarm and month', cloudWatch, false),
  dashboard: price(3, 'dashboard and month', cloudWatch, true),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof prices;
