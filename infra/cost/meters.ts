/**
 * What each type of resource is charged for. A type that is in neither list here has no price, and the bill refuses
 * it: a forgotten resource must not look as if it cost nothing.
 */
import { awakeShare } from './awake.ts';
import { meteredLambda, meteredLogs } from './function-meters.ts';
import type { PriceName } from './prices.ts';
import { at, numberAt, type Resource, target, textAt } from './template.ts';
import { isProducer, type Traffic, timesOf } from './traffic.ts';
import { assumptions as assumed, GB, HOURS } from './workload.ts';

export interface Charge {
  readonly price: PriceName;
  /** In the price's own unit. */
  readonly quantity: number;
}

export interface Metering {
  readonly resources: readonly Resource[];
  readonly traffic: Traffic;
}

export type Meter = (resource: Resource, metering: Metering) => readonly Charge[];

export const charge = (price: PriceName, quantity: number): Charge => ({ price, quantity });

const MILLION = 1e6;
const FIREHOSE_ROUNDING = 5 * 1024;
/** What the transform fills a Firehose record with at most. */
const FIREHOSE_RECORD = 1_000_000;

export const meters: Readonly<Record<string, Meter>> = {
  'AWS::Kinesis::Stream': (stream, { resources, traffic }) => {
    const { records, bytes } = traffic;
    const encrypted = at(stream.properties, 'StreamEncryption') !== undefined;
    const callers =
      resources.filter((each) => each.type === 'AWS::Lambda::Function' && isProducer(each)).length + 1;
    const keys = encrypted
      ? [charge('kmsCalls', (callers * assumed.kmsCallsPerHour.value * HOURS) / 1e4)]
      : [];
    if (textAt(stream.properties, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND') {
      const rounded = (Math.ceil(bytes / Math.max(1, records) / 1024) * 1024 * records) / GB;
      return [
        charge('onDemandHour', HOURS),
        charge('onDemandIn', rounded),
        charge('onDemandOut', bytes / GB),
        ...keys,
      ];
    }
    const shardHours = numberAt(stream, 'ShardCount') * HOURS;
    const isExtended = Number(at(stream.properties, 'RetentionPeriodHours') ?? 24) > 24;
    const units = Math.ceil(bytes / Math.max(1, records) / 25_600) * records;
    return [
      charge('shardHour', shardHours),
      ...(isExtended ? [charge('extendedShardHour', shardHours)] : []),
      charge('putUnits', units / MILLION),
      ...keys,
    ];
  },

  'AWS::KinesisFirehose::DeliveryStream': ({ properties }, { traffic }) => {
    // Refused records are the exception: the stream to the quarantine carries next to nothing.
    if (at(properties, 'RedshiftDestinationConfiguration') === undefined) return [];
    const { bytes, batches, deliveries } = traffic;
    const perBatch = bytes / Math.max(1, batches * deliveries);
    const packs = Math.max(1, Math.ceil(perBatch / FIREHOSE_RECORD));
    const billed = Math.ceil(perBatch / packs / FIREHOSE_ROUNDING) * FIREHOSE_ROUNDING * packs * batches;
    return [charge('firehoseGb', billed / GB)];
  },

  'AWS::Lambda::Function': meteredLambda,
  'AWS::Logs::LogGroup': meteredLogs,

  'AWS::Scheduler::Schedule': (schedule) => [charge('scheduler', timesOf(schedule) / MILLION)],

  'AWS::EC2::NatGateway': (_gateway, { resources, traffic }) => {
    const gateways = resources.filter(({ type }) => type === 'AWS::EC2::NatGateway').length;
    return [charge('natHour', HOURS), charge('natGb', outward(traffic) / gateways)];
  },
  'AWS::EC2::EIP': () => [charge('addressHour', HOURS)],
  'AWS::EC2::Instance': (instance) => {
    const kind = textAt(instance.properties, 'InstanceType');
    if (kind !== 't4g.nano')
      throw new TypeError(
        `${instance.id}: got the instance type ${kind}, expected t4g.nano, the only one with a price`,
      );
    return [charge('nanoHour', HOURS), charge('diskGb', 8)];
  },
  'AWS::EC2::VPCEndpoint': (endpoint) => {
    if (textAt(endpoint.properties, 'VpcEndpointType') !== 'Interface') return [];
    const subnets = at(endpoint.properties, 'SubnetIds');
    return [charge('endpointHour', HOURS * (Array.isArray(subnets) ? subnets.length : 1))];
  },

  'AWS::RedshiftServerless::Workgroup': (workgroup, { traffic }) => [
    charge('rpuHour', awakeShare(traffic.wakers) * HOURS * numberAt(workgroup, 'BaseCapacity')),
    ...(at(workgroup.properties, 'PubliclyAccessible') === true ? [charge('addressHour', HOURS)] : []),
  ],
  'AWS::RedshiftServerless::Namespace': (_namespace, { traffic }) => [
    charge('redshiftGb', (traffic.bytes * assumed.monthsKept.value) / assumed.columnar.value / GB),
  ],

  'AWS::S3::Bucket': ({ id, properties }, { resources, traffic }) => {
    const isLog = resources.some(
      (each) => target(at(each.properties, 'LoggingConfiguration', 'DestinationBucketName')) === id,
    );
    if (isLog) return [];
    const rules = at(properties, 'LifecycleConfiguration', 'Rules');
    const days = Array.isArray(rules) ? Number(at(rules[0], 'ExpirationInDays') ?? 365) : 365;
    const { copies, deliveries, bytes } = traffic;
    const objects = copies * deliveries;
    return [
      // An object and a manifest for each COPY, and two looks for what was skipped.
      charge('s3Writes', (objects * 4) / 1000),
      charge('s3Reads', (objects * 2) / 1000),
      charge('s3Gb', ((bytes / assumed.gzip.value / GB) * days) / (365 / 12)),
    ];
  },

  'AWS::SecretsManager::Secret': () => [
    charge('secret', 1),
    charge('secretCalls', (assumed.callsPerSecretHour.value * HOURS) / 1e4),
  ],
  'AWS::DynamoDB::Table': (_table, { traffic }) => [
    charge('dynamoWrites', (traffic.polls * assumed.writesPerPoll.value) / MILLION),
  ],
  'AWS::CloudWatch::Alarm': ({ properties }) => {
    const metrics = at(properties, 'Metrics');
    const read = Array.isArray(metrics)
      ? metrics.filter((metric) => at(metric, 'MetricStat') !== undefined).length
      : 1;
    return [charge('alarmMetric', Math.max(1, read))];
  },
  'AWS::CloudWatch::CompositeAlarm': () => [charge('compositeAlarm', 1)],
  'AWS::CloudWatch::Dashboard': () => [charge('dashboard', 1)],
};

/** GB that leave and enter through whatever stands before the internet: answers of vendors, and the puts on the stream. */
const outward = ({ occurrences, polls, bytes }: Traffic): number =>
  (occurrences * assumed.vendorBytes.value * assumed.timesFetched.value +
    polls * assumed.pollBytes.value +
    bytes) /
  GB;

/** Types that are charged for nothing, or for less than a cent in a month whatever happens. */
export const FREE: readonly string[] = [
  'AWS::Budgets::Budget',
  'AWS::CDK::Metadata',
  'AWS::Chatbot::SlackChannelConfiguration',
  'AWS::EC2::EIPAssociation',
  'AWS::EC2::FlowLog',
  'AWS::EC2::InternetGateway',
  'AWS::EC2::LaunchTemplate',
  'AWS::EC2::Route',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::IAM::InstanceProfile',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  'AWS::Logs::LogStream',
  'AWS::Logs::MetricFilter',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::ScheduleGroup',
  'Custom::HeimdallrSchema',
];
