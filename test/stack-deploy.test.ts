/** A whole assembly, written by hand: what is made, in which order, with what, and what stops the start. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StackEvent } from '../local/stack/events.ts';
import type { JsonObject } from '../local/stack/json.ts';
import type { ScheduleResult } from '../local/stack/scheduler.ts';
import { type RunningStack, type StackOptions, startStack } from '../local/stack/stack.ts';
import { assembly, FakeBuckets, temporaryFolder } from './stack-fixtures.ts';

/** A function of the template. */
const fn = (key: string, variables: JsonObject = {}, properties: JsonObject = {}): JsonObject => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'assets', S3Key: `${key}.zip` },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: RoleARN,
    Environment: { Variables: variables },
    ...properties,
  },
});

/** A role that may do everything; what it must be able to do is tried elsewhere. */
const Role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    Policies: [{ PolicyDocument: { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } }],
  },
};
const RoleARN = { 'Fn::GetAtt': ['Role', 'Arn'] };

interface Run {
  readonly dataDir: string;
  /** Calls of the services, in order. */
  readonly made: unknown[][];
  /** What the services are told of the stack once it is deployed. */
  readonly told: unknown[];
  readonly events: StackEvent[];
  readonly results: ScheduleResult[];
  start(assemblyDir: string, options?: Partial<StackOptions>): Promise<RunningStack>;
}

/** Services that write down what they are asked for. */
function run(): Run {
  const dataDir = temporaryFolder();
  const made: unknown[][] = [];
  const told: unknown[] = [];
  const events: StackEvent[] = [];
  const results: ScheduleResult[] = [];
  const secrets = new Map<string, string>();
  const note =
    (what: string) =>
    async (...details: unknown[]): Promise<void> => {
      made.push([what, ...details]);
    };
  return {
    dataDir,
    made,
    told,
    events,
    results,
    async start(assemblyDir, options = {}) {
      const stack = await startStack({
        assemblyDir,
        dataDir,
        services: {
          endpoint: 'http://127.0.0.1:9',
          kinesisEndpoint: 'http://127.0.0.1:9',
          secrets,
          s3: new FakeBuckets(),
          createBucket: note('bucket'),
          createStream: note('stream'),
          createTable: note('table'),
          createDeliveryStream: note('delivery stream'),
          createSecret: (arn, name, value) => {
            secrets.set(arn, value);
            made.push(['secret', name, value]);
          },
          registerWarehouse: (warehouse) => {
            made.push(['warehouse', warehouse]);
          },
          registerFunctions: () => undefined,
          registerStack: (stack, schedules) => {
            told.push(stack, schedules);
          },
          functionUrl: (name) => `http://127.0.0.1:9/function-urls/${name}/`,
        },
        speed: 1,
        now: () => new Date('2026-11-23T18:30:00Z'),
        secretValue: ({ generated }) => generated ?? 'given',
        onEvent: (event) => events.push(event),
        onResult: (result) => results.push(result),
        ...options,
      });
      onTestFinished(() => stack.close());
      return stack;
    },
  };
}

/** Answers a custom resource, and says in its data what it was asked. */
const answering = (answer: string): string => `
  export const handler = async (event) => {
    const body = { Status: 'SUCCESS', PhysicalResourceId: 'tables-1', StackId: event.StackId, RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId, Data: { asked: JSON.stringify(event) }, ...(${answer}) };
    await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(body) });
  };`;

