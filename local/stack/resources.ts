/**
 * Resource types: how their physical names come about, what `Ref` says, and their attributes.
 *
 * AWS ends a generated name with random letters; here it follows from the logical id, so that a second start
 * finds what the first one made. The list is closed, and so it is long: what is not in it is an error and not a
 * guess.
 */
import { createHash } from 'node:crypto';

/** Where a stack is. */
export interface Place {
  readonly stackName: string;
  readonly region: string;
  readonly accountId: string;
}

/** The account and the region that are played. */
export const ACCOUNT_ID = '111111111111';
export const REGION = 'us-east-1';

/** What a custom resource answered. */
export interface Custom {
  readonly physicalId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What is known of a resource when it is referred to. */
export interface Facts extends Place {
  readonly logicalId: string;
  /** A property, resolved; undefined when it is not written. */
  readonly property: (name: string) => unknown;
  readonly custom: Custom | undefined;
}

export interface Identity {
  readonly ref: string;
  readonly attribute: (name: string) => unknown;
}

/** Identity of a resource, or null when its type is not known. */
export function identify(type: string, facts: Facts): Identity | null {
  if (isCustom(type)) {
    return {
      ref: facts.custom?.physicalId ?? facts.logicalId,
      attribute: (name) => facts.custom?.data[name],
    };
  }
  const rule = rules[type] ?? (isIgnored(type) ? plain() : undefined);
  if (rule === undefined) return null;
  const name = nameOf(rule, facts);
  const attributes = rule.attributes?.(facts, name) ?? {};
  return {
    ref: rule.ref?.(facts, name) ?? name,
    attribute: (wanted) => attributes[wanted],
  };
}

/** True for a resource that a function of the stack makes. */
export const isCustom = (type: string): boolean =>
  type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';

/** True for a type that exists in AWS and has nothing to do on one machine. */
export const isIgnored = (type: string): boolean =>
  /^AWS::(?:IAM|EC2|Logs|KMS|CloudWatch|SNS|Budgets|CDK)::/.test(type) || ignored.has(type);

const ignored: ReadonlySet<string> = new Set([
  'AWS::Lambda::Permission',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::S3::BucketPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::SecretsManager::ResourcePolicy',
  'AWS::RedshiftServerless::Namespace',
]);

interface Rule {
  /** The property that holds the name, when somebody chose one. */
  readonly named?: string;
  /** Longest name, in characters. */
  readonly limit?: number;
  readonly style?: (name: string) => string;
  readonly ref?: (facts: Facts, name: string) => string;
  readonly attributes?: (facts: Facts, name: string) => Readonly<Record<string, unknown>>;
}

function nameOf(rule: Rule, facts: Facts): string {
  const chosen = rule.named === undefined ? undefined : facts.property(rule.named);
  if (typeof chosen === 'string') return chosen;
  const name = `${facts.stackName}-${facts.logicalId}`;
  const limit = rule.limit ?? 64;
  const short = name.length <= limit ? name : `${name.slice(0, limit - 9)}-${digest(name, 8)}`;
  return rule.style?.(short) ?? short;
}

const digest = (value: string, length: number): string =>
  createHash('sha256').update(value).digest('hex').slice(0, length);

const arn = ({ region, accountId }: Place, service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

/** A rule for a type with one ARN under the attribute `Arn`. */
const withArn = (service: string, before: string, rule: Rule = {}): Rule => ({
  attributes: (facts, name) => ({ Arn: arn(facts, service, `${before}${name}`) }),
  ...rule,
});

const plain = (): Rule => ({});

/** A resource of EC2: an id such as `vpc-0a1b…`, under the attribute of the given name as well. */
const ec2 = (
  prefix: string,
  idAttribute: string,
  attributes: (facts: Facts) => Readonly<Record<string, unknown>> = () => ({}),
): Rule => {
  const id = (facts: Facts): string => `${prefix}-${digest(`${facts.stackName}/${facts.logicalId}`, 17)}`;
  return { ref: id, attributes: (facts) => ({ ...attributes(facts), [idAttribute]: id(facts) }) };
};

/** A stable number of an address, so that two resources rarely share one. */
const lastOctet = ({ logicalId }: Facts): number => (Number.parseInt(digest(logicalId, 2), 16) % 254) + 1;

/** As random as an id of AWS looks, and always the same for one resource. */
export function stableUuid({ stackName, logicalId }: Pick<Facts, 'stackName' | 'logicalId'>): string {
  const hex = digest(`${stackName}/${logicalId}`, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const secretArn = (facts: Facts, name: string): string =>
  // Secrets Manager adds six characters to the name, so that a re-created secret has another ARN.
  arn(facts, 'secretsmanager', `secret:${name}-${digest(name, 6)}`);

/** The name in a secret's ARN, without the six characters. */
export const secretName = (arn: string): string => arn.replace(/^.*:secret:/, '').slice(0, -'-123456'.length);

const workgroupHost = (facts: Facts, name: string): string =>
  `${name}.${facts.accountId}.${facts.region}.redshift-serverless.amazonaws.com`;

const rules: Readonly<Record<string, Rule>> = {
  'AWS::Kinesis::Stream': withArn('kinesis', 'stream/', { named: 'Name', limit: 128 }),
  'AWS::DynamoDB::Table': withArn('dynamodb', 'table/', { named: 'TableName', limit: 255 }),
  'AWS::Lambda::Function': withArn('lambda', 'function:', { named: 'FunctionName' }),
  'AWS::Lambda::EventInvokeConfig': {},
  'AWS::Lambda::Url': {
    attributes: (facts) => ({
      FunctionArn: facts.property('TargetFunctionArn'),
      FunctionUrl: `https://${digest(`${facts.stackName}/${facts.logicalId}`, 32)}.lambda-url.${facts.region}.on.aws/`,
    }),
  },
  'AWS::Lambda::EventSourceMapping': {
    ref: stableUuid,
    attributes: (facts) => ({
      Id: stableUuid(facts),
      EventSourceMappingArn: arn(facts, 'lambda', `event-source-mapping:${stableUuid(facts)}`),
    }),
  },
  'AWS::Scheduler::Schedule': {
    named: 'Name',
    attributes: (facts, name) => ({
      Arn: arn(facts, 'scheduler', `schedule/${String(facts.property('GroupName') ?? 'default')}/${name}`),
    }),
  },
  'AWS::Scheduler::ScheduleGroup': withArn('scheduler', 'schedule-group/', { named: 'Name' }),
  'AWS::KinesisFirehose::DeliveryStream': withArn('firehose', 'deliverystream/', {
    named: 'DeliveryStreamName',
  }),
  'AWS::S3::Bucket': {
    named: 'BucketName',
    limit: 63,
    style: (name) => name.toLowerCase(),
    attributes: ({ region }, name) => ({
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
    }),
  },
  'AWS::SecretsManager::Secret': {
    named: 'Name',
    limit: 256,
    ref: secretArn,
    attributes: (facts, name) => ({ Id: secretArn(facts, name) }),
  },
  'AWS::RedshiftServerless::Namespace': {
    named: 'NamespaceName',
    style: (name) => name.toLowerCase(),
    attributes: (facts, name) => ({
      'Namespace.NamespaceArn': arn(facts, 'redshift-serverless', `namespace/${stableUuid(facts)}`),
      'Namespace.NamespaceId': stableUuid(facts),
      'Namespace.NamespaceName': name,
      'Namespace.DbName': facts.property('DbName') ?? 'dev',
    }),
  },
  'AWS::RedshiftServerless::Workgroup': {
    named: 'WorkgroupName',
    style: (name) => name.toLowerCase(),
    attributes: (facts, name) => ({
      'Workgroup.WorkgroupArn': arn(facts, 'redshift-serverless', `workgroup/${stableUuid(facts)}`),
      'Workgroup.WorkgroupId': stableUuid(facts),
      'Workgroup.WorkgroupName': name,
      'Workgroup.Endpoint.Address': workgroupHost(facts, name),
      'Workgroup.Endpoint.Port': Number(facts.property('Port') ?? 5439),
    }),
  },
  'AWS::SQS::Queue': {
    named: 'QueueName',
    limit: 80,
    ref: ({ region, accountId }, name) => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: (facts, name) => ({ Arn: arn(facts, 'sqs', name), QueueName: name }),
  },
  'AWS::SNS::Topic': {
    named: 'TopicName',
    limit: 256,
    ref: (facts, name) => arn(facts, 'sns', name),
    attributes: (facts, name) => ({ TopicArn: arn(facts, 'sns', name), TopicName: name }),
  },
  'AWS::IAM::Role': {
    named: 'RoleName',
    attributes: ({ accountId, logicalId }, name) => ({
      Arn: `arn:aws:iam::${accountId}:role/${name}`,
      RoleId: `AROA${digest(logicalId, 17).toUpperCase()}`,
    }),
  },
  'AWS::IAM::ManagedPolicy': {
    named: 'ManagedPolicyName',
    limit: 128,
    ref: ({ accountId }, name) => `arn:aws:iam::${accountId}:policy/${name}`,
  },
  'AWS::Logs::LogGroup': {
    named: 'LogGroupName',
    limit: 512,
    attributes: (facts, name) => ({ Arn: `${arn(facts, 'logs', `log-group:${name}`)}:*` }),
  },
  'AWS::KMS::Key': {
    ref: stableUuid,
    attributes: (facts) => ({ Arn: arn(facts, 'kms', `key/${stableUuid(facts)}`), KeyId: stableUuid(facts) }),
  },
  'AWS::CloudWatch::Alarm': withArn('cloudwatch', 'alarm:', { named: 'AlarmName', limit: 255 }),
  'AWS::CloudWatch::CompositeAlarm': withArn('cloudwatch', 'alarm:', { named: 'AlarmName', limit: 255 }),
  'AWS::CloudWatch::Dashboard': { named: 'DashboardName', limit: 255 },
  'AWS::EC2::VPC': ec2('vpc', 'VpcId', (facts) => ({
    CidrBlock: facts.property('CidrBlock'),
    DefaultSecurityGroup: `sg-${digest(`${facts.logicalId}/default`, 17)}`,
  })),
  'AWS::EC2::Subnet': ec2('subnet', 'SubnetId', (facts) => ({
    AvailabilityZone: facts.property('AvailabilityZone'),
    CidrBlock: facts.property('CidrBlock'),
    VpcId: facts.property('VpcId'),
  })),
  'AWS::EC2::RouteTable': ec2('rtb', 'RouteTableId'),
  'AWS::EC2::InternetGateway': ec2('igw', 'InternetGatewayId'),
  'AWS::EC2::NatGateway': ec2('nat', 'NatGatewayId'),
  'AWS::EC2::SecurityGroup': ec2('sg', 'GroupId', (facts) => ({ VpcId: facts.property('VpcId') })),
  'AWS::EC2::VPCEndpoint': ec2('vpce', 'Id'),
  'AWS::EC2::FlowLog': ec2('fl', 'Id'),
  'AWS::EC2::NetworkInterface': ec2('eni', 'Id'),
  'AWS::EC2::Instance': ec2('i', 'InstanceId', (facts) => ({
    PrivateIp: `10.0.0.${lastOctet(facts)}`,
    PublicIp: `203.0.113.${lastOctet(facts)}`,
  })),
  'AWS::EC2::EIP': {
    // An address of the block that is reserved for documentation.
    ref: (facts) => `203.0.113.${lastOctet(facts)}`,
    attributes: (facts) => ({
      PublicIp: `203.0.113.${lastOctet(facts)}`,
      AllocationId: `eipalloc-${digest(facts.logicalId, 17)}`,
    }),
  },
};
