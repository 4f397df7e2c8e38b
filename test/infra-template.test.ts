/** How the parts of the synthesised template hang together. */
import { expect, test } from 'vitest';
import { landingColumns } from '../contract/envelope.ts';
import { existing, serverless, TemplateUnderTest } from './infra-stack.ts';

const template = new TemplateUnderTest();
const adopted = new TemplateUnderTest(existing);
const functions = template.all('AWS::Lambda::Function').map(([, fn]) => fn);
const functionNamed = (service: string) =>
  functions.find(({ Properties }) => Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME === service);

/** The event of a schedule: literal parts joined, references shown as <LogicalId>. */
function eventOf(schedule: {
  Properties: { Target: { Input: string | { 'Fn::Join': [string, unknown[]] } } };
}) {
  const input = schedule.Properties.Target.Input;
  const parts = typeof input === 'string' ? [input] : input['Fn::Join'][1];
  const text = parts.map((part) => (typeof part === 'string' ? part : `<${(part as { Ref: string }).Ref}>`));
  return JSON.parse(text.join(''));
}

const ofFeeds = template
  .all('AWS::Scheduler::Schedule')
  .map(([, schedule]) => ({ schedule, event: eventOf(schedule) }))
  .filter(({ event }) => event.feed !== undefined);
const polls = ofFeeds.filter(({ event }) => event.task === undefined);

test('a feed whose vendor can count has a second, slow schedule, which sends the same and what to do', () => {
  const others = ofFeeds.filter(({ event }) => event.task !== undefined);

  expect(others.map(({ schedule }) => schedule.Properties.ScheduleExpression)).toEqual(['rate(1 hour)']);
  expect(others.map(({ event }) => event)).toEqual(
    polls
      .filter(({ event }) => event.feed === 'beta:core')
      .map(({ event }) => ({ ...event, task: 'reconcile' })),
  );
});

test('every feed has one schedule that polls it', () => {
  expect(polls.map(({ event, schedule }) => [event.feed, schedule.Properties.ScheduleExpression])).toEqual([
    ['alpha:web', 'rate(1 minute)'],
    ['alpha:app', 'rate(1 minute)'],
    ['beta:core', 'rate(5 minutes)'],
  ]);
});

test('a schedule sends its function the whole feed, with its settings and the address of its secret', () => {
  const { event } = polls.find((poll) => poll.event.feed === 'beta:core') ?? {};

  expect({ ...event, secretArn: typeof event.secretArn }).toEqual({
    feed: 'beta:core',
    settings: { team: 'platform', depth: 3, tags: [], drafts: false },
    baseUrl: 'https://api.beta.example',
    people: 'keep',
    since: '24h',
    secretArn: 'string',
  });
});

test('a schedule starts a function that may read the secret of its feed', () => {
  for (const { schedule, event } of polls) {
    const [target] = schedule.Properties.Target.Arn['Fn::GetAtt'];
    const secretId = event.secretArn.slice(1, -1);
    const fn = template.resources[target];

    expect(template.resources[secretId]?.Properties.Name).toBe(`heimdallr/${event.feed.replace(':', '/')}`);
    expect(fn && template.allows(fn, 'secretsmanager:GetSecretValue', { Ref: secretId })).toBe(true);
  }
});

test('a function reads the secrets of no other producer', () => {
  const alpha = functionNamed('alpha');
  const secretOfBeta = polls.find(({ event }) => event.feed === 'beta:core')?.event.secretArn.slice(1, -1);

  expect(alpha && template.allows(alpha, 'secretsmanager:GetSecretValue', { Ref: secretOfBeta })).toBe(false);
});