test('everything a template declares is made, with what it says', async () => {
  const given = run();
  const directory = assembly(
    {
      Role,
      Archive: { Type: 'AWS::S3::Bucket' },
      Facts: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 2 } },
      Wide: { Type: 'AWS::Kinesis::Stream', Properties: { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } },
      Feeds: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          KeySchema: [{ AttributeName: 'feed', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'feed', AttributeType: 'S' }],
        },
      },
      Token: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'demo/token' } },
      Fixed: {
        Type: 'AWS::SecretsManager::Secret',
        Properties: { Name: 'demo/fixed', SecretString: '{"password":"p"}' },
      },
      Namespace: {
        Type: 'AWS::RedshiftServerless::Namespace',
        Properties: {
          NamespaceName: 'ns',
          DbName: 'facts',
          AdminUserPassword: {
            'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Fixed' }, ':SecretString:password::}}']],
          },
        },
      },
      Workgroup: {
        Type: 'AWS::RedshiftServerless::Workgroup',
        Properties: { WorkgroupName: 'wg', NamespaceName: { Ref: 'Namespace' } },
      },
      ToWarehouse: {
        Type: 'AWS::KinesisFirehose::DeliveryStream',
        Properties: {
          RedshiftDestinationConfiguration: {
            ClusterJDBCURL: {
              'Fn::Join': [
                '',
                [
                  'jdbc:redshift://',
                  { 'Fn::GetAtt': ['Workgroup', 'Workgroup.Endpoint.Address'] },
                  ':5439/facts',
                ],
              ],
            },
            CopyCommand: {
              DataTableName: 'heimdallr.landing',
              DataTableColumns: 'feed,body',
              CopyOptions: "JSON 'auto' GZIP",
            },
            RetryOptions: { DurationInSeconds: 7200 },
            S3Configuration: {
              RoleARN,
              BucketARN: { 'Fn::GetAtt': ['Archive', 'Arn'] },
              Prefix: 'landing/',
              CompressionFormat: 'GZIP',
              BufferingHints: { IntervalInSeconds: 900, SizeInMBs: 128 },
            },
          },
        },
      },
      ToQuarantine: {
        Type: 'AWS::KinesisFirehose::DeliveryStream',
        Properties: {
          ExtendedS3DestinationConfiguration: {
            RoleARN,
            BucketARN: { 'Fn::GetAtt': ['Archive', 'Arn'] },
            Prefix: 'quarantine/',
            ErrorOutputPrefix: 'failed/',
          },
        },
      },
      Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } },
    },
    {},
    { Bucket: { Value: { 'Fn::GetAtt': ['Archive', 'Arn'] } } },
  );

  const stack = await given.start(directory);

  const staging = { bucket: 'demo-archive', compression: 'GZIP' };
  expect(given.made).toEqual([
    ['bucket', 'demo-archive'],
    ['stream', 'Demo-Facts', 2],
    ['stream', 'Demo-Wide', 4],
    ['table', { name: 'Demo-Feeds', partitionKey: { name: 'feed', type: 'S' } }],
    ['secret', 'demo/token', 'given'],
    ['secret', 'demo/fixed', '{"password":"p"}'],
    ['warehouse', { workgroup: 'wg', database: 'facts' }],
    [
      'delivery stream',
      {
        ...staging,
        name: 'Demo-ToWarehouse',
        prefix: 'landing/',
        bufferSeconds: 900,
        bufferMegabytes: 128,
        retrySeconds: 7200,
        destination: {
          kind: 'redshift',
          table: 'heimdallr.landing',
          columns: ['feed', 'body'],
          options: "JSON 'auto' GZIP",
        },
      },
    ],
    [
      'delivery stream',
      {
        ...staging,
        name: 'Demo-ToQuarantine',
        prefix: 'quarantine/',
        compression: 'UNCOMPRESSED',
        bufferSeconds: 300,
        bufferMegabytes: 5,
        retrySeconds: 86_400,
        destination: { kind: 's3', errorPrefix: 'failed/' },
      },
    ],
  ]);
  expect(stack.outputs).toEqual({ Bucket: 'arn:aws:s3:::demo-archive' });
});

test('a secret gets what its template generates, unless the caller knows better', async () => {
  const given = run();
  const rules = {
    SecretStringTemplate: '{"username":"admin"}',
    GenerateStringKey: 'password',
    PasswordLength: 20,
    ExcludePunctuation: true,
  };
  const directory = assembly(
    {
      User: {
        Type: 'AWS::SecretsManager::Secret',
        Properties: { Name: 'user', GenerateSecretString: rules },
      },
      Key: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'key', GenerateSecretString: {} } },
    },
    {},
  );
  const asked: unknown[] = [];

  await given.start(directory, {
    secretValue: (secret) => {
      asked.push({ ...secret, generated: secret.generated?.replace(/[A-Za-z0-9]{20}/, '<20>') });
      return secret.name === 'key' ? 'mine' : (secret.generated ?? '');
    },
  });

  expect(asked).toEqual([
    {
      logicalId: 'User',
      name: 'user',
      arn: expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:111111111111:secret:user-[0-9a-f]{6}$/),
      generated: '{"username":"admin","password":"<20>"}',
    },
    { logicalId: 'Key', name: 'key', arn: expect.any(String), generated: expect.stringMatching(/^.{32}$/) },
  ]);
  expect(given.made).toMatchObject([
    ['secret', 'user', expect.stringMatching(/"password":"[A-Za-z0-9]{20}"/)],
    ['secret', 'key', 'mine'],
  ]);
});

