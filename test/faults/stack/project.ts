/**
 * The project as it is synthesised for the faults, and once more with a column that it does not have yet.
 *
 * All stages run the same assembly. The vendor's address is a part of it, so all of them have their vendor on the same
 * port, one after another.
 */

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Installation } from '../../../infra/installation.ts';
import { synthesise } from '../../../local/stack/synth.ts';

export interface Project {
  readonly port: number;
  /** The assembly of the project as it is. */
  readonly assembly: string;
  /** The assembly of a project whose occurrences have one more column, `ADDED`; made once. */
  changed(): Promise<string>;
  close(): Promise<void>;
}

export const FEED = 'rollbar:web';

/** The column that the changed project adds; Rollbar says 180 in every occurrence. */
export const ADDED = 'retention_days';

const root = join(import.meta.dirname, '..', '..', '..');

/** @param changes what its configuration says instead of what the project's own says. */
export async function openProject(changes: Partial<Installation> = {}): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'heimdallr-faults-'));
  const port = await freePort();
  const synth = async (projectDir: string, outDir: string): Promise<string> => {
    const url = `http://127.0.0.1:${port}`;
    const feeds = (changes.feeds ?? [{ feed: FEED }]).map(({ feed }) => feed).join();
    const context = { 'heimdallr:vendors': { rollbar: url, heroku: url }, 'heimdallr:feeds': feeds };
    await synthesise({ projectDir, outDir, context, environment: process.env });
    return outDir;
  };
  let changing: Promise<string> | null = null;
  const isChanged = Object.keys(changes).length > 0;
  return {
    port,
    assembly: await synth(
      isChanged ? configuredCopy(join(folder, 'configured'), changes) : root,
      join(folder, 'assembly'),
    ),
    changed() {
      changing ??= changedCopy(join(folder, 'changed')).then((copy) =>
        synth(copy, join(folder, 'changed-assembly')),
      );
      return changing;
    },
    async close() {
      // What is being written would be in the way.
      await changing?.catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A copy of the project, without what is made. */
function copyTo(folder: string): void {
  cpSync(root, folder, {
    recursive: true,
    filter: (path) =>
      !/^(?:node_modules|\.git|\.generated|cdk\.out|docs|test)(?:\/|$)/.test(relative(root, path)),
  });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** Copies the project and says in its configuration what is different. */
function configuredCopy(folder: string, changes: Partial<Installation>): string {
  copyTo(folder);
  renameSync(join(folder, 'heimdallr.config.ts'), join(folder, 'written.config.ts'));
  writeFileSync(
    join(folder, 'heimdallr.config.ts'),
    `import written from './written.config.ts';\n\nexport default { ...written, ...${JSON.stringify(changes)} };\n`,
  );
  return folder;
}

/** Copies the project and adds the column where a developer would: in the declaration, and where it is filled. */
async function changedCopy(folder: string): Promise<string> {
  copyTo(folder);
  const file = join(folder, 'producers', 'rollbar', 'occurrence.ts');
  const text = readFileSync(file, 'utf8');
  const changed = text
    .replace(
      /\n( +)payload: nullable\(superJson/,
      `\n$1${ADDED}: nullable(integer('Days that Rollbar keeps it.')),$&`,
    )
    .replace(/\n( +)payload_version: whole\(/, `\n$1${ADDED}: whole(at(data, 'retentionDays')),$&`);
  if (changed.split(`${ADDED}:`).length !== 3)
    throw new Error(`${file} is not as it was: say here where the column ${ADDED} goes`);
  writeFileSync(file, changed);
  await promisify(execFile)(process.execPath, [join('infra', 'generate.ts')], { cwd: folder });
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
