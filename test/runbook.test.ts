/** The runbook: a heading for every alarm, self-contained, with queries that run and commands that exist. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { ALARM_NAMES } from '../infra/alarms/catalogue.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const root = join(import.meta.dirname, '..');
const runbook = readFileSync(join(root, 'docs', 'runbook.md'), 'utf8');
const sections = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0] ?? '', text]),
);
const queries = [...runbook.matchAll(/```sql\n([\s\S]*?)\n```/g)].map(([, sql = '']) => sql);

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(records, marts);
});
afterAll(() => world.database.close());

test('every alarm has a heading, and every heading an alarm', () => {
  expect([...sections.keys()]).toEqual(['pipeline-unhealthy', ...ALARM_NAMES]);
});

test.each([...sections.keys()])('%s says what it means, where to look and what to do', (name) => {
  expect(sections.get(name)?.match(/^\*\*(Meaning|Look|Do)\.\*\* \S/gm)).toHaveLength(3);
});

test.each(queries)('%s', async (sql) => {
  await expect(world.sql.query(sql)).resolves.toEqual(expect.anything());
});

test('commands that it names are there, and headings to which it refers', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commands = [...runbook.matchAll(/npm run ([a-z-]+)/g)].map(([, name = '']) => name);
  const referred = [...runbook.matchAll(/(?<![*])\*([a-z]+(?:-[a-z]+)+)\*(?![*])/g)].map(
    ([, name = '']) => name,
  );

  expect(queries.length).toBeGreaterThan(5);
  expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  expect(referred.length).toBeGreaterThan(10);
  expect(referred.filter((name) => !sections.has(name))).toEqual([]);
});
