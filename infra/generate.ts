/**
 * Writes `.generated/`: what follows from the folders and declarations, so that nobody writes it twice.
 *
 *     producers.ts           every producer, from the folders in producers/
 *     records.ts             every record type, as data, for rooms that must not import a producer
 *     validators.js          one compiled validator per record type
 *     marts.ts               the SQL of warehouse/marts/, for the function that applies it
 *     handlers/<name>.ts     the entry of one producer's function
 *     webhooks/<name>.ts     the entry of the function that takes a vendor's deliveries
 *
 * It runs before every check and every synth and takes less than a second; nothing of it is committed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { validatorName, validatorsSource } from '../contract/json-schema.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import type { Producer } from '../contract/producer.ts';
import type { RecordType } from '../contract/record.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, '.generated');

/** Writes all generated files and returns the producers found. */
export async function generate(): Promise<readonly Producer[]> {
  const names = readdirSync(join(root, 'producers'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'producers', entry.name, 'index.ts')))
    .map((entry) => entry.name)
    .sort();
  const producers: Producer[] = [];
  for (const name of names) producers.push(await load(name));
  const records: RecordType[] = [...ledgerRecords, ...producers.flatMap((producer) => producer.records)];
  mkdirSync(join(out, 'handlers'), { recursive: true });
  write('producers.ts', producersModule(names));
  write('records.ts', recordsModule(records));
  write('validators.js', validatorsModule(records));
  write('validators.d.ts', VALIDATORS_TYPES);
  write('marts.ts', martsModule());
  write('models.ts', modelsModule());
  for (const name of names) write(`handlers/${name}.ts`, handlerModule(name));
  mkdirSync(join(out, 'webhooks'), { recursive: true });
  const pushing = producers.filter(({ webhook }) => webhook !== undefined).map(({ name }) => name);
  for (const name of pushing) write(`webhooks/${name}.ts`, webhookModule(name));
  removeOthers('handlers', names);
  removeOthers('webhooks', pushing);
  return producers;
}

/** Removes the files of producers that are no more. */
function removeOthers(folder: string, names: readonly string[]): void {
  for (const file of readdirSync(join(out, folder))) {
    if (!names.includes(file.replace(/\.ts$/, ''))) rmSync(join(out, folder, file));
  }
}

async function load(name: string): Promise<Producer> {
  const module = (await import(`../producers/${name}/index.ts`)) as { default?: Producer };
  if (module.default?.name !== name) {
    throw new TypeError(
      `producers/${name}/index.ts must export a producer named "${name}" as its default, got "${module.default?.name}"`,
    );
  }
  return module.default;
}

/** Writes only what changed, so that watchers and bundlers stay quiet. */
function write(name: string, text: string): void {
  const path = join(out, name);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

const producersModule = (names: readonly string[]): string =>
  [
    "import type { Producer } from '../contract/producer.ts';",
    ...names.map((name) => `import ${name} from '../producers/${name}/index.ts';`),
    `export const producers: readonly Producer[] = [${names.join(', ')}] as unknown as Producer[];`,
    '',
  ].join('\n');

const recordsModule = (records: readonly RecordType[]): string =>
  [
    "import type { RecordType } from '../contract/record.ts';",
    `export const records: readonly RecordType[] = ${JSON.stringify(records, null, 1)};`,
    '',
  ].join('\n');

/** Bundled, because the compiled code calls `require`, which an ES module does not have. */
function validatorsModule(records: readonly RecordType[]): string {
  const names = records.map(({ name, version }) => validatorName(name, version));
  const times = Object.fromEntries(
    records.map((record) => [validatorName(record.name, record.version), record.occurredAt]),
  );
  const contents = `${validatorsSource(records)}\nexport const validators = { ${names.join(', ')} };\nexport const occurredAt = ${JSON.stringify(times)};\n`;
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: root, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
  });
  return outputFiles[0]?.text ?? '';
}

const VALIDATORS_TYPES = `export interface Validator {
  (envelope: unknown): boolean;
  errors?: readonly { instancePath: string; keyword: string; params: Record<string, unknown>; message?: string }[] | null;
}
/** Compiled validators by record type and version, as in rollbar_item_v1. */
export const validators: Readonly<Record<string, Validator>>;
/** The column that says when a fact happened, by the same names. */
export const occurredAt: Readonly<Record<string, string>>;
`;

function martsModule(): string {
  const folder = join(root, 'warehouse', 'marts');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.sql'))
        .sort()
    : [];
  const marts = files.map((file) => ({
    name: file.replace(/\.sql$/, ''),
    sql: readFileSync(join(folder, file), 'utf8'),
  }));
  return `export const marts: readonly { name: string; sql: string }[] = ${JSON.stringify(marts, null, 1)};\n`;
}

/** The models of the ranking, by their path below `warehouse/marts`; their order stands in `warehouse/ranking/models.ts`. */
function modelsModule(): string {
  const folder = join(root, 'warehouse', 'marts');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql') && file.includes('/'))
    .sort();
  const models = Object.fromEntries(
    files.map((file) => [file.replace(/\.sql$/, ''), readFileSync(join(folder, file), 'utf8')]),
  );
  return `export const models: Readonly<Record<string, string>> = ${JSON.stringify(models, null, 1)};\n`;
}

const handlerModule = (name: string): string =>
  [
    `import producer from '../../producers/${name}/index.ts';`,
    "import { createHandler } from '../../producers/handler.ts';",
    "import { realPorts } from '../../producers/ports.ts';",
    '',
    'export const handler = createHandler(producer, realPorts());',
    '',
  ].join('\n');

const webhookModule = (name: string): string =>
  [
    `import producer from '../../producers/${name}/index.ts';`,
    "import { realWebhookPorts } from '../../producers/ports.ts';",
    "import { createWebhook } from '../../producers/webhook.ts';",
    '',
    'export const handler = createWebhook(producer, realWebhookPorts());',
    '',
  ].join('\n');

if (import.meta.main) await generate();
