/**
 * `npm run new-producer -- NAME`: writes `producers/NAME/`, which passes every check at once, with a tiny vendor to
 * replace by a real one. It is a copy of `docs/new-producer/` under another name.
 */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { producerTables } from '../contract/dictionary.ts';
import type { Producer } from '../contract/producer.ts';

const TEMPLATE = 'newcomer';
const root = join(import.meta.dirname, '..');

/** What is wrong with a name, in words; null when nothing is. */
function problemOf(name: string | undefined): string | null {
  if (name === undefined) return 'give the new producer a name: npm run new-producer -- NAME';
  if (!/^[a-z][a-z0-9]{0,29}$/.test(name) || name === TEMPLATE)
    return `a name is 1 to 30 lower-case letters and digits and not ${TEMPLATE}, got ${JSON.stringify(name)}`;
  if (existsSync(join(root, 'producers', name)))
    return `producers/${name} is there already; remove it first, or choose another name`;
  return null;
}

/** Writes the folder and answers the paths of its files. */
async function write(name: string): Promise<readonly string[]> {
  const folder = join(root, 'producers', name);
  cpSync(join(root, 'docs', 'new-producer'), folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const { parentPath, name: file } of files) {
    const path = join(parentPath, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(TEMPLATE, name));
  }
  const { default: producer }: { default: Producer } = await import(join(folder, 'index.ts'));
  writeFileSync(join(folder, 'tables.md'), producerTables(producer));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

const [name, ...others] = process.argv.slice(2);
const problem = others.length > 0 ? `one name at a time, got ${1 + others.length}` : problemOf(name);
if (problem !== null || name === undefined) {
  console.error(problem);
  process.exit(2);
}
const files = await write(name);
console.log(`producers/${name}/
${files.map((file) => `  ${file}`).join('\n')}

It works as it is:
  npm test                               holds it to everything a producer must do
  npm start -- --feed ${name}:web           once heimdallr.config.ts names it: { feed: '${name}:web', settings: { project: 'shop' } }

Now make it yours (docs/adding-a-producer.md):
  1. index.ts        the records, the vendor's address and credential, and how to poll
  2. scenarios/      answers of the real vendor, from its documentation or a recorded call
  3. simulator.ts    the vendor, played honestly; npm run record -- ${name} writes a scenario from it
  4. README.md       what is polled, with which credential, and what can be lost
  5. npm run dictionary, then npm test`);