test('an existing warehouse is known from what functions are told, before any of them runs', async () => {
  const given = run();
  const directory = assembly(
    {
      Role,
      Loader: fn('a', { DATABASE: 'analytics', CLUSTER_IDENTIFIER: 'main' }),
      Other: fn('a', { DATABASE: 'analytics', WORKGROUP_NAME: 'wg' }),
    },
    { a: '' },
  );

  await given.start(directory);

  expect(given.made).toEqual([
    ['warehouse', { cluster: 'main', database: 'analytics' }],
    ['warehouse', { workgroup: 'wg', database: 'analytics' }],
  ]);
});

describe('a custom resource', () => {
  const resources = {
    Role,
    Make: fn('make', {}, { Timeout: 10 }),
    Tables: {
      Type: 'Custom::Tables',
      DependsOn: ['Archive'],
      Properties: { ServiceToken: { 'Fn::GetAtt': ['Make', 'Arn'] }, revision: 7, nested: { on: true } },
    },
    Archive: { Type: 'AWS::S3::Bucket' },
  };
  const outputs = { Asked: { Value: { 'Fn::GetAtt': ['Tables', 'asked'] } } };

  test('is created by its function, and updated at the second start', async () => {
    const given = run();
    const directory = assembly(resources, { make: answering('{}') }, outputs);

    const first = await given.start(directory);
    const second = await given.start(directory);

    const request = {
      ServiceToken: 'arn:aws:lambda:us-east-1:111111111111:function:Demo-Make',
      ResponseURL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//),
      StackId: expect.stringMatching(/^arn:aws:cloudformation:us-east-1:111111111111:stack\/Demo\//),
      RequestId: expect.any(String),
      LogicalResourceId: 'Tables',
      ResourceType: 'Custom::Tables',
    };
    const properties = { ServiceToken: request.ServiceToken, revision: '7', nested: { on: 'true' } };
    expect(JSON.parse(first.outputs.Asked ?? '')).toEqual({
      ...request,
      RequestType: 'Create',
      ResourceProperties: properties,
    });
    expect(JSON.parse(second.outputs.Asked ?? '')).toEqual({
      ...request,
      RequestType: 'Update',
      PhysicalResourceId: 'tables-1',
      ResourceProperties: properties,
      OldResourceProperties: properties,
    });
  });

  test.each([
    [
      'that answers FAILED',
      answering(`{ Status: 'FAILED', Reason: 'no such schema' }`),
      'its function answered FAILED: no such schema',
    ],
    [
      'that answers somebody else',
      answering(`{ RequestId: 'x' }`),
      'its function answered with RequestId x, CloudFormation waits for',
    ],
    [
      'that throws',
      `export const handler = async () => { throw new Error('oh'); };`,
      'its function ended without an answer: Error: oh',
    ],
    [
      'that says nothing',
      `export const handler = async () => {};`,
      'its function ended without an answer: it returned, and sent nothing to ResponseURL',
    ],
  ])('%s stops the start with the reason', async (_what, code, reason) => {
    const given = run();

    const start = given.start(assembly(resources, { make: code }));

    await expect(start).rejects.toThrow(`Tables (Custom::Tables) could not be made: ${reason}`);
  });
});

test('a secret of somebody else is filled in, so that functions can read it', async () => {
  const given = run();
  const arn = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:warehouse/user-AbCdEf';

  await given.start(assembly({ Role, Loader: fn('a', { SECRET_ARN: arn }) }, { a: '' }));

  expect(given.made).toEqual([['secret', 'warehouse/user', '{"username":"local","password":"local"}']]);
});

test('schedules start functions with their input, asynchronously as configured', async () => {
  const given = run();
  const directory = assembly(
    {
      Role,
      Poll: fn('poll'),
      Once: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Poll' },
          Qualifier: '$LATEST',
          MaximumRetryAttempts: 0,
          MaximumEventAgeInSeconds: 60,
        },
      },
      Clock: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(1 minute)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: {
            Arn: { 'Fn::GetAtt': ['Poll', 'Arn'] },
            RoleArn: RoleARN,
            Input: { 'Fn::Join': ['', ['{"feed":"', { Ref: 'AWS::Region' }, '"}']] },
          },
        },
      },
    },
    { poll: `export const handler = async (event) => { throw new Error(event.feed); };` },
    { Where: { Value: { Ref: 'Clock' } } },
  );

  const stack = await given.start(directory, { isPaused: true });
  const fired = await stack.schedules.fire('Demo-Clock');

  expect(stack.schedules.list()).toMatchObject([
    { logicalId: 'Clock', input: '{"feed":"us-east-1"}', periodMs: 60_000 },
  ]);
  expect(given.told).toMatchObject([
    { name: 'Demo', outputs: { Where: 'Demo-Clock' } },
    [
      {
        name: 'Demo-Clock',
        group: 'default',
        expression: 'rate(1 minute)',
        targetArn: 'arn:aws:lambda:us-east-1:111111111111:function:Demo-Poll',
        input: '{"feed":"us-east-1"}',
      },
    ],
  ]);
  expect(fired).toMatchObject({
    functionName: 'Demo-Poll',
    input: { feed: 'us-east-1' },
    result: {
      status: 'failed',
      condition: 'RetriesExhausted',
      attempts: 1,
      error: { errorMessage: 'us-east-1' },
    },
  });
  expect(given.results).toEqual([fired]);
});