test('a start that fails is repeated for a minute, or for an hour where the next is far; Lambda repeats none', () => {
  const weekly = new TemplateUnderTest({
    ...serverless,
    feeds: [{ feed: 'alpha:web' }, { feed: 'beta:core', settings: { team: 'platform' } }],
    activity: { table: 'public.visits', userId: 'id', activeAt: 'at' },
    digest: { email: 'team@example.com' },
  });
  const retries = weekly
    .all('AWS::Scheduler::Schedule')
    .map(([, { Properties }]) => [Properties.ScheduleExpression, Properties.Target.RetryPolicy]);
  const invocations = template
    .all('AWS::Lambda::EventInvokeConfig')
    .map(([, { Properties }]) => [
      template.resources[Properties.FunctionName.Ref]?.Properties.Environment.Variables
        .POWERTOOLS_SERVICE_NAME,
      Properties.MaximumRetryAttempts,
      Properties.MaximumEventAgeInSeconds,
    ]);

  expect(retries.some(([expression]) => expression.startsWith('cron('))).toBe(true);
  for (const [expression, retry] of retries)
    expect([expression, retry]).toEqual([
      expression,
      /minute/.test(expression)
        ? { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 }
        : { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 30 },
    ]);
  expect(invocations).toEqual([
    ['alpha', 0, 60],
    ['beta', 0, 60],
    ['loader', 0, 60],
    ['reload', 0, 60],
    ['ranking', 0, 60],
  ]);
});

test('the clock may start every function that has a schedule, and no other', () => {
  const scheduled = template
    .all('AWS::Scheduler::Schedule')
    .map(([, { Properties }]) => JSON.stringify(Properties.Target.Arn));
  const { Properties } = template.one('AWS::IAM::Policy', /^Clock/);

  expect(Properties.PolicyDocument.Statement).toHaveLength(1);
  expect(Properties.PolicyDocument.Statement[0].Action).toBe('lambda:InvokeFunction');
  expect(
    new Set(Properties.PolicyDocument.Statement[0].Resource.map((each: unknown) => JSON.stringify(each))),
  ).toEqual(new Set(scheduled));
});

