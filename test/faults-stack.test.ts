/**
 * Every fault of the plan on one synthesised stack, one after another, each with a slice of its own; the long form is
 * `npm run faults`. And whether the comparison could tell: a judge that never condemns proves nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare } from './faults/stack/compare.ts';
import { plan } from './faults/stack/plan/index.ts';
import { openProject, type Project } from './faults/stack/project.ts';
import { Stage } from './faults/stack/stage.ts';
import { broken, type Row, tryFaults } from './faults/stack/trial.ts';

const MINUTES = 60_000;
let project: Project;
let stage: Stage;
let rows: readonly Row[];

beforeAll(async () => {
  project = await openProject();
  // Needed at the end only, and the other core has time now.
  project.changed().catch(() => undefined);
  stage = await Stage.start({ project, seed: 1, speed: 4800, warehouseUrl: null, isThorough: false });
  rows = await tryFaults(stage, plan, { records: 100, seconds: 170, now: () => performance.now() });
}, 5 * MINUTES);

afterAll(async () => {
  await stage?.close();
  await project?.close();
});

test.each(plan.map(({ name }) => name))('%s: nothing lost, nothing doubled, the ledger exact', (name) => {
  const row = rows.find(({ fault }) => fault.name === name);

  expect(row === undefined ? ['not tried'] : [...broken(row), ...row.examples]).toEqual([]);
});

test('the tables enforce no key: a double would show', async () => {
  const keys = await stage.count(
    `select count(*) from pg_index where indisunique and indrelid in
      (select oid from pg_class where relnamespace = 'heimdallr'::regnamespace)`,
  );

  expect(keys).toBe(0);
});

test('a lost, a doubled, a changed and a strange row are told apart', async () => {
  const { warehouse } = stage.services;
  const table = 'heimdallr.rollbar_occurrence';
  const { values } = await warehouse.query(`select id from ${table} order by id limit 3`);
  const [lost, doubled, changed] = values.map(([id]) => id);
  const before = await compare(warehouse, stage.vendor.facts());
  await warehouse.query(`create temp table twin as select * from ${table} where id = ${doubled}`);
  await warehouse.query(`insert into ${table} select * from twin`);
  await warehouse.query('update twin set id = 1');
  await warehouse.query(`insert into ${table} select * from twin`);
  await warehouse.query(`delete from ${table} where id = ${lost}`);
  await warehouse.query(`update ${table} set level = 'debug' where id = ${changed}`);

  const after = await compare(warehouse, stage.vendor.facts());

  const more = (name: 'lost' | 'doubled' | 'wrong'): number =>
    [...after].reduce((sum, [slice, found]) => sum + found[name] - (before.get(slice)?.[name] ?? 0), 0);
  expect([more('lost'), more('doubled'), more('wrong')]).toEqual([1, 1, 2]);
});
