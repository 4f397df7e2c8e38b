/**
 * What preflight asks of AWS, with the real clients: a server answers as the documents of each service show it, and as
 * they refuse.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ResolvedExisting, readWarehouse } from '../infra/read-warehouse.ts';
import { realPorts } from '../operate/preflight/ports.ts';
import { existing } from './infra-stack.ts';

/** Action or path → status and body. */
type Answers = Readonly<Record<string, readonly [number, string]>>;

const ec2 = (action: string, inner: string): string =>
  `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${action}Response>`;
const query = (action: string, inner: string): string =>
  `<${action}Response><${action}Result>${inner}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`;
const refusal = (code: string, message: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;

const rule = (protocol: string, from: number, to: number, block: string): string =>
  `<item><ipProtocol>${protocol}</ipProtocol><fromPort>${from}</fromPort><toPort>${to}</toPort><groups/><ipRanges><item><cidrIp>${block}</cidrIp></item></ipRanges><prefixListIds/></item>`;

const ANSWERS: Answers = {
  GetCallerIdentity: [
    200,
    query(
      'GetCallerIdentity',
      '<Arn>arn:aws:iam::123456789012:user/somebody</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>',
    ),
  ],
  DescribeStacks: [400, refusal('ValidationError', 'Stack with id Heimdallr does not exist')],
  DescribeVpcs: [
    200,
    ec2(
      'DescribeVpcs',
      '<vpcSet><item><vpcId>vpc-1</vpcId></item><item><vpcId>vpc-2</vpcId></item></vpcSet>',
    ),
  ],
  DescribeAddresses: [
    200,
    ec2('DescribeAddresses', '<addressesSet><item><publicIp>192.0.2.1</publicIp></item></addressesSet>'),
  ],
  DescribeSecurityGroups: [
    200,
    ec2(
      'DescribeSecurityGroups',
      `<securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions>${rule('tcp', 5400, 5500, '52.19.239.192/27')}${rule('tcp', 22, 22, '192.0.2.0/24')}${rule('udp', 5439, 5439, '198.51.100.0/24')}<item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges><prefixListIds/></item></ipPermissions></item></securityGroupInfo>`,
    ),
  ],
  DescribeClusters: [
    200,
    query(
      'DescribeClusters',
      '<Clusters><Cluster><ClusterIdentifier>analytics</ClusterIdentifier><ClusterStatus>available</ClusterStatus><Endpoint><Port>5439</Port><Address>analytics.abc123.eu-west-1.redshift.amazonaws.com</Address></Endpoint><PubliclyAccessible>true</PubliclyAccessible><EnhancedVpcRouting>false</EnhancedVpcRouting><VpcSecurityGroups><VpcSecurityGroup><Status>active</Status><VpcSecurityGroupId>sg-1</VpcSecurityGroupId></VpcSecurityGroup></VpcSecurityGroups></Cluster></Clusters>',
    ),
  ],
  'RedshiftServerless.GetWorkgroup': [
    200,
    JSON.stringify({
      workgroup: {
        workgroupName: 'team',
        endpoint: { address: 'team.123456789012.eu-west-1.redshift-serverless.amazonaws.com', port: 5439 },
        publiclyAccessible: false,
        enhancedVpcRouting: true,
        securityGroupIds: ['sg-1'],
      },
    }),
  ],
  'ServiceQuotasV20190624.GetServiceQuota': [
    200,
    JSON.stringify({ Quota: { ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE', Value: 12 } }),
  ],
  '/2016-08-19/account-settings': [
    200,
    JSON.stringify({ AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 900 } }),
  ],
};

let answers: Answers = ANSWERS;
let server: Server;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const asked =
      new URLSearchParams(Buffer.concat(chunks).toString()).get('Action') ??
      request.headers['x-amz-target'] ??
      new URL(request.url ?? '/', 'http://aws').pathname;
    const [status, body] = answers[String(asked)] ?? [500, `nobody has said what ${asked} answers`];
    response.writeHead(status, {
      'content-type': body.startsWith('<') ? 'text/xml' : 'application/x-amz-json-1.1',
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  answers = ANSWERS;
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'nothing');
});
afterEach(() => vi.unstubAllEnvs());

const ports = () => realPorts('eu-west-1', 'Heimdallr');
const cluster = readWarehouse(existing.warehouse, 'warehouse') as ResolvedExisting;
const { clusterIdentifier: _left, ...rest } = existing.warehouse as unknown as Record<string, unknown>;
const workgroup = readWarehouse(
  {
    ...rest,
    workgroupName: 'team',
    workgroupArn: 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/0',
  },
  'warehouse',
) as ResolvedExisting;

test('who asks, and that nothing has been deployed', async () => {
  expect(await ports().caller()).toEqual({
    account: '123456789012',
    arn: 'arn:aws:iam::123456789012:user/somebody',
  });
  expect(await ports().status('Heimdallr')).toBeNull();
});

test('how many executions at once Lambda leaves to the account', async () => {
  expect(await ports().concurrency()).toEqual({ limit: 1000, unreserved: 900 });
});

test('quotas: those of the account, or the ones that everybody has', async () => {
  expect(await ports().quotas()).toEqual({
    vpcs: { used: 2, limit: 12 },
    addresses: { used: 1, limit: 12 },
  });

  answers = {
    ...ANSWERS,
    'ServiceQuotasV20190624.GetServiceQuota': [400, JSON.stringify({ __type: 'NoSuchResourceException' })],
    'ServiceQuotasV20190624.GetAWSDefaultServiceQuota': [200, JSON.stringify({ Quota: { Value: 5 } })],
  };
  expect(await ports().quotas()).toMatchObject({ vpcs: { limit: 5 }, addresses: { limit: 5 } });
});

test('how a cluster can be reached: the blocks that are admitted at its port', async () => {
  expect(await ports().reach(cluster)).toEqual({
    endpoint: { host: 'analytics.abc123.eu-west-1.redshift.amazonaws.com', port: 5439 },
    isPublic: true,
    isRoutedThroughVpc: false,
    securityGroups: ['sg-1'],
    admitted: ['52.19.239.192/27', '10.0.0.0/8'],
    admitsLists: false,
  });
});

test('how a workgroup can be reached', async () => {
  expect(await ports().reach(workgroup)).toMatchObject({
    endpoint: { port: 5439 },
    ...{ isPublic: false, isRoutedThroughVpc: true, securityGroups: ['sg-1'] },
  });
});

test('a warehouse that is not there is none', async () => {
  answers = {
    ...ANSWERS,
    DescribeClusters: [404, refusal('ClusterNotFound', 'Cluster analytics not found.')],
    'RedshiftServerless.GetWorkgroup': [400, JSON.stringify({ __type: 'ResourceNotFoundException' })],
  };

  expect(await ports().reach(cluster)).toBeNull();
  expect(await ports().reach(workgroup)).toBeNull();
});

test.each([
  ['STS', 'GetCallerIdentity', refusal('InvalidClientTokenId', 'invalid'), /takes no credentials of yours/],
  [
    'Redshift',
    'DescribeClusters',
    refusal('AccessDenied', 'not authorized'),
    /may not do this: not authorized/,
  ],
  [
    'EC2',
    'DescribeVpcs',
    '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors><RequestID>r</RequestID></Response>',
    /may not do this: You are not authorized/,
  ],
])('what %s refuses is told in words', async (_service, action, body, wanted) => {
  answers = { ...ANSWERS, [action]: [403, body] };
  const { caller, quotas, reach } = ports();

  await expect(Promise.all([caller(), quotas(), reach(cluster)])).rejects.toThrow(wanted);
});
