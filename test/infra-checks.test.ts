/** The security checks find nothing that was not accepted with a reason, and nothing is accepted for nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { acknowledgements, judge } from '../infra/acknowledgements.ts';
import { build, existing, serverless } from './infra-stack.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

/** Rule and construct of everything that was found in the last synth. */
function findings(outdir: string): string[] {
  const report: Report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
  return report.pluginReports
    .flatMap(({ violations }) => violations)
    .flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );
}

test.each([
  ['a warehouse of its own', serverless],
  ['a warehouse that was there', existing],
])('with %s, the synth has no findings and no warnings', (_name, written) => {
  const { app, stack, outdir } = build(written);
  judge(app, stack);

  const { messages } = app.synth().getStackByName(stack.stackName);

  expect(findings(outdir)).toEqual([]);
  expect(messages.map(({ level, id, entry }) => `${level} ${id} ${String(entry.data)}`)).toEqual([]);
});

test('every acknowledgement answers a finding on its own construct', () => {
  const { app, stack, outdir } = build();
  judge(app, stack, []);
  const accepted = acknowledgements.flatMap(({ id, on }) =>
    on(stack.parts).map((construct) => ({ id, path: construct.node.path })),
  );

  expect(() => app.synth()).toThrow('validation-report.json');

  const found = findings(outdir);
  const needless = accepted.filter(
    ({ id, path }) => !found.some((finding) => finding.startsWith(`${id} ${path}/`)),
  );
  expect(needless).toEqual([]);
  expect(found).toHaveLength(accepted.length);
});

test('every acknowledgement has a reason of at least a sentence', () => {
  expect(acknowledgements.filter(({ reason }) => !/^.{40,}\.$/s.test(reason))).toEqual([]);
});

test('what CloudFormation would refuse stops the synth', () => {
  const { app, stack, outdir } = build();
  judge(app, stack);
  new CfnResource(stack, 'Broken', { type: 'AWS::SQS::Queue', properties: { DelaySeconds: 'soon' } });

  expect(() => app.synth()).toThrow('validation-report.json');
  expect(findings(outdir)).toEqual([expect.stringContaining('Heimdallr/Broken')]);
});
