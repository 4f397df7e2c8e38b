/** A grant that is missing in the template fails here as it would in AWS. */
import { describe, expect, test } from 'vitest';
import type { ServiceCall } from '../local/services/call.ts';
import { createGuard } from '../local/stack/guard.ts';
import type { JsonObject } from '../local/stack/json.ts';
import { startStack } from '../local/stack/stack.ts';
import { assembly, FakeBuckets, temporaryFolder } from './stack-fixtures.ts';

const allow = (Action: unknown, Resource: unknown): JsonObject => ({ Effect: 'Allow', Action, Resource });
const arnOf = (logicalId: string): JsonObject => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

/** A template with one function whose role has these statements. */
function withGrants(statements: readonly JsonObject[]): string {
  return assembly(
    {
      Role: { Type: 'AWS::IAM::Role', Properties: {} },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyDocument: { Statement: statements }, Roles: [{ Ref: 'Role' }] },
      },
      Poll: { Type: 'AWS::Lambda::Function', Properties: { Role: arnOf('Role') } },
      Facts: { Type: 'AWS::Kinesis::Stream', Properties: {} },
      Token: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'demo/token' } },
      Archive: { Type: 'AWS::S3::Bucket', Properties: {} },
      Namespace: { Type: 'AWS::RedshiftServerless::Namespace', Properties: {} },
      Workgroup: { Type: 'AWS::RedshiftServerless::Workgroup', Properties: { WorkgroupName: 'wg' } },
    },
    {},
  );
}

const call = (service: ServiceCall['service'], action: string, body: JsonObject): ServiceCall => ({
  service,
  action,
  body,
  callerAccessKeyId: 'Poll',
});

const put = call('kinesis', 'PutRecords', { StreamName: 'Demo-Facts' });
const get = call('s3', 'GetObject', { Bucket: 'demo-archive', Key: 'landing/1' });
const read = call('secretsmanager', 'GetSecretValue', { SecretId: 'demo/token' });
const sql = call('redshift-data', 'BatchExecuteStatement', {
  WorkgroupName: 'wg',
  SecretArn: 'arn:aws:secretsmanager:x',
});

const archived = { 'Fn::Join': ['', [arnOf('Archive'), '/landing/*']] };
const workgroup = { 'Fn::GetAtt': ['Workgroup', 'Workgroup.WorkgroupArn'] };

describe('a call that its role allows passes', () => {
  test.each<[string, ServiceCall, readonly JsonObject[]]>([
    ['by its very ARN', put, [allow('kinesis:PutRecords', arnOf('Facts'))]],
    [
      'by a stream ARN',
      { ...put, body: { StreamARN: 'arn:aws:kinesis:us-east-1:111111111111:stream/Demo-Facts' } },
      [allow('kinesis:PutRecords', arnOf('Facts'))],
    ],
    ['by wildcards', put, [allow(['s3:*', 'kinesis:Put*'], '*')]],
    ['by an action in other letters', put, [allow('Kinesis:putrecords', '*')]],
    ['on an object by its prefix', get, [allow('s3:GetObject', archived)]],
    ['on a secret by its name', read, [allow('secretsmanager:GetSecretValue', { Ref: 'Token' })]],
    [
      'on a table',
      call('dynamodb', 'GetItem', { TableName: 'feeds' }),
      [allow('dynamodb:GetItem', 'arn:aws:dynamodb:us-east-1:111111111111:table/feeds')],
    ],
    [
      'on a delivery stream',
      call('firehose', 'PutRecordBatch', { DeliveryStreamName: 'd' }),
      [allow('firehose:PutRecordBatch', 'arn:aws:firehose:*:*:deliverystream/d')],
    ],
    [
      'on the warehouse, with its secret',
      sql,
      [
        allow('redshift-data:*', workgroup),
        allow('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:x'),
      ],
    ],
    [
      'when it asks about a statement',
      call('redshift-data', 'DescribeStatement', { Id: 'x' }),
      [allow('redshift-data:DescribeStatement', '*')],
    ],
    ['when the caller is no function', { ...put, callerAccessKeyId: 'somebody' }, []],
  ])('%s', async (_what, given, statements) => {
    const { check } = createGuard(withGrants(statements));

    expect(() => check(given)).not.toThrow();
  });
});

describe('a call that its role does not allow is refused', () => {
  test.each<[string, ServiceCall, readonly JsonObject[], string]>([
    [
      'without any grant',
      put,
      [],
      'kinesis:PutRecords on resource: arn:aws:kinesis:us-east-1:111111111111:stream/Demo-Facts',
    ],
    ['by another action', put, [allow('kinesis:PutRecord', '*')], 'kinesis:PutRecords on resource'],
    [
      'by another resource',
      get,
      [allow('s3:GetObject', arnOf('Archive'))],
      's3:GetObject on resource: arn:aws:s3:::demo-archive/landing/1',
    ],
    [
      'by a denial beside the grant',
      put,
      [allow('*', '*'), { Effect: 'Deny', Action: 'kinesis:*', Resource: '*' }],
      'kinesis:PutRecords on resource',
    ],
    [
      'without the secret of the statement',
      sql,
      [allow('redshift-data:*', '*')],
      'secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:x',
    ],
  ])('%s', async (_what, given, statements, message) => {
    const { check } = createGuard(withGrants(statements));

    expect(() => check(given)).toThrow(
      expect.objectContaining({
        code: given.service === 's3' ? 'AccessDenied' : 'AccessDeniedException',
        message: expect.stringContaining(
          `User: arn:aws:sts::111111111111:assumed-role/Demo-Role/Poll is not authorized to perform: ${message}`,
        ),
      }),
    );
  });
});

