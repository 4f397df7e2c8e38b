/**
 * The template of an installation, in a second: nothing is bundled, because what a function costs does not depend on
 * what is in it.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Annotations, App } from 'aws-cdk-lib';
import { DEFAULT_STACK } from '../../contract/local-stack.ts';
import type { RecordType } from '../../contract/record.ts';
import { PipelineStack } from '../pipeline-stack.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { Mart } from '../schema.ts';
import { SLEEPLESS } from './sleepless.ts';

export interface Synthesis {
  /** Folder of the project. */
  readonly root: string;
  readonly records: readonly RecordType[];
  readonly marts: readonly Mart[];
}

/** Something that makes templates, and whose files are gone when it is closed. */
export interface Synthesiser {
  template(installation: ResolvedInstallation): unknown;
  [Symbol.dispose](): void;
}

export function synthesiser({ root, records, marts }: Synthesis): Synthesiser {
  const folder = mkdtempSync(join(tmpdir(), 'heimdallr-cost-'));
  const empty = emptyProject(root, join(folder, 'project'));
  const { context: flags } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  const context = {
    ...flags,
    'aws:cdk:bundling-stacks': [],
    '@aws-cdk/core:validateAgainstDefaultRules': false,
    'aws:cdk:enable-path-metadata': true,
  };
  return {
    template(installation) {
      const outdir = mkdtempSync(join(folder, 'out-'));
      const app = new App({ outdir, context });
      const stack = new PipelineStack(app, DEFAULT_STACK, { root: empty, installation, records, marts });
      // Here the bill says it.
      Annotations.of(stack).acknowledgeWarning(SLEEPLESS);
      return app.synth().getStackByName(stack.stackName).template;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A folder with the entries of all functions and nothing in them, as small as an asset can be. */
function emptyProject(root: string, folder: string): string {
  const handlers = ['transformers', 'warehouse'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?:^|\/)handler\.ts$/.test(file))
      .map((file) => join(root, room, file)),
  );
  const generated = ['handlers', 'webhooks']
    .map((name) => join(root, '.generated', name))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path).map((file) => join(path, file)));
  for (const entry of [...handlers, ...generated]) {
    const path = join(folder, relative(root, entry));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'export const handler = async () => {};\n');
  }
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  return folder;
}
