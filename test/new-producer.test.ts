/**
 * A stranger's first producer: `npm run new-producer`, and `docs/adding-a-producer.md` followed to the letter, in a
 * copy of the project.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'heimdallr-new-producer-'));

/** What the suite and the generators need; the other producers stay away, so that it is about the new ones. */
const PARTS = [
  ...['contract', 'simulation', 'docs', 'warehouse/marts', 'infra/generate.ts', 'infra/new-producer.ts'],
  ...[
    'infra/dictionary.ts',
    'test/conformance',
    'test/conformance.test.ts',
    'test/producer-fakes.ts',
    'test/setup.ts',
  ],
  ...['package.json', 'tsconfig.json', 'vitest.config.ts', 'biome.json', '.gitignore'],
];

beforeAll(() => {
  for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const file of readdirSync(join(root, 'producers')).filter((name) => name.endsWith('.ts')))
    cpSync(join(root, 'producers', file), join(copy, 'producers', file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(file: string, ...args: readonly string[]) {
  const { CI: _ci, HEIMDALLR_TEST_RESULTS: _results, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd: copy,
    env,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

const tool = (name: string, file: string): string => join(root, 'node_modules', name, file);

/** Files that the page shows, by the path that stands before each. */
function pageFiles(): ReadonlyMap<string, string> {
  const page = readFileSync(join(root, 'docs', 'adding-a-producer.md'), 'utf8');
  const blocks = page.matchAll(/^`(producers\/[\w./-]+)`[^`]*?\n\n?(?:[^`]*\n)?```\w+\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, path = '', text = '']) => [path, text]));
}

test('a new producer passes every check as it is written, and the page’s too', { timeout: 120_000 }, () => {
  const written = [run('infra/new-producer.ts', 'fresh'), run('infra/new-producer.ts', 'buildkite')];
  const files = pageFiles();
  for (const [path, text] of files) writeFileSync(join(copy, path), text);
  rmSync(join(copy, 'producers/buildkite/scenarios/an_event_finishes.golden.json'));
  const dictionary = run('infra/dictionary.ts');
  const types = run(tool('typescript', 'bin/tsc'), '--noEmit');
  const lint = run(tool('@biomejs/biome', 'bin/biome'), 'lint', 'producers');
  const suite = run(tool('vitest', 'vitest.mjs'), 'run', 'test/conformance.test.ts');
  const golden = readFileSync(
    join(copy, 'producers/buildkite/scenarios/an_event_finishes.golden.json'),
    'utf8',
  );

  expect(written.map(({ status }) => status)).toEqual([0, 0]);
  expect(written[0]?.output).toContain('producers/fresh/');
  expect([...files.keys()].sort()).toEqual([
    ...['producers/buildkite/README.md', 'producers/buildkite/index.ts'],
    ...['producers/buildkite/scenarios/an_event_finishes.json', 'producers/buildkite/simulator.ts'],
  ]);
  expect(dictionary).toEqual({ status: 0, output: '' });
  expect(types).toEqual({ status: 0, output: '' });
  expect([lint.status, lint.output]).toEqual([0, lint.output]);
  expect([suite.status, suite.output]).toEqual([0, expect.stringMatching(/40 passed/)]);
  expect(golden).toContain('"state":"passed"');
});

test.each([
  ['no name', [], /^give the new producer a name/],
  ['a name that is none', ['Build-Kite'], /lower-case letters and digits/],
  ['the name of the template', ['newcomer'], /not newcomer/],
  ['two names', ['one', 'two'], /^one name at a time, got 2/],
  ['a name that is taken', ['fresh'], /^producers\/fresh is there already/],
])('a mistake is one line, exit code 2, and writes nothing: %s', (_what, args, words) => {
  const { status, output } = run('infra/new-producer.ts', ...args);

  expect(status).toBe(2);
  expect(output).toMatch(words);
  expect(output.trimEnd().split('\n')).toHaveLength(1);
});
