/** What docs/security.md says, read off the template and off what is installed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { existing, project, serverless, TemplateUnderTest } from './infra-stack.ts';

const page = readFileSync(join(project, 'docs', 'security.md'), 'utf8');
const read = (...path: readonly string[]) => JSON.parse(readFileSync(join(project, ...path), 'utf8'));

describe('the dependency review', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, name = '', purpose = '', licence = '']) => ({ name, purpose, licence }),
  );
  const installed = (name: string) => read('node_modules', name, 'package.json');

  test('lists every runtime dependency and no other', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(read('package.json').dependencies));
    expect(rows.filter(({ purpose }) => purpose.trim().length < 8)).toEqual([]);
  });

  test('says the licence that each one has', () => {
    expect(rows).toEqual(rows.map((row) => ({ ...row, licence: installed(row.name).license })));
  });

  test('is right that none runs a script when it is installed', () => {
    const scripted = rows.filter(({ name }) =>
      Object.keys(installed(name).scripts ?? {}).some((script) => /^(?:pre|post)?install$/.test(script)),
    );

    expect(scripted).toEqual([]);
  });
});

test('every file that the page names is there', () => {
  for (const [, path = ''] of page.matchAll(/`((?:test|infra)\/[\w./-]+)`/g))
    expect(() => readFileSync(join(project, path))).not.toThrow();
});

describe.each([
  ['a warehouse of its own', serverless],
  ['a warehouse that was there', existing],
])('with %s', (_name, written) => {
  const template = new TemplateUnderTest(written);
  const properties = (type: string) =>
    template.all(type).map(([id, { Properties }]) => ({ id, ...Properties }));

  test('whatever keeps data is encrypted', () => {
    const open = [
      ...properties('AWS::Kinesis::Stream').filter(
        ({ StreamEncryption }) => StreamEncryption?.EncryptionType !== 'KMS',
      ),
      ...properties('AWS::S3::Bucket').filter(({ BucketEncryption }) => BucketEncryption === undefined),
      ...properties('AWS::KinesisFirehose::DeliveryStream').filter(
        ({ DeliveryStreamEncryptionConfigurationInput: input }) => input === undefined,
      ),
      // These are encrypted by AWS unless told otherwise: nobody tells them.
      ...properties('AWS::DynamoDB::Table').filter(({ SSESpecification: sse }) => sse?.SSEEnabled === false),
    ];

    expect(template.all('AWS::Kinesis::Stream')).toHaveLength(1);
    expect(open).toEqual([]);
  });

  test('no secret stands in an environment, in an output or anywhere else in the template', () => {
    const environments = properties('AWS::Lambda::Function').flatMap(({ Environment }) =>
      Object.entries(Environment.Variables as Readonly<Record<string, unknown>>),
    );
    const suspicious = environments.filter(([name]) => /TOKEN|PASSWORD|KEY$/.test(name));
    const whole = JSON.stringify({ resources: template.resources, outputs: template.outputs });
    const resolved = [...whole.matchAll(/\{\{resolve:(\w+):/g)].map(([, service]) => service);

    expect(suspicious).toEqual([]);
    // The administrator's password of a new warehouse is read by CloudFormation itself.
    expect(resolved).toEqual(written === serverless ? ['secretsmanager'] : []);
    expect(whole).not.toMatch(/AKIA[0-9A-Z]{16}/);
  });

  test('every secret is made by AWS, with nothing in the template but a placeholder', () => {
    const given = properties('AWS::SecretsManager::Secret').filter(
      ({ SecretString }) => SecretString !== undefined,
    );

    expect(given).toEqual([]);
    expect(template.all('AWS::SecretsManager::Secret').length).toBeGreaterThan(0);
  });

  test('no role may be taken by anybody but the service it is for', () => {
    const principals = properties('AWS::IAM::Role').flatMap(({ AssumeRolePolicyDocument }) =>
      (AssumeRolePolicyDocument.Statement as readonly { Principal: object }[]).map(({ Principal }) =>
        JSON.stringify(Principal),
      ),
    );

    for (const principal of principals)
      expect(principal).toMatch(/^\{"Service":"[a-z-]+\.amazonaws\.com"\}$/);
  });

  test('nothing may be entered from everywhere', () => {
    const groups = properties('AWS::EC2::SecurityGroup').flatMap(
      ({ SecurityGroupIngress = [] }) => SecurityGroupIngress,
    );

    expect(groups.filter(({ CidrIp, CidrIpv6 }) => /\/0$/.test(String(CidrIp ?? CidrIpv6)))).toEqual([]);
  });
});
