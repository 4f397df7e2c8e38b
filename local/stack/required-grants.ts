/**
 * What AWS itself does in the name of a resource's role, and so what that role must be allowed.
 *
 * A mapping is refused at its creation when its function may not read the stream. The others are made all the
 * same and then silently do nothing: schedules above all.
 */
import { isObject, type JsonObject, list, object } from './json.ts';
import type { Context } from './policy.ts';
import type { Place } from './resources.ts';

export interface RequiredGrant {
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
  /** The resource works without it, and says nothing: a log that stays empty, an upload that is not tidied away. */
  readonly isOptional?: true;
}

/** A service that acts in the name of a role. */
export interface Assumed {
  readonly roleArn: string;
  readonly service: string;
  readonly context: Context;
}

/**
 * The grants without which a resource does not work, and those that its service uses where it has them.
 * @param roleOf finds the role of a function by its name, ARN or logical id.
 */
export function requiredGrants(
  type: string,
  properties: JsonObject,
  roleOf: (functionId: string) => string,
  place: Place,
): readonly RequiredGrant[] {
  switch (type) {
    case 'AWS::Lambda::Function':
      return ofFunction(properties, place);
    case 'AWS::EC2::FlowLog':
      return ofFlowLog(properties, place);
    case 'AWS::Lambda::EventSourceMapping':
      return ofMapping(properties, roleOf(String(properties.FunctionName)));
    case 'AWS::Lambda::EventInvokeConfig':
      return ofDestination(properties, roleOf(String(properties.FunctionName)), 'aws/lambda/async/');
    case 'AWS::Scheduler::Schedule': {
      const { RoleArn, Arn } = object(properties.Target, 'Target');
      return [grant(RoleArn, 'lambda:InvokeFunction', Arn)];
    }
    case 'AWS::KinesisFirehose::DeliveryStream':
      return [
        ...ofRedshift(properties.RedshiftDestinationConfiguration, place),
        ...ofStaging(properties.ExtendedS3DestinationConfiguration, place),
      ];
    default:
      return [];
  }
}

/** Which services act in the name of which roles for a resource. @param place of the stack. */
export function assumedRoles(
  type: string,
  properties: JsonObject,
  { region, accountId }: Place,
): readonly Assumed[] {
  switch (type) {
    case 'AWS::Lambda::Function':
      return [assumed(properties.Role, 'lambda.amazonaws.com')];
    case 'AWS::Scheduler::Schedule': {
      const group = `arn:aws:scheduler:${region}:${accountId}:schedule-group/${String(properties.GroupName ?? 'default')}`;
      const context = { 'aws:SourceAccount': accountId, 'aws:SourceArn': group };
      return [assumed(object(properties.Target, 'Target').RoleArn, 'scheduler.amazonaws.com', context)];
    }
    case 'AWS::KinesisFirehose::DeliveryStream': {
      const destinations = [
        properties.RedshiftDestinationConfiguration,
        properties.ExtendedS3DestinationConfiguration,
      ];
      return destinations
        .filter(isObject)
        .map(({ RoleARN }) => assumed(RoleARN, 'firehose.amazonaws.com', { 'aws:SourceAccount': accountId }));
    }
    case 'AWS::EC2::FlowLog':
      return [assumed(properties.DeliverLogsPermissionArn, 'vpc-flow-logs.amazonaws.com')];
    case 'AWS::RedshiftServerless::Namespace':
      return list(properties.IamRoles, 'IamRoles').map((role) => assumed(role, 'redshift.amazonaws.com'));
    default:
      return [];
  }
}

const assumed = (roleArn: unknown, service: string, context: Context = {}): Assumed => ({
  ...{ roleArn: String(roleArn), service, context },
});

const optional = (required: RequiredGrant): RequiredGrant => ({ ...required, isOptional: true });

/** Lambda writes a function's log and, in a VPC, makes its network interfaces. */
function ofFunction({ Role, LoggingConfig, VpcConfig }: JsonObject, place: Place): readonly RequiredGrant[] {
  const { LogGroup } = object(LoggingConfig, 'LoggingConfig');
  const log = logArn(place, LogGroup, 'x');
  return [
    ...(LogGroup === undefined
      ? []
      : ['CreateLogStream', 'PutLogEvents'].map((action) => optional(grant(Role, `logs:${action}`, log)))),
    ...(VpcConfig === undefined
      ? []
      : NETWORK_ACTIONS.map((action) => optional(grant(Role, `ec2:${action}`, '*')))),
  ];
}

/** Lambda, developer guide, "Execution role permissions" of functions in a VPC. */
const NETWORK_ACTIONS = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
];

