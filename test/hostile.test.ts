/** Whatever a vendor says is in its table afterwards: through the runtime, the transform, a COPY and the merge. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileValidator } from '../contract/json-schema.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { landingTable, SCHEMA } from '../contract/redshift.ts';
import { copy } from '../local/warehouse/copy.ts';
import { firehoseCopy, parseCopy } from '../local/warehouse/copy-statement.ts';
import { createHandler } from '../producers/handler.ts';
import { createHandler as createTransform } from '../transformers/transform.ts';
import { drain } from '../warehouse/loader/drain.ts';
import { harmless, hostile, hostileFact, MANY, numbers, repaired } from './hostile-producer.ts';
import { anEvent, fakeWorld, stoppedAfter } from './producer-fakes.ts';
import { batchOf, worldOf } from './transform-fakes.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const types = [...ledgerRecords, hostileFact];
const validators = Object.fromEntries(
  types.map((type) => [`${type.name}_v${type.version}`, compileValidator(type)]),
);

let warehouse: World;
let rejected: string[];

beforeAll(async () => {
  warehouse = await openWarehouse();
  await warehouse.reset(types);
  const producing = fakeWorld();
  await createHandler(hostile, producing.ports)(
    anEvent({ feed: 'hostile:web' }),
    stoppedAfter(producing.clock),
  );
  const transforming = worldOf();
  const transform = createTransform(transforming.ports, validators);
  const entries = producing.stream.taken.map(({ data }) => Buffer.from(data));
  for (let from = 0; from < entries.length; from += 500)
    await transform(batchOf(...entries.slice(from, from + 500)), transforming.context);
  rejected = transforming.taken.quarantine ?? [];
  await load((transforming.taken.landing ?? []).join(''));
  await drain(types, warehouse.ports);
});

afterAll(() => warehouse.database.close());

/** Loads rows as Firehose does: a gzip file named by a manifest. */
async function load(rows: string): Promise<void> {
  const files: Readonly<Record<string, Buffer>> = {
    's3://bucket/manifest': Buffer.from(
      JSON.stringify({ entries: [{ url: 's3://bucket/rows', mandatory: true }] }),
    ),
    's3://bucket/rows': gzipSync(rows),
  };
  const target = {
    table: `${SCHEMA}.${landingTable.name}`,
    columns: Object.keys(landingTable.columns),
    options: "JSON 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF",
  };
  const statement = parseCopy(firehoseCopy(target, 's3://bucket/manifest'));
  await warehouse.database.transaction((query) =>
    copy(statement, query, async (url) => files[url] ?? Buffer.from('')),
  );
}

async function rowsOf(user: string) {
  const literal = user.replaceAll("'", "''");
  const select = `select "group", "select", "order", "table"::text as "table", truncated_fields
    from ${SCHEMA}.hostile_fact where "user" = '${literal}' order by "group"`;
  return warehouse.rows(select);
}

test('nothing of it is refused, and nothing is left on the way', async () => {
  const [landing] = await warehouse.rows(`select count(*) as n from ${SCHEMA}.landing`);

  expect(rejected).toEqual([]);
  expect(landing?.n).toBe('0');
});

test.each(Object.entries(harmless))('text arrives byte for byte: %s', async (name, text) => {
  const [row] = await rowsOf(name);

  expect(row?.select).toBe(text);
  expect(JSON.parse(row?.table ?? '')).toEqual({ text, [name]: [text] });
  expect(row?.truncated_fields).toBeNull();
});

test.each(Object.entries(repaired))(
  'text that Redshift would change is repaired: %s',
  async (name, [, kept]) => {
    const [row] = await rowsOf(name);

    expect(row?.select).toBe(kept);
    expect(JSON.parse(row?.table ?? '')).toEqual({ text: kept, [name]: [kept] });
  },
);

test.each(Object.entries(numbers))('numbers keep their digits: %s', async (name, [, kept]) => {
  const [row] = await rowsOf(name);

  expect(JSON.parse(row?.table ?? '')).toEqual(kept);
  expect(row?.order).toBe('-9223372036854775808');
});

test('a megabyte of text is cut to its column, in the open', async () => {
  const [row] = await rowsOf('a megabyte');

  expect(row?.select).toBe('m'.repeat(65_535));
  expect(JSON.parse(row?.table ?? '')).toEqual({ text: '€'.repeat(21_845) });
  expect(row?.truncated_fields).toBe('select,table');
});

test('what is nested too deeply is cut off, in the open', async () => {
  const [row] = await rowsOf('depth 900');

  expect(row?.table).toMatch(/^\{"deeper": ?\{"deeper"/);
  expect(row?.table).not.toContain('the bottom');
  expect(row?.truncated_fields).toBe('table');
});

test('a fact that is said three times at one time is one row, as it was said last', async () => {
  expect(await rowsOf('said three times')).toMatchObject([{ select: 'third' }]);
});

test('ten thousand facts of one page are ten thousand rows', async () => {
  const rows = await rowsOf('one of many');

  expect(rows.map(({ group }) => Number(group))).toEqual(Array.from({ length: MANY }, (_, n) => n));
});