describe('a template that cannot be run is refused with the name of the resource', () => {
  const delivery = (destination: JsonObject): JsonObject => ({
    Role,
    Delivery: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      Properties: { RedshiftDestinationConfiguration: destination },
    },
  });
  const url = 'jdbc:redshift://wg.111111111111.us-east-1.redshift-serverless.amazonaws.com:5439/db';
  const schedule = (properties: JsonObject): JsonObject => ({
    Role,
    Clock: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: 'arn:aws:lambda:us-east-1:111111111111:function:x', RoleArn: RoleARN },
        ...properties,
      },
    },
  });

  test.each<[string, JsonObject, string]>([
    [
      'an unknown type',
      { Odd: { Type: 'AWS::Quantum::Entangler' } },
      'the resource type AWS::Quantum::Entangler is not known here',
    ],
    [
      'code that is not there',
      { Role, Poll: fn('nothing') },
      'Poll (AWS::Lambda::Function) could not be made: the assembly has no folder for the asset nothing.zip',
    ],
    [
      'a layer',
      { Role, Poll: fn('a', {}, { Layers: ['arn'] }) },
      'a function must be a bundle without layers to run here',
    ],
    [
      'a start at one time only',
      schedule({ ScheduleExpression: 'at(2030-01-01T00:00:00)' }),
      'a schedule must be like rate(1 minute) or rate(5 minutes) here, got at(2030-01-01T00:00:00)',
    ],
    [
      'a flexible window',
      schedule({ FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }),
      'FlexibleTimeWindow must be OFF to run here, got FLEXIBLE',
    ],
    [
      'a schedule of something else',
      schedule({ Target: { Arn: 'arn:aws:sqs:us-east-1:1:q', RoleArn: RoleARN } }),
      'the target of a schedule must be a function to run here, got arn:aws:sqs:us-east-1:1:q',
    ],
    [
      'a table with an index',
      { Table: { Type: 'AWS::DynamoDB::Table', Properties: { GlobalSecondaryIndexes: [] } } },
      'GlobalSecondaryIndexes of a table is not known here',
    ],
    [
      'GZIP that COPY does not expect',
      delivery({
        ClusterJDBCURL: url,
        CopyCommand: { DataTableName: 't', CopyOptions: "JSON 'auto'" },
        S3Configuration: { RoleARN, BucketARN: 'b', CompressionFormat: 'GZIP' },
      }),
      "CompressionFormat GZIP does not go with the CopyOptions JSON 'auto'",
    ],
    [
      'a warehouse address that Firehose refuses',
      delivery({ ClusterJDBCURL: 'postgres://localhost/db' }),
      'ClusterJDBCURL is none that Firehose takes: postgres://localhost/db',
    ],
    [
      'an error prefix with Redshift',
      delivery({
        ClusterJDBCURL: url,
        CopyCommand: { DataTableName: 't' },
        S3Configuration: { RoleARN, BucketARN: 'b', ErrorOutputPrefix: 'e/' },
      }),
      'a Redshift destination takes no ErrorOutputPrefix',
    ],
    [
      'a record age below a minute',
      {
        Role,
        Poll: fn('a'),
        Mapping: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: {
            EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/s',
            FunctionName: { Ref: 'Poll' },
            StartingPosition: 'LATEST',
            MaximumRecordAgeInSeconds: 30,
          },
        },
      },
      'MaximumRecordAgeInSeconds must be -1 or at least 60, got 30',
    ],
  ])('%s', async (_what, resources, message) => {
    const given = run();

    await expect(given.start(assembly(resources, { a: '' }))).rejects.toThrow(message);
  });
});