const grant = (roleArn: unknown, action: string, resource: unknown): RequiredGrant => ({
  roleArn: String(roleArn),
  action,
  resource: String(resource),
});

const STREAM_ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListShards'];

function ofMapping(properties: JsonObject, roleArn: string): readonly RequiredGrant[] {
  return [
    ...STREAM_ACTIONS.map((action) => grant(roleArn, `kinesis:${action}`, properties.EventSourceArn)),
    optional(grant(roleArn, 'kinesis:DescribeStreamSummary', properties.EventSourceArn)),
    ...ofDestination(properties, roleArn, 'aws/lambda/'),
  ];
}

/** @param prefix the beginning of the keys under which Lambda keeps what it gives up. */
function ofDestination(properties: JsonObject, roleArn: string, prefix: string): readonly RequiredGrant[] {
  const { OnFailure } = object(properties.DestinationConfig, 'DestinationConfig');
  const { Destination: arn } = object(OnFailure, 'OnFailure');
  if (arn === undefined) return [];
  return String(arn).startsWith('arn:aws:s3:')
    ? [grant(roleArn, 's3:PutObject', `${arn}/${prefix}x`), grant(roleArn, 's3:ListBucket', arn)]
    : [grant(roleArn, 'sqs:SendMessage', arn)];
}

/** VPC, user guide, "IAM role for publishing flow logs to CloudWatch Logs". */
function ofFlowLog(
  { DeliverLogsPermissionArn: role, LogGroupName }: JsonObject,
  place: Place,
): readonly RequiredGrant[] {
  const actions = ['CreateLogStream', 'DescribeLogStreams', 'PutLogEvents'];
  return actions.map((action) => optional(grant(role, `logs:${action}`, logArn(place, LogGroupName, 'x'))));
}

function ofRedshift(redshift: unknown, place: Place): readonly RequiredGrant[] {
  if (!isObject(redshift)) return [];
  const secrets = object(redshift.SecretsManagerConfiguration, 'SecretsManagerConfiguration');
  const roleArn = secrets.RoleARN ?? redshift.RoleARN;
  const { S3Configuration: s3 } = redshift;
  if (!isObject(s3)) return [];
  return [
    ...ofStaging(s3, place),
    // COPY reads the staged objects with the delivery stream's role.
    grant(s3.RoleARN, 's3:GetObject', `${s3.BucketARN}/${s3.Prefix ?? ''}x`),
    // Where it leaves the manifests of what it skips is not documented: beside the prefix or behind it.
    ...UPLOAD_ACTIONS.map((action) =>
      optional(grant(s3.RoleARN, action, `${s3.BucketARN}/errors/manifests/x`)),
    ),
    ...ofLog(redshift.CloudWatchLoggingOptions, redshift.RoleARN, place),
    ...(secrets.SecretARN === undefined
      ? []
      : [grant(roleArn, 'secretsmanager:GetSecretValue', secrets.SecretARN)]),
  ];
}

/** What Firehose does in a bucket (developer guide, "Grant Firehose access to an Amazon S3 destination"). */
function ofStaging(s3: unknown, place: Place): readonly RequiredGrant[] {
  if (!isObject(s3)) return [];
  const { RoleARN, BucketARN, Prefix = '', ErrorOutputPrefix } = s3;
  return [
    grant(RoleARN, 's3:PutObject', `${BucketARN}/${Prefix}x`),
    optional(grant(RoleARN, 's3:AbortMultipartUpload', `${BucketARN}/${Prefix}x`)),
    ...BUCKET_ACTIONS.map((action) => optional(grant(RoleARN, action, BucketARN))),
    ...(ErrorOutputPrefix === undefined
      ? []
      : UPLOAD_ACTIONS.map((action) =>
          optional(grant(RoleARN, action, `${BucketARN}/${ErrorOutputPrefix}x`)),
        )),
    ...ofLog(s3.CloudWatchLoggingOptions, RoleARN, place),
  ];
}

const UPLOAD_ACTIONS = ['s3:AbortMultipartUpload', 's3:PutObject'];
const BUCKET_ACTIONS = ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'];

function ofLog(options: unknown, roleArn: unknown, place: Place): readonly RequiredGrant[] {
  if (!isObject(options) || options.Enabled !== true) return [];
  const { LogGroupName, LogStreamName } = options;
  return [optional(grant(roleArn, 'logs:PutLogEvents', logArn(place, LogGroupName, LogStreamName)))];
}

const logArn = ({ region, accountId }: Place, group: unknown, stream: unknown): string =>
  `arn:aws:logs:${region}:${accountId}:log-group:${String(group)}:log-stream:${String(stream)}`;
