/** Generated files exist before any test imports them, and every embedded warehouse begins with one empty database. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { generate } from '../infra/generate.ts';

const modules = join(import.meta.dirname, '..', 'node_modules');

export async function setup(): Promise<void> {
  await generate();
  process.env.HEIMDALLR_EMPTY_DATABASE = await emptyDatabase();
}

/** A file with an empty database of the PGlite that is installed; made once, in two seconds, and kept. */
async function emptyDatabase(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(modules, '@electric-sql/pglite/package.json'), 'utf8'));
  const folder = join(modules, '.cache', 'heimdallr');
  const file = join(folder, `empty-database-${version}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const database = await PGlite.create('memory://');
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, await (await database.dumpDataDir('none')).bytes());
  await database.close();
  // Whole or not there, whoever else makes it at the same time.
  renameSync(unfinished, file);
  return file;
}
