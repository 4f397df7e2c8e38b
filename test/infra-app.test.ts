/** The app as the CDK's command line starts it: a program that writes a cloud assembly. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { producers } from '../.generated/producers.ts';
import configuration from '../heimdallr.config.ts';
import { project } from './infra-stack.ts';

interface Run {
  readonly code: number;
  readonly stderr: string;
  readonly outdir: string;
}

/** Synthesises without bundling, with nothing in the environment but what the command line of the CDK sets. */
function synth(context: Readonly<Record<string, unknown>> = {}): Promise<Run> {
  const outdir = mkdtempSync(join(tmpdir(), 'heimdallr-app-'));
  const { context: flags } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8'));
  const env = {
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify({ ...flags, 'aws:cdk:bundling-stacks': [], ...context }),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/app.ts'], { cwd: project, env }, (error, _stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr, outdir });
    });
  });
}

test('the app is synthesised without an account, without a word of warning', async () => {
  const { code, stderr, outdir } = await synth();

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { Resources } = JSON.parse(readFileSync(join(outdir, 'Heimdallr.template.json'), 'utf8'));
  const types = Object.values<{ Type: string }>(Resources).map(({ Type }) => Type);
  const counting = producers.filter(({ counts }) => counts !== undefined).map(({ name }) => name);
  const counted = configuration.feeds.filter(({ feed }) => counting.includes(feed.split(':')[0] ?? ''));
  // One schedule for each feed, one more where its vendor can count, one each for the loader, for what loads skipped batches, and for the ranking.
  expect(types.filter((type) => type === 'AWS::Scheduler::Schedule')).toHaveLength(
    configuration.feeds.length + counted.length + 3,
  );
});

test('an override that cannot be followed ends the synth with one line of its own', async () => {
  const { code, stderr } = await synth({ 'heimdallr:feeds': 'nobody:nothing' });

  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^heimdallr\.config\.ts cannot be deployed as it is:\n {2}context heimdallr:feeds: got .+\n$/,
  );
});