test('a denial in the policy of a bucket beats the grant of a role', () => {
  const denied = (condition: JsonObject): string =>
    assembly(
      {
        Role: { Type: 'AWS::IAM::Role', Properties: {} },
        Policy: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyDocument: { Statement: [allow('s3:*', '*')] }, Roles: [{ Ref: 'Role' }] },
        },
        Poll: { Type: 'AWS::Lambda::Function', Properties: { Role: arnOf('Role') } },
        Archive: { Type: 'AWS::S3::Bucket', Properties: {} },
        Closed: {
          Type: 'AWS::S3::BucketPolicy',
          Properties: {
            Bucket: { Ref: 'Archive' },
            PolicyDocument: {
              Statement: {
                Effect: 'Deny',
                Principal: { AWS: '*' },
                Action: 's3:*',
                Resource: archived,
                Condition: condition,
              },
            },
          },
        },
      },
      {},
    );

  expect(() => createGuard(denied({ Bool: { 'aws:SecureTransport': 'false' } })).check(get)).not.toThrow();
  expect(() => createGuard(denied({})).check(get)).toThrow('s3:GetObject on resource');
});

test('a grant that nothing needs is reported, until something does', () => {
  const { check, grants } = createGuard(
    withGrants([
      allow(['kinesis:PutRecords', 'kinesis:PutRecord'], arnOf('Facts')),
      allow('s3:GetObject', archived),
    ]),
  );
  const unneeded = () => grants.unneeded().map(({ action }) => action);

  const before = unneeded();
  check(put);
  const after = unneeded();

  expect(before).toEqual(['kinesis:PutRecords', 'kinesis:PutRecord', 's3:GetObject']);
  expect(after).toEqual(['kinesis:PutRecord', 's3:GetObject']);
});

test('a COPY reads in the name of the role that it names', () => {
  const manifest = 's3://demo-archive/errors/manifests/one';
  const copying = (roleArn: string) =>
    call('redshift-data', 'BatchExecuteStatement', {
      ...{ WorkgroupName: 'wg', SecretArn: 'arn:aws:secretsmanager:x' },
      Sqls: [`copy t from '${manifest}' iam_role '${roleArn}' manifest json 'auto'`],
    });
  const { check } = createGuard(withGrants([allow('redshift-data:*', '*'), allow('secretsmanager:*', '*')]));

  expect(() => check(copying('arn:aws:iam::111111111111:role/Demo-Role'))).toThrow(
    's3:ListBucket on resource: arn:aws:s3:::demo-archive',
  );
});

describe('a resource whose role may not do what it is for stops the start', () => {
  const Arn = 'arn:aws:lambda:us-east-1:111111111111:function:x';
  const role = { Type: 'AWS::IAM::Role', Properties: {} };
  test.each<[string, JsonObject, string]>([
    [
      'a schedule',
      {
        Role: role,
        Clock: { Type: 'AWS::Scheduler::Schedule', Properties: { Target: { Arn, RoleArn: arnOf('Role') } } },
      },
      `lambda:InvokeFunction on ${Arn}`,
    ],
    [
      'a delivery stream',
      {
        Role: role,
        Out: {
          Type: 'AWS::KinesisFirehose::DeliveryStream',
          Properties: {
            ExtendedS3DestinationConfiguration: {
              RoleARN: arnOf('Role'),
              BucketARN: 'arn:aws:s3:::b',
              Prefix: 'p/',
            },
          },
        },
      },
      's3:PutObject on arn:aws:s3:::b/p/x',
    ],
    [
      'a mapping',
      {
        Role: role,
        Poll: {
          Type: 'AWS::Lambda::Function',
          Properties: {
            Role: arnOf('Role'),
            Code: { S3Key: 'a.zip' },
            Handler: 'index.handler',
            Runtime: 'nodejs24.x',
          },
        },
        Mapping: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: {
            FunctionName: { Ref: 'Poll' },
            EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/s',
          },
        },
      },
      'kinesis:DescribeStream on arn:aws:kinesis:us-east-1:1:stream/s',
    ],
  ])('%s', async (_what, resources, message) => {
    const nothing = async (): Promise<void> => {};
    const start = startStack({
      assemblyDir: assembly(resources, { a: '' }),
      dataDir: temporaryFolder(),
      services: {
        endpoint: '',
        kinesisEndpoint: '',
        secrets: new Map(),
        s3: new FakeBuckets(),
        createBucket: nothing,
        createStream: nothing,
        createTable: nothing,
        createDeliveryStream: nothing,
        createSecret: () => {},
        registerWarehouse: () => {},
        registerFunctions: () => {},
        registerStack: () => {},
        functionUrl: () => '',
      },
      speed: 1,
      now: () => new Date(0),
      secretValue: () => '',
      onEvent: () => {},
      onResult: () => {},
    });

    await expect(start).rejects.toThrow(
      `could not be made: arn:aws:iam::111111111111:role/Demo-Role must be allowed ${message}, and no policy says so`,
    );
  });
});
