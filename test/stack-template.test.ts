/** What the intrinsic functions of a template become, and what is refused. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../local/stack/json.ts';
import { deploymentOrder } from '../local/stack/order.ts';
import { Resolver } from '../local/stack/resolver.ts';
import { parseTemplate } from '../local/stack/template.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:111111111111:secret:db/user-78ca5e';

const template = {
  Parameters: {
    Stage: { Type: 'String', Default: 'prod' },
    Given: { Type: 'String' },
    Empty: { Type: 'String' },
  },
  Mappings: { Blocks: { 'us-east-1': { cidr: '10.0.0.0/27' } } },
  Conditions: {
    IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
    IsTest: { 'Fn::Not': [{ Condition: 'IsProd' }] },
    Both: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'IsTest' }] },
  },
  Resources: {
    Stream: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    Named: { Type: 'AWS::Kinesis::Stream', Properties: { Name: { 'Fn::Sub': '${Stage}-facts' } } },
    Bucket: { Type: 'AWS::S3::Bucket' },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'db/user' } },
    Function: { Type: 'AWS::Lambda::Function' },
    Role: { Type: 'AWS::IAM::Role' },
    Workgroup: { Type: 'AWS::RedshiftServerless::Workgroup', Properties: { WorkgroupName: 'wg' } },
    Unwanted: { Type: 'AWS::S3::Bucket', Condition: 'IsTest' },
    Tables: { Type: 'Custom::Tables' },
    Strange: { Type: 'AWS::Quantum::Entangler' },
    [`Long${'x'.repeat(80)}`]: { Type: 'AWS::Lambda::Function' },
  },
};

function resolver(json: JsonObject = template): Resolver {
  return new Resolver(parseTemplate(json), {
    stackName: 'Demo',
    region: 'us-east-1',
    accountId: '111111111111',
    parameters: { Given: 'given' },
    secretString: (id) =>
      id === SECRET_ARN || id === 'db/user' ? '{"username":"u","password":"p"}' : undefined,
    custom: (logicalId) =>
      logicalId === 'Tables' ? { physicalId: 'tables-1', data: { count: 3 } } : undefined,
  });
}

describe('a value becomes what CloudFormation makes of it', () => {
  test.each<[string, unknown, unknown]>([
    ['plain values', { a: [1, true, 'x', null] }, { a: [1, true, 'x', null] }],
    ['a parameter with a value', { Ref: 'Given' }, 'given'],
    ['a parameter with a default', { Ref: 'Stage' }, 'prod'],
    ['AWS::Region', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['AWS::AccountId', { Ref: 'AWS::AccountId' }, '111111111111'],
    ['AWS::Partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['AWS::StackName', { Ref: 'AWS::StackName' }, 'Demo'],
    ['AWS::URLSuffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['AWS::NoValue in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }], [1]],
    ['Ref of a stream', { Ref: 'Stream' }, 'Demo-Stream'],
    ['Ref of a named stream', { Ref: 'Named' }, 'prod-facts'],
    ['Ref of a bucket', { Ref: 'Bucket' }, 'demo-bucket'],
    ['Ref of a secret', { Ref: 'Secret' }, SECRET_ARN],
    ['Ref of a custom resource', { Ref: 'Tables' }, 'tables-1'],
    [
      'Arn of a stream',
      { 'Fn::GetAtt': ['Stream', 'Arn'] },
      'arn:aws:kinesis:us-east-1:111111111111:stream/Demo-Stream',
    ],
    ['Arn as text', { 'Fn::GetAtt': 'Bucket.Arn' }, 'arn:aws:s3:::demo-bucket'],
    [
      'Arn of a function',
      { 'Fn::GetAtt': ['Function', 'Arn'] },
      'arn:aws:lambda:us-east-1:111111111111:function:Demo-Function',
    ],
    ['Arn of a role', { 'Fn::GetAtt': ['Role', 'Arn'] }, 'arn:aws:iam::111111111111:role/Demo-Role'],
    [
      'an attribute with dots',
      { 'Fn::GetAtt': ['Workgroup', 'Workgroup.Endpoint.Address'] },
      'wg.111111111111.us-east-1.redshift-serverless.amazonaws.com',
    ],
    ['an answer of a custom resource', { 'Fn::GetAtt': ['Tables', 'count'] }, 3],
    ['Fn::Join', { 'Fn::Join': [':', ['a', { Ref: 'AWS::Region' }, 5]] }, 'a:us-east-1:5'],
    ['Fn::Join of a resolved list', { 'Fn::Join': ['', { 'Fn::Split': ['/', 'a/b'] }] }, 'ab'],
    [
      'Fn::Sub',
      { 'Fn::Sub': '${Stage} ${Stream.Arn} ${!Literal}' },
      'prod arn:aws:kinesis:us-east-1:111111111111:stream/Demo-Stream ${Literal}',
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': ['${x}-${AWS::Region}', { x: { Ref: 'Given' } }] },
      'given-us-east-1',
    ],
    ['Fn::Select', { 'Fn::Select': ['1', ['a', { Ref: 'Stage' }]] }, 'prod'],
    ['Fn::Split', { 'Fn::Split': [',', 'a,b'] }, ['a', 'b']],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Blocks', { Ref: 'AWS::Region' }, 'cidr'] }, '10.0.0.0/27'],
    ['Fn::If that is true', { 'Fn::If': ['IsProd', 'yes', 'no'] }, 'yes'],
    ['Fn::If that is false', { 'Fn::If': ['Both', { 'Fn::Nonsense': 1 }, { Ref: 'Stage' }] }, 'prod'],
    ['Fn::If with Or', { 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    ['Fn::GetAZs', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, 'us-east-1a'],
    ['Fn::Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['a whole secret', '{{resolve:secretsmanager:db/user}}', '{"username":"u","password":"p"}'],
    [
      'a key of a secret',
      { 'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Secret' }, ':SecretString:password::}}']] },
      'p',
    ],
    [
      'a policy with a condition',
      { Condition: { StringEquals: { x: 'y' } } },
      { Condition: { StringEquals: { x: 'y' } } },
    ],
  ])('%s', (_what, value, expected) => {
    const resolved = resolver().resolve(value, 'Resources.X');

    expect(resolved).toEqual(expected);
  });
});

describe('what cannot be resolved is an error that names the path', () => {
  test.each<[string, unknown, string]>([
    [
      'an unknown function',
      { a: { 'Fn::ImportValue': 'x' } },
      'Resources.X.a: the function Fn::ImportValue is not known here',
    ],
    [
      'an unknown resource',
      [{ Ref: 'Nobody' }],
      'Resources.X.0.Ref: the template has no resource or parameter Nobody',
    ],
    [
      'a parameter without a value',
      { Ref: 'Empty' },
      'Resources.X.Ref: the parameter Empty has no value and no default',
    ],
    [
      'an unknown attribute',
      { 'Fn::GetAtt': ['Stream', 'Colour'] },
      'Resources.X.Fn::GetAtt: Stream (AWS::Kinesis::Stream) has no attribute Colour that is known here',
    ],
    [
      'an unknown type',
      { Ref: 'Strange' },
      'Resources.Strange: the resource type AWS::Quantum::Entangler is not known here',
    ],
    [
      'an unwanted resource',
      { Ref: 'Unwanted' },
      'Resources.X.Ref: it refers to Unwanted, whose condition is false',
    ],
    ['an unknown condition', { 'Fn::If': ['Maybe', 1, 2] }, 'Resources.X.Fn::If: Conditions has no Maybe'],
    [
      'an index out of range',
      { 'Fn::Select': [2, ['a']] },
      'Resources.X.Fn::Select: there is no element 2 in a list of 1',
    ],
    [
      'a missing key of a map',
      { 'Fn::FindInMap': ['Blocks', 'us-east-1', 'x'] },
      'Resources.X.Fn::FindInMap: Mappings has no Blocks.us-east-1.x',
    ],
    [
      'an object where text is wanted',
      { 'Fn::Join': ['', [{ a: 1 }]] },
      'Resources.X.Fn::Join: text is wanted here, got {"a":1}',
    ],
    ['a missing secret', '{{resolve:secretsmanager:nobody}}', 'Resources.X: there is no secret nobody'],
    [
      'a missing key of a secret',
      '{{resolve:secretsmanager:db/user:SecretString:token}}',
      'Resources.X: the secret db/user has no key token',
    ],
    [
      'another dynamic reference',
      '{{resolve:ssm:/a}}',
      'Resources.X: the dynamic reference {{resolve:ssm:/a}} is not known here',
    ],
  ])('%s', (_what, value, message) => {
    const resolve = () => resolver().resolve(value, 'Resources.X');

    expect(resolve).toThrow(message);
  });
});

test('a name too long for its service is cut and stays unlike every other', () => {
  const name = resolver().ref(`Long${'x'.repeat(80)}`);

  expect(name).toMatch(/^Demo-Longx+-[0-9a-f]{8}$/);
  expect(name).toHaveLength(64);
});

test('a resource comes after all it refers to, and what works on its own comes last', () => {
  const given = resolver({
    Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
    Resources: {
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: { Target: { 'Fn::GetAtt': ['Poll', 'Arn'] } },
      },
      Tables: { Type: 'Custom::Tables', Properties: { ServiceToken: { 'Fn::GetAtt': ['Poll', 'Arn'] } } },
      Poll: { Type: 'AWS::Lambda::Function', Properties: { Env: { 'Fn::Sub': '${Facts}/${AWS::Region}' } } },
      Delivery: { Type: 'AWS::KinesisFirehose::DeliveryStream', DependsOn: ['Tables'] },
      Facts: { Type: 'AWS::Kinesis::Stream' },
      Nothing: { Type: 'AWS::S3::Bucket', Condition: 'Never' },
    },
  });

  const order = deploymentOrder(given, (type) => (type === 'AWS::Scheduler::Schedule' ? 1 : 0));

  expect(order).toEqual(['Facts', 'Poll', 'Tables', 'Delivery', 'Schedule']);
});

test('resources that depend on one another in a circle are refused', () => {
  const given = resolver({
    Resources: {
      A: { Type: 'AWS::S3::Bucket', DependsOn: 'B' },
      B: { Type: 'AWS::S3::Bucket', DependsOn: 'A' },
    },
  });

  expect(() => deploymentOrder(given, () => 0)).toThrow(
    'Resources: these depend on one another in a circle: A, B',
  );
});
