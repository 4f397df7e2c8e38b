/** Synthesis, and the project's own template: nothing of it may stay unresolved, no role without its grants. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Assembly, readAssembly } from '../local/stack/assembly.ts';
import { Grants } from '../local/stack/grants.ts';
import { deploymentOrder } from '../local/stack/order.ts';
import { assumedRoles, requiredGrants } from '../local/stack/required-grants.ts';
import { Resolver } from '../local/stack/resolver.ts';
import { synthesise } from '../local/stack/synth.ts';
import { assembly, temporaryFolder } from './stack-fixtures.ts';

describe('the synthesis', () => {
  /** A project whose app is this program. */
  function project(app: string): { projectDir: string; outDir: string } {
    const projectDir = temporaryFolder();
    mkdirSync(join(projectDir, 'infra'));
    writeFileSync(join(projectDir, 'cdk.json'), JSON.stringify({ context: { flag: true, vendor: 'real' } }));
    writeFileSync(join(projectDir, 'infra', 'app.ts'), app);
    return { projectDir, outDir: join(projectDir, 'out') };
  }

  test('gives the app its context, overrides first, and reads what it wrote', async () => {
    const app = `
      import { writeFileSync } from 'node:fs';
      const out: string = process.env.CDK_OUTDIR ?? '';
      const context = JSON.parse(process.env.CDK_CONTEXT_JSON ?? '');
      const seen = { context, region: process.env.AWS_REGION ?? null, name: process.env.NAME };
      const properties = { templateFile: 't.json', stackName: 'Named' };
      writeFileSync(out + '/manifest.json', JSON.stringify({ artifacts: { S: { type: 'aws:cloudformation:stack', properties } } }));
      writeFileSync(out + '/t.json', JSON.stringify({ Resources: { B: { Type: 'AWS::S3::Bucket', Properties: seen } } }));`;

    const found = await synthesise({
      ...project(app),
      context: { vendor: 'simulated' },
      environment: { AWS_REGION: 'eu-west-1', NAME: 'kept' },
    });

    expect(found).toEqual({
      stackName: 'Named',
      assets: new Map(),
      template: {
        parameters: {},
        mappings: {},
        conditions: {},
        outputs: {},
        resources: new Map([
          [
            'B',
            {
              type: 'AWS::S3::Bucket',
              condition: null,
              dependsOn: [],
              properties: { context: { flag: true, vendor: 'simulated' }, region: null, name: 'kept' },
            },
          ],
        ]),
      },
    });
  });

  test('that fails says what the app said', async () => {
    const options = project(`console.error('heimdallr.config.ts: feeds: is empty'); process.exitCode = 1;`);

    const failing = synthesise({ ...options, context: {}, environment: {} });

    await expect(failing).rejects.toThrow(
      `node ${join('infra', 'app.ts')} ended with code 1, so there is no stack to run. It said:\nheimdallr.config.ts: feeds: is empty`,
    );
  });
});

test('an assembly of two stacks cannot be run as one', () => {
  const folder = temporaryFolder();
  const stack = { type: 'aws:cloudformation:stack', properties: { templateFile: 't.json' } };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts: { One: stack, Two: stack } }));

  expect(() => readAssembly(folder)).toThrow(`${folder} must hold exactly one stack, found 2: One, Two`);
});

test('the code of a function is found by its key in the assets bucket', () => {
  const folder = assembly({}, { abc: 'export const handler = 1;' });

  expect([...readAssembly(folder).assets]).toEqual([['abc.zip', join(folder, 'asset.abc')]]);
});

describe('the project’s own template', () => {
  let found: Assembly;
  let resolver: Resolver;
  const place = { stackName: 'Heimdallr', region: 'us-east-1', accountId: '111111111111' };

  const outDir = mkdtempSync(join(tmpdir(), 'stack-'));
  afterAll(() => rmSync(outDir, { recursive: true }));

  beforeAll(async () => {
    found = await synthesise({
      projectDir: join(import.meta.dirname, '..'),
      outDir,
      // Without bundles: the template is the same but for the names of the assets.
      context: { 'aws:cdk:bundling-stacks': [] },
      environment: process.env,
    });
    resolver = new Resolver(found.template, {
      ...place,
      stackName: found.stackName,
      parameters: {},
      secretString: () => '{"username":"u","password":"p"}',
      custom: (logicalId) => ({ physicalId: logicalId, data: {} }),
    });
  });

  test('has nothing that stays unresolved', () => {
    const order = deploymentOrder(resolver, () => 0);

    const resolved = order.map((logicalId) => [
      logicalId,
      resolver.ref(logicalId),
      resolver.properties(logicalId),
    ]);

    expect(JSON.stringify([resolved, resolver.outputs()])).not.toMatch(
      /"Ref":|"Fn::|\{\{resolve:|\$\{Token|\[object Object\]|undefined/,
    );
  });

  test('gives every role the grants without which its resource does nothing', () => {
    const grants = new Grants(resolver);
    const roleOf = (functionName: string): string => {
      const ids = [...found.template.resources.keys()].filter((id) => resolver.ref(id) === functionName);
      return ids.map((id) => String(resolver.properties(id).Role)).join();
    };

    const needed = [...found.template.resources].flatMap(([logicalId, { type }]) =>
      requiredGrants(type, resolver.properties(logicalId), roleOf, place),
    );

    expect(needed.length).toBeGreaterThan(5);
    expect(
      needed.filter(({ roleArn, action, resource }) => !grants.allows(roleArn, action, resource)),
    ).toEqual([]);
  });

  test('lets every service that acts in the name of a role take it, and no other', () => {
    const grants = new Grants(resolver);

    const taken = [...found.template.resources].flatMap(([logicalId, { type }]) =>
      assumedRoles(type, resolver.properties(logicalId), place),
    );

    expect(new Set(taken.map(({ service }) => service)).size).toBe(5);
    expect(
      taken.filter(({ roleArn, service, context }) => !grants.trusts(roleArn, service, context)),
    ).toEqual([]);
    expect(taken.filter(({ roleArn }) => grants.trusts(roleArn, 'ec2.amazonaws.com'))).toEqual([]);
    const foreign = { 'aws:SourceAccount': '999999999999', 'aws:SourceArn': 'arn:aws:scheduler:x' };
    const clocks = taken.filter(({ service }) => service === 'scheduler.amazonaws.com');
    expect(clocks.filter(({ roleArn, service }) => grants.trusts(roleArn, service, foreign))).toEqual([]);
  });
});
