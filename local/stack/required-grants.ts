/**
 * What AWS itself does in the name of a resource's role, and so what that role must be allowed.
 *
 * A mapping is refused at its creation when its function may not read the stream. The others are made all the
 * same and then silently do nothing: schedules above all.
 */
import { isObject, type JsonObject, object } from './json.ts';

export interface RequiredGrant {
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
}

/**
 * The grants without which a resource does not work.
 * @param roleOf finds the role of a function by its name, ARN or logical id.
 */
export function requiredGrants(
  type: string,
  properties: JsonObject,
  roleOf: (functionId: string) => string,
): readonly RequiredGrant[] {
  switch (type) {
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
        ...ofRedshift(properties.RedshiftDestinationConfiguration),
        ...ofStaging(properties.ExtendedS3DestinationConfiguration),
      ];
    default:
      return [];
  }
}

const grant = (roleArn: unknown, action: string, resource: unknown): RequiredGrant => ({
  roleArn: String(roleArn),
  action,
  resource: String(resource),
});

const STREAM_ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListShards'];

function ofMapping(properties: JsonObject, roleArn: string): readonly RequiredGrant[] {
  return [
    ...STREAM_ACTIONS.map((action) => grant(roleArn, `kinesis:${action}`, properties.EventSourceArn)),
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

function ofRedshift(redshift: unknown): readonly RequiredGrant[] {
  if (!isObject(redshift)) return [];
  const secrets = object(redshift.SecretsManagerConfiguration, 'SecretsManagerConfiguration');
  const roleArn = secrets.RoleARN ?? redshift.RoleARN;
  return [
    ...ofStaging(redshift.S3Configuration),
    // COPY reads the staged objects with the delivery stream's role.
    ...ofStaging(redshift.S3Configuration, 's3:GetObject'),
    ...(secrets.SecretARN === undefined
      ? []
      : [grant(roleArn, 'secretsmanager:GetSecretValue', secrets.SecretARN)]),
  ];
}

function ofStaging(s3: unknown, action = 's3:PutObject'): readonly RequiredGrant[] {
  if (!isObject(s3)) return [];
  return [grant(s3.RoleARN, action, `${s3.BucketARN}/${s3.Prefix ?? ''}x`)];
}
