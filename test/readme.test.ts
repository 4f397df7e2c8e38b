/** What the README quotes is true. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../local/cli/options.ts';
import { producerNames } from '../local/cli/simulators.ts';
import { aligned } from '../local/cli/view.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

test('every npm command it names exists', () => {
  const named = [...readme.matchAll(/npm (?:run )?(start|test|bench|check|generate|format|synth)\b/g)].map(
    ([, name = '']) => name,
  );

  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(['start', 'test']));
});

test('every command line of npm start in it is understood', () => {
  const lines = [...readme.matchAll(/npm start -- ([^`\n]+)/g)].map(([, args = '']) =>
    args.trim().split(/\s+/),
  );
  const read = (args: readonly string[]): unknown => readOptions(args, producerNames(root), new Date());

  expect(lines.length).toBeGreaterThan(0);
  for (const args of lines) expect(() => read(args)).not.toThrow();
});

test('every file and folder it points to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target);
  const rooms = [...readme.matchAll(/^\| `([^`]+)` \|/gm)].map(([, target = '']) => target);

  expect([...links, ...rooms].filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('the view that it shows has the columns of the real one', () => {
  const [header = ''] = aligned([['rollbar_occurrence', 'polled', 'rejected', 'merged', 'rows']]);

  expect(readme).toMatch(
    new RegExp(header.replace('rollbar_occurrence', '').trim().split(/\s+/).join('\\s+')),
  );
});
