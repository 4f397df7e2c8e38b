/** The kinds of network: what each has, and what the default must never lose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judge } from '../infra/acknowledgements.ts';
import { billOf, usdOf } from '../infra/cost/bill.ts';
import { build, existing, serverless, TemplateUnderTest } from './infra-stack.ts';

const withKind = (kind: string, written: object = serverless) => ({ ...written, network: { kind } });
const count = (template: TemplateUnderTest, type: string): number => template.all(type).length;
const producersOf = (template: TemplateUnderTest) =>
  template
    .all('AWS::Lambda::Function')
    .map(([, { Properties }]) => Properties)
    .filter(({ Environment }) => Environment.Variables.STREAM_NAME !== undefined);
const priced = (written: unknown) =>
  billOf({ Resources: new TemplateUnderTest(written).resources }, 1_000_000);

describe('a NAT instance', () => {
  const template = new TemplateUnderTest(withKind('nat-instance'));

  test('stands in the place of the gateway, on the smallest machine, encrypted, with the address that the stack prints', () => {
    const [[instance = '', { Properties } = { Properties: {} }] = []] = template.all('AWS::EC2::Instance');
    const [[address = ''] = []] = template.all('AWS::EC2::EIP');

    expect(count(template, 'AWS::EC2::NatGateway')).toBe(0);
    expect(Properties).toMatchObject({
      InstanceType: 't4g.nano',
      SourceDestCheck: false,
      BlockDeviceMappings: [{ Ebs: { Encrypted: true } }],
    });
    expect(Properties.KeyName).toBeUndefined();
    expect(template.one('AWS::EC2::EIPAssociation').Properties).toEqual({
      AllocationId: { 'Fn::GetAtt': [address, 'AllocationId'] },
      InstanceId: { Ref: instance },
    });
    expect(template.outputs.PollingAddress1?.Value).toEqual({ 'Fn::GetAtt': [address, 'PublicIp'] });
  });

  test('is the way out of every private subnet, and admits nothing but HTTPS from within', () => {
    const routes = template
      .all('AWS::EC2::Route')
      .filter(([id]) => /private/i.test(id))
      .map(([, { Properties }]) => Properties);
    const [[instance = ''] = []] = template.all('AWS::EC2::Instance');
    const group = template.one('AWS::EC2::SecurityGroup', /Nat/).Properties;

    expect(routes).toHaveLength(3);
    expect(routes.map(({ InstanceId }) => InstanceId)).toEqual(routes.map(() => ({ Ref: instance })));
    expect(
      group.SecurityGroupIngress.map((rule: Readonly<Record<string, unknown>>) => [
        rule.IpProtocol,
        rule.FromPort,
        rule.ToPort,
      ]),
    ).toEqual([['tcp', 443, 443]]);
    expect(JSON.stringify(group.SecurityGroupIngress)).not.toContain('0.0.0.0/0');
  });
});

describe('no network', () => {
  test('leaves producers outside, without the right to make network interfaces, and prints no address', () => {
    const template = new TemplateUnderTest(withKind('none'));
    const actions = template
      .all('AWS::IAM::Policy')
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action }) => Action);

    expect(producersOf(template).map(({ VpcConfig }) => VpcConfig)).toEqual([undefined, undefined]);
    expect(actions.filter((action: string) => action.startsWith('ec2:'))).toEqual([]);
    expect(Object.keys(template.outputs).filter((name) => name.startsWith('PollingAddress'))).toEqual([]);
  });

  test('keeps public subnets for a Serverless warehouse, which must stand in some, and nothing that is paid for', () => {
    const template = new TemplateUnderTest(withKind('none'));

    expect(template.one('AWS::RedshiftServerless::Workgroup').Properties.SubnetIds).toHaveLength(3);
    expect(count(template, 'AWS::EC2::Subnet')).toBe(3);
    expect(['NatGateway', 'Instance', 'EIP'].map((type) => count(template, `AWS::EC2::${type}`))).toEqual([
      0, 0, 0,
    ]);
  });

  test('has no network at all beside a warehouse that was there', () => {
    const template = new TemplateUnderTest(withKind('none', existing));
    const types = Object.values(template.resources).map(({ Type }) => Type);

    expect(types.filter((type) => type.startsWith('AWS::EC2::'))).toEqual([]);
  });
});

test('the default is a gateway, and written out it is the same template', () => {
  expect(new TemplateUnderTest(withKind('nat-gateway')).resources).toEqual(new TemplateUnderTest().resources);
});

test('each kind is cheaper than the one before', () => {
  const [gateway, instance, none] = ['nat-gateway', 'nat-instance', 'none'].map((kind) =>
    priced(withKind(kind)),
  );

  expect(usdOf(gateway ?? priced({}), 'natHour')).toBeCloseTo(32.85, 9);
  expect(instance && usdOf(instance, 'nanoHour')).toBeCloseTo(730 * 0.0042, 9);
  expect(Number(gateway?.usd) - Number(instance?.usd)).toBeGreaterThan(20);
  expect(Number(instance?.usd) - Number(none?.usd)).toBeGreaterThan(5);
});

test.each([
  ['a NAT instance', withKind('nat-instance')],
  ['no network', withKind('none')],
  ['no network and a warehouse that was there', withKind('none', existing)],
])("with %s, the security checks and CloudFormation's own find nothing", (_name, written) => {
  const { app, stack, outdir } = build(written);
  judge(app, stack);

  app.synth();

  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  expect(
    report.pluginReports.flatMap(({ violations }: { violations: readonly object[] }) => violations),
  ).toEqual([]);
});
