/** Reads the installation that a file exports, for whoever is told another one than heimdallr.config.ts. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { show, wrong } from './read.ts';

/** What the file's default export is, unread. @throws {ConfigurationError} when there is no such file, or it cannot be run. */
export async function readConfigFile(file: string): Promise<unknown> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return wrong('--config', show(file), 'a file whose default export is an installation');
  try {
    const { default: written }: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    return written;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return wrong('--config', show(file), `a file that Node can run; it says: ${reason}`);
  }
}