test('every producer with feeds has one function, which runs once per schedule and once for a walk', () => {
  const onlyAlpha = new TemplateUnderTest({ ...serverless, feeds: [{ feed: 'alpha:web' }] });
  const pollers = (of: TemplateUnderTest) =>
    of
      .all('AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties)
      .filter(({ VpcConfig }) => VpcConfig !== undefined)
      .map(({ Environment, ReservedConcurrentExecutions, Timeout }) => [
        Environment.Variables.POWERTOOLS_SERVICE_NAME,
        ReservedConcurrentExecutions,
        Timeout,
      ]);

  expect(pollers(template)).toEqual([
    ['alpha', 3, 55],
    ['beta', 3, 55],
  ]);
  expect(pollers(onlyAlpha)).toEqual([['alpha', 2, 55]]);
});

test('the functions are ours alone, on one runtime', () => {
  const services = functions.map(
    ({ Properties }) => Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME,
  );
  const platforms = functions.map(({ Properties }) => `${Properties.Runtime} ${Properties.Architectures}`);

  expect(services.sort()).toEqual(['alpha', 'beta', 'loader', 'ranking', 'reload', 'schema', 'transform']);
  expect(new Set(platforms)).toEqual(new Set(['nodejs24.x arm64']));
});

test('no role has a wildcard in an action, and none has a managed policy', () => {
  const statements = template
    .all('AWS::IAM::Policy')
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  const actions = statements.flatMap(({ Action }) => Action);

  expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
  expect(template.all('AWS::IAM::Role').filter(([, { Properties }]) => Properties.ManagedPolicyArns)).toEqual(
    [],
  );
});

test('a producer may put records on the stream and keep its cursor, and knows both by name', () => {
  const alpha = functionNamed('alpha');
  const [[stream] = []] = template.all('AWS::Kinesis::Stream');
  const [[table] = []] = template.all('AWS::DynamoDB::Table');

  expect(alpha?.Properties.Environment.Variables).toMatchObject({
    STREAM_NAME: { Ref: stream },
    FEEDS_TABLE: { Ref: table },
  });
  expect(alpha && template.allows(alpha, 'kinesis:PutRecords', { 'Fn::GetAtt': [stream, 'Arn'] })).toBe(true);
  expect(alpha && template.allows(alpha, 'dynamodb:UpdateItem', { 'Fn::GetAtt': [table, 'Arn'] })).toBe(true);
});

test('the event source mapping is bounded, reports partial failures and keeps what it gives up whole', () => {
  const { Properties } = template.one('AWS::Lambda::EventSourceMapping');
  const stream = template.one('AWS::Kinesis::Stream');
  const destination = Properties.DestinationConfig.OnFailure.Destination['Fn::GetAtt'][0];

  expect(Properties).toMatchObject({
    StartingPosition: 'TRIM_HORIZON',
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ParallelizationFactor: 1,
  });
  expect(Properties.MaximumRetryAttempts).toBeGreaterThan(0);
  expect(Properties.MaximumRecordAgeInSeconds).toBeLessThan(stream.Properties.RetentionPeriodHours * 3600);
  expect(template.resources[destination]?.Type).toBe('AWS::S3::Bucket');
});

test('the transform may put rows on every delivery stream and on the quarantine, and knows them by name', () => {
  const wide = new TemplateUnderTest({ ...serverless, deliveryStreams: 3 });
  const transform = wide.one('AWS::Lambda::Function', /^Transform/);
  const [quarantine, accepted] = [/^Quarantine/, /^Delivery/].map((id) =>
    wide
      .all('AWS::KinesisFirehose::DeliveryStream')
      .map(([logicalId]) => logicalId)
      .filter((logicalId) => id.test(logicalId)),
  );

  expect(accepted).toHaveLength(3);
  expect(transform.Properties.Environment.Variables).toMatchObject({
    DELIVERY_STREAMS: { 'Fn::Join': [',', accepted?.map((Ref) => ({ Ref }))] },
    QUARANTINE_STREAM: { Ref: quarantine?.[0] },
  });
  for (const stream of [...(accepted ?? []), ...(quarantine ?? [])]) {
    expect(wide.allows(transform, 'firehose:PutRecordBatch', { 'Fn::GetAtt': [stream, 'Arn'] })).toBe(true);
  }
});

test('a COPY fills exactly the columns of the landing table', () => {
  const { RedshiftDestinationConfiguration: destination } = template.one(
    'AWS::KinesisFirehose::DeliveryStream',
    /^Delivery/,
  ).Properties;

  expect(destination.CopyCommand).toEqual({
    DataTableName: 'heimdallr.landing',
    DataTableColumns: Object.keys(landingColumns).join(','),
    CopyOptions: "JSON 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF",
  });
  expect(destination.S3Configuration.CompressionFormat).toBe('GZIP');
});

test('the freshness sets how long rows are gathered and how often they are loaded', () => {
  const fresh = new TemplateUnderTest({ ...serverless, freshnessMinutes: 2 });
  const { S3Configuration } = fresh.one('AWS::KinesisFirehose::DeliveryStream', /^Delivery/).Properties
    .RedshiftDestinationConfiguration;

  expect(S3Configuration.BufferingHints.IntervalInSeconds).toBe(120);
  expect(fresh.one('AWS::Scheduler::Schedule', /^Loader/).Properties.ScheduleExpression).toBe(
    'rate(2 minutes)',
  );
});

test('nothing is copied before the tables are there', () => {
  const [[schema] = []] = template.all('Custom::HeimdallrSchema');
  const delivery = template.one('AWS::KinesisFirehose::DeliveryStream', /^Delivery/);
  const loader = template.one('AWS::Lambda::Function', /^Loader/);

  expect(delivery.DependsOn).toContain(schema);
  expect(loader.DependsOn).toContain(schema);
});

test('the tables are made again when a record type or a mart changes, and only then', () => {
  const revision = (of: TemplateUnderTest): string => of.one('Custom::HeimdallrSchema').Properties.revision;

  const unchanged = revision(new TemplateUnderTest(existing));
  const withMart = revision(new TemplateUnderTest(serverless, { marts: [{ name: 'm', sql: 'select 1' }] }));
  const withoutRecords = revision(new TemplateUnderTest(serverless, { records: [] }));

  expect(unchanged).toBe(revision(template));
  expect(new Set([revision(template), withMart, withoutRecords]).size).toBe(3);
});

test('every resource can be made before those that need it', () => {
  const needs = new Map(
    Object.entries(template.resources).map(([id, { Properties, DependsOn }]) => {
      const references = JSON.stringify(Properties ?? {}).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"([^"]+)"/g);
      return [id, new Set([...references].map(([, to = '']) => to).concat(DependsOn ?? []))];
    }),
  );

  for (let done = -1; done !== needs.size; ) {
    done = needs.size;
    for (const [id, wanted] of needs) if (![...wanted].some((each) => needs.has(each))) needs.delete(id);
  }

  expect([...needs.keys()]).toEqual([]);
});

