/** The doors between the rooms, and the house rules that can be read off the source text. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const rooms = [
  'contract',
  'producers',
  'transformers',
  'warehouse',
  'infra',
  'local',
  'operate',
  'report',
  'simulation',
];

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = rooms.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:ts|mjs)$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => source(join(room, file))),
);

function source(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  // A target with a placeholder is a folder that is scanned, not a door.
  const found = text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"$]+)['"]/g);
  const imports = [...found].map(([, target = '']) =>
    target.startsWith('.') ? normalize(join(dirname(path), target)) : target,
  );
  return { path, text, imports };
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const producerOf = (path: string): string | null => /^producers\/([^/]+)\//.exec(path)?.[1] ?? null;
const isSimulator = (path: string): boolean => /^producers\/[^/]+\/simulator/.test(path);

/** Rooms that each room may import, beside itself; generated files are no room. */
const doors: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  producers: ['contract'],
  transformers: ['contract'],
  warehouse: ['contract'],
  infra: ['contract'],
  local: ['contract', 'report'],
  // Operators reach the warehouse as its functions do, and read the configuration as the synth does.
  operate: ['contract', 'report', 'warehouse', 'infra'],
  report: ['contract'],
  simulation: [],
};

function violations(rule: (from: Source, target: string) => boolean): string[] {
  return sources.flatMap((from) =>
    from.imports.filter((target) => rule(from, target)).map((target) => `${from.path} imports ${target}`),
  );
}

test('a room imports only the rooms that its doors lead to', () => {
  const wrong = violations(({ path }, target) => {
    const room = roomOf(target);
    if (!rooms.includes(room) || room === roomOf(path)) return false;
    // Vendors are played for one company, which nothing else may know of.
    if (isSimulator(path) && room === 'simulation') return false;
    return !(doors[roomOf(path)] ?? []).includes(room);
  });

  expect(wrong).toEqual([]);
});

test('a producer imports the contract and itself, never another producer or the machinery', () => {
  const wrong = violations(({ path }, target) => {
    const producer = producerOf(path);
    return producer !== null && target.startsWith('producers/') && producerOf(target) !== producer;
  });

  expect(wrong).toEqual([]);
});

test('a simulator is nobody’s dependency', () => {
  const wrong = violations(({ path }, target) => isSimulator(target) && !isSimulator(path));

  expect(wrong).toEqual([]);
});

test('the CDK stays in infra', () => {
  const wrong = violations(
    ({ path }, target) => /^(?:aws-cdk|constructs|cdk-|@aws-cdk)/.test(target) && roomOf(path) !== 'infra',
  );

  expect(wrong).toEqual([]);
});

test('AWS clients stay behind ports', () => {
  const wrong = violations(
    ({ path }, target) =>
      target.startsWith('@aws-sdk/') && !/(?:^|\/)ports\.ts$/.test(path) && roomOf(path) !== 'local',
  );

  expect(wrong).toEqual([]);
});

test('infra and local name no producer', () => {
  const names = readdirSync(join(root, 'producers'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const naming = sources.filter(
    ({ path, text }) =>
      ['infra', 'local'].includes(roomOf(path)) &&
      names.some(({ name }) => new RegExp(`\\b${name}\\b`, 'i').test(text)),
  );

  expect(naming.map(({ path }) => path)).toEqual([]);
});

test('only handlers, ports and programs read the environment or the clock', () => {
  const mayTouch = /(?:^|\/)(?:ports|handler|app|main|generate)\.ts$|simulator|^local\//;
  const touching = sources.filter(
    ({ path, text }) => !mayTouch.test(path) && /\bprocess\.env\b|\bDate\.now\(\)|\bnew Date\(\)/.test(text),
  );

  expect(touching.map(({ path }) => path)).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 401);

  expect(long.map(({ path }) => relative('.', path))).toEqual([]);
});