test('the schema function is the service token itself', () => {
  const { ServiceToken } = template.one('Custom::HeimdallrSchema').Properties;
  const [schema] = template.all('AWS::Lambda::Function').filter(([id]) => id.startsWith('Schema'));

  expect(ServiceToken).toEqual({ 'Fn::GetAtt': [schema?.[0], 'Arn'] });
});

test('buckets are encrypted, closed to the public and answer over TLS only', () => {
  const buckets = template.all('AWS::S3::Bucket');
  const policies = template.all('AWS::S3::BucketPolicy').map(([, { Properties }]) => Properties);

  for (const [id, { Properties }] of buckets) {
    const statements = policies.find(({ Bucket }) => Bucket.Ref === id)?.PolicyDocument.Statement;

    expect(Properties.BucketEncryption).toBeDefined();
    expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  }
});

test('what Firehose staged outlives its retries and the days until somebody loads a skipped batch', () => {
  const days = template
    .all('AWS::S3::Bucket')
    .flatMap(([, { Properties }]) => Properties.LifecycleConfiguration.Rules)
    .map(({ ExpirationInDays }) => ExpirationInDays);

  expect(Math.min(...days)).toBeGreaterThanOrEqual(30);
});

test('the warehouse admits the Firehose block of its region and nobody else', () => {
  const { Properties } = template.one('AWS::EC2::SecurityGroup', /^Warehouse/);
  const [[name, blocks] = ['', {}]] = Object.entries(template.mappings);

  expect(Properties.SecurityGroupIngress).toEqual([
    {
      CidrIp: { 'Fn::FindInMap': [name, { Ref: 'AWS::Region' }, 'FirehoseCidrBlock'] },
      Description: "Firehose's addresses in this region",
      FromPort: 5439,
      ToPort: 5439,
      IpProtocol: 'tcp',
    },
  ]);
  expect(
    Object.values(blocks).filter(({ FirehoseCidrBlock }) => !FirehoseCidrBlock?.endsWith('/27')),
  ).toEqual([]);
  expect(template.all('AWS::EC2::SecurityGroupIngress')).toEqual([]);
});

test('the workgroup can be reached by Firehose, over TLS only', () => {
  const { Properties } = template.one('AWS::RedshiftServerless::Workgroup');

  expect(Properties).toMatchObject({
    PubliclyAccessible: true,
    EnhancedVpcRouting: false,
    ConfigParameters: [{ ParameterKey: 'require_ssl', ParameterValue: 'true' }],
  });
  expect(Properties.SubnetIds).toHaveLength(3);
});

test('no password stands in the template', () => {
  const { AdminUserPassword } = template.one('AWS::RedshiftServerless::Namespace').Properties;

  expect(AdminUserPassword['Fn::Join'][1][0]).toBe('{{resolve:secretsmanager:');
});

test('producers leave through fixed addresses, which the stack prints', () => {
  const two = new TemplateUnderTest({ ...serverless, network: { natGateways: 2 } });
  const gateways = two
    .all('AWS::EC2::NatGateway')
    .map(([, { Properties }]) => Properties.AllocationId['Fn::GetAtt'][0]);
  const printed = [two.outputs.PollingAddress1, two.outputs.PollingAddress2].map((output) => output?.Value);

  expect(gateways.map((address) => ({ 'Fn::GetAtt': [address, 'PublicIp'] }))).toEqual(printed);
  expect(two.all('AWS::EC2::EIP').map(([id]) => id)).toEqual(gateways);
});

test('the stack says how to fill the secret of each feed', () => {
  const commands = Object.fromEntries(
    Object.values(template.outputs).flatMap(({ Value, Description }) =>
      Description.startsWith('npm run token') ? [[String(Value), Description]] : [],
    ),
  );

  expect(commands).toEqual(
    Object.fromEntries(
      ['alpha:web', 'alpha:app', 'beta:core'].map((feed) => [
        `heimdallr/${feed.replace(':', '/')}`,
        `npm run token -- --feed ${feed} --region REGION puts it into this secret. It is: A token that may read.`,
      ]),
    ),
  );
});

test('a daily limit becomes the command that sets it', () => {
  const limited = new TemplateUnderTest({
    ...serverless,
    warehouse: { ...serverless.warehouse, maxRpuHoursPerDay: 20 },
  });

  expect(JSON.stringify(limited.outputs.UsageLimitCommand?.Value)).toContain(
    '--amount 20 --breach-action deactivate',
  );
  expect(template.outputs.UsageLimitCommand).toBeUndefined();
});

test('a warehouse that is there already is used, not made', () => {
  const types = Object.values(adopted.resources).map(({ Type }) => Type);
  const loader = adopted.one('AWS::Lambda::Function', /^Loader/);
  const { RedshiftDestinationConfiguration: destination } = adopted.one(
    'AWS::KinesisFirehose::DeliveryStream',
    /^Delivery/,
  ).Properties;

  expect(types.filter((type) => type.startsWith('AWS::RedshiftServerless'))).toEqual([]);
  expect(destination.ClusterJDBCURL).toBe(
    'jdbc:redshift://analytics.abc123.eu-west-1.redshift.amazonaws.com:5439/analytics',
  );
  expect(loader.Properties.Environment.Variables).toMatchObject({
    DATABASE: 'analytics',
    CLUSTER_IDENTIFIER: 'analytics',
    SECRET_ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:owner-AbCdEf',
  });
  expect(adopted.outputs.FirehoseAddresses?.Description).toContain('must admit these addresses on port 5439');
});

test('whatever holds data is kept when the stack goes, and undone when its creation fails', () => {
  const kept = Object.entries(template.resources)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'RetainExceptOnCreate')
    .filter(([, { UpdateReplacePolicy }]) => UpdateReplacePolicy === 'Retain')
    .map(([id, { Type }]) => `${Type} ${id}`);

  // Logical ids of what holds data: another id is a new, empty resource.
  expect(kept.sort()).toMatchInlineSnapshot(`
    [
      "AWS::DynamoDB::Table FeedStateD0E8B935",
      "AWS::Kinesis::Stream FactStream4FD3B03C",
      "AWS::RedshiftServerless::Namespace WarehouseNamespace78ED5B58",
      "AWS::S3::Bucket ArchiveAccessLogBB507C56",
      "AWS::S3::Bucket ArchiveDA4CB258",
      "AWS::S3::BucketPolicy ArchiveAccessLogPolicyDC7F9DE3",
      "AWS::S3::BucketPolicy ArchivePolicyC780D5C8",
      "AWS::SecretsManager::Secret FeedalphaappSecret4AA7990C",
      "AWS::SecretsManager::Secret FeedalphawebSecret44C08BE4",
      "AWS::SecretsManager::Secret FeedbetacoreSecretDB59B1A9",
      "AWS::SecretsManager::Secret WarehouseAdministrator77CAD97A",
      "AWS::SecretsManager::Secret WarehouseFirehoseUserFDAEE0A7",
    ]
  `);
});
