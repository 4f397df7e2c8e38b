/** Erasing a person: out of every place that can be reached, and nobody else with them. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { records } from '../.generated/records.ts';
import { integer, person as names, nullable, superJson, timestamp, varchar } from '../contract/columns.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { defineRecord } from '../contract/record.ts';
import { literal, SCHEMA } from '../contract/redshift.ts';
import { UsageError } from '../operate/command-line.ts';
import { eraseFromArchive } from '../operate/erase/archive.ts';
import { readOptions } from '../operate/erase/options.ts';
import { erased, mentions, mentionsInSql, partsOf, personOf } from '../operate/erase/person.ts';
import { isErased, reportJson, reportLines } from '../operate/erase/report.ts';
import { eraseFromTables, unsearched } from '../operate/erase/tables.ts';
import type { Objects } from '../operate/ports.ts';
import { quarantineLine } from '../transformers/quarantine.ts';
import { drain } from '../warehouse/loader/drain.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const fact = defineRecord({
  name: 'shop_fact',
  version: 1,
  description: 'A fact.',
  key: ['id'],
  occurredAt: 'seen_at',
  columns: {
    id: varchar(36, 'Its id.'),
    seen_at: timestamp('When it was seen.'),
    person_id: nullable(names(varchar(160, 'Whom it met.'))),
    email: nullable(names(varchar(160, 'Their address.'))),
    title: nullable(varchar(400, 'What happened.')),
    payload: nullable(superJson(900_000, 'All of it.')),
    tries: nullable(integer('How often.')),
  },
});
const types = [...ledgerRecords, fact];
const AT = '2026-11-23T18:30:00.000Z';
const MAYA = 'maya-4711';
const maya = { names: [MAYA] };

const body = (id: string, change: Readonly<Record<string, string | number | null | object>> = {}) => ({
  ...{ id, seen_at: AT, person_id: null, email: null, title: 'it broke', payload: null, tries: 1 },
  ...change,
});
let seq = 0;
const envelope = (of: ReturnType<typeof body>): Envelope => {
  seq += 1;
  return seal(fact, of as never, { feed: 'shop:web', run_id: 'r', seq, observed_at: AT });
};

describe('a name', () => {
  const json = fc.json({ maxDepth: 3 });
  const short = fc.stringMatching(/^[a-z0-9.+*$]{1,5}$/);

  test('is found in JSON by what JavaScript says and by what the warehouse says', async () => {
    const world = await openWarehouse();
    try {
      await fc.assert(
        fc.asyncProperty(
          json,
          fc.oneof(short, fc.stringMatching(/^\d{1,8}$/), fc.constant('a"b\\c_%'.padEnd(7))),
          async (text, name) => {
            const person = { names: [name] };
            // Written as the warehouse writes it.
            const [[written = '']] = (await world.sql.query(
              `select json_serialize(json_parse(${literal(text)}))`,
            )) as [[string]];
            const [[found]] = (await world.sql.query(
              `select ${mentionsInSql(person, `json_serialize(json_parse(${literal(text)}))`)}`,
            )) as [[string]];

            expect(['t', 'true'].includes(String(found))).toBe(mentions(person, written));
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      await world.database.close();
    }
  });

  test('that is short is a value of its own; one that is not is found in the middle', () => {
    expect(mentions({ names: ['42'] }, '{"id":"42"}')).toBe(true);
    expect(mentions({ names: ['42'] }, '{"id": 42, "a": 1}')).toBe(true);
    expect(mentions({ names: ['42'] }, '[1,42]')).toBe(true);
    expect(mentions({ names: ['42'] }, '{"id":"142","n":420,"t":"42 things"}')).toBe(false);
    expect(mentions({ names: ['ann'] }, '{"t":"announced by hannah"}')).toBe(false);
    expect(mentions(maya, '{"t":"user maya-4711 failed"}')).toBe(true);
  });

  test('that a feed hashes is looked for under its hash as well', async () => {
    const starts = async () => [
      { functionArn: 'f', input: JSON.stringify({ feed: 'shop:web', people: 'hash', secretArn: 's' }) },
      { functionArn: 'f', input: JSON.stringify({ feed: 'shop:app', people: 'keep', secretArn: 't' }) },
    ];
    const secret = async (arn: string) =>
      arn === 's' ? '{"token":"x","personKey":"key"}' : '{"token":"y","personKey":"other"}';

    const found = await personOf(MAYA, { starts, secret });

    expect(found.names).toHaveLength(2);
    expect(found.names[1]).toMatch(/^[0-9a-f]{64}$/);
    await expect(personOf(MAYA, { starts, secret: async () => '{}' })).rejects.toThrow('"personKey"');
  });
});

test('every column that identifies a person can be emptied, in every record type', () => {
  const stuck = records.flatMap((type) =>
    Object.entries(type.columns)
      .filter(([name, { identifiesPerson }]) => identifiesPerson && !partsOf(type).people.includes(name))
      .map(([name]) => `${type.name}.${name}`),
  );

  expect(stuck).toEqual([]);
});

test('of a body only what names the person goes', () => {
  const of = (change: object) => erased(fact, body('1', change as never) as never, maya);

  expect(of({ person_id: MAYA, email: 'm@shop.example', payload: { cart: 3 } })).toEqual(body('1'));
  expect(of({ person_id: 'otto-1', payload: { seen_by: MAYA } })).toEqual(body('1', { person_id: 'otto-1' }));
  expect(of({ title: `no cart of ${MAYA}` })).toEqual(body('1', { title: 'no cart of ***' }));
  expect(of({ person_id: 'otto-1', payload: { a: 1 } })).toEqual(
    body('1', { person_id: 'otto-1', payload: { a: 1 } }),
  );
});

describe('in the warehouse', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWarehouse();
    await world.reset(types);
  });
  afterAll(() => world.database.close());
  beforeEach(() => world.empty());

  const rows = () =>
    world.rows(
      `select id, person_id, email, title, payload::text as payload from ${SCHEMA}.shop_fact order by id`,
    );
  const schemas = async () =>
    (
      await world.rows(
        "select schema_name from information_schema.schemata where schema_name = 'heimdallr_work'",
      )
    ).map(({ schema_name }) => schema_name);
  const row = (id: string, change = {}) => ({
    ...{ id, person_id: null, email: null, title: 'it broke', payload: null },
    ...change,
  });

  test('facts stay without the person, others are untouched, and a second run finds nothing', async () => {
    await world.land(
      envelope(body('1', { person_id: MAYA, email: 'm@shop.example', payload: { cart: 3 } })),
      envelope(body('2', { person_id: 'otto-1', payload: { seen_by: [MAYA] } })),
      envelope(body('3', { title: `no cart of ${MAYA}` })),
      envelope(body('4', { person_id: 'otto-1', email: 'o@shop.example', payload: { cart: 4 } })),
    );
    await drain(types, world.ports);

    const dry = await eraseFromTables(world.sql, types, maya, true);
    const untouched = await rows();
    const first = await eraseFromTables(world.sql, types, maya, false);
    const second = await eraseFromTables(world.sql, types, maya, false);

    expect(dry).toEqual([{ place: 'heimdallr.shop_fact', rows: 3, left: 3 }]);
    expect(untouched[0]).toMatchObject({ person_id: MAYA });
    expect(first).toEqual([{ place: 'heimdallr.shop_fact', rows: 3, left: 0 }]);
    expect(second).toEqual([]);
    expect(await rows()).toEqual([
      row('1'),
      row('2', { person_id: 'otto-1' }),
      row('3', { title: 'no cart of ***' }),
      row('4', { person_id: 'otto-1', email: 'o@shop.example', payload: '{"cart": 4}' }),
    ]);
  });

  test('what has landed goes whole and is booked, so that it is neither merged nor missed', async () => {
    const theirs = envelope(body('1', { person_id: MAYA }));
    await world.land(theirs, theirs, envelope(body('2', { person_id: 'otto-1' })));

    const erasures = await eraseFromTables(world.sql, types, maya, false);
    await drain(types, world.ports);

    expect(erasures).toEqual([{ place: 'heimdallr.landing', rows: 2, left: 0 }]);
    expect((await rows()).map(({ id }) => id)).toEqual(['2']);
    expect(await world.rows(`select count(*)::varchar(9) as n from ${SCHEMA}.receipt`)).toEqual([{ n: '2' }]);
  });

  test('a payload too large to be searched is told, and is emptied where the fact is theirs', async () => {
    const large = { text: Array.from({ length: 80 }, () => 'x'.repeat(1000)) };
    await world.land(
      envelope(body('1', { person_id: MAYA, payload: large })),
      envelope(body('2', { person_id: 'otto-1', payload: large })),
    );
    await drain(types, world.ports);

    await eraseFromTables(world.sql, types, maya, false);

    expect(await rows()).toMatchObject([{ person_id: null, payload: null }, { person_id: 'otto-1' }]);
    expect(await unsearched(world.sql, types)).toEqual([{ place: 'heimdallr.shop_fact', rows: 1, left: 1 }]);
  });

  test('a key that names the person stays, and is told', async () => {
    await world.land(envelope(body('1')), envelope(body(MAYA, { title: MAYA })));
    await drain(types, world.ports);

    const erasures = await eraseFromTables(world.sql, types, maya, false);

    expect(erasures).toEqual([{ place: 'heimdallr.shop_fact', rows: 1, left: 1 }]);
    expect(await rows()).toEqual([row('1'), row(MAYA, { title: '***' })]);
  });

  test('the notes of the ranking, which name people, go with them', async () => {
    await world.sql.run(['create schema if not exists heimdallr_work']);
    await world.land(envelope(body('1', { person_id: MAYA })));
    await drain(types, world.ports);

    await eraseFromTables(world.sql, types, { names: ['nobody-else'] }, false);
    const kept = await schemas();
    await eraseFromTables(world.sql, types, maya, false);

    expect([kept, await schemas()]).toEqual([['heimdallr_work'], []]);
  });
});

describe('in the archive', () => {
  function aBucket(objects: Readonly<Record<string, Buffer>>) {
    const held = new Map(Object.entries(objects));
    const bucket: Objects = {
      list: async (prefix) => [...held.keys()].filter((key) => key.startsWith(prefix)).sort(),
      read: async (key) => held.get(key) ?? null,
      write: async (key, bytes) => void held.set(key, bytes),
      remove: async (key) => void held.delete(key),
    };
    return { held, bucket };
  }
  const staged = (...lines: readonly object[]): Buffer =>
    gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const lines = (bytes: Buffer | undefined): readonly string[] =>
    gunzipSync(bytes ?? Buffer.alloc(0))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  const refused = (text: string): Buffer =>
    quarantineLine({
      claims: {
        ...{ record_type: 'shop_fact', record_version: 1, record_key: 'k', feed: 'shop:web' },
        ...{ run_id: 'r', seq: 1, happened_at: null },
      },
      ...{ reasons: ['body.x: is wrong'], bytes: Buffer.from(text), sequenceNumber: '1' },
      ...{ shard: 'shardId-000000000000', at: new Date(AT) },
    });
  const tools = (objects: Objects, isDryRun = false) => ({
    ...{ objects, types, isDryRun, stopped: new AbortController().signal, onObject: () => undefined },
  });

  test('rows stay without the person, refused records and those of batches go, nothing else is written', async () => {
    const others = staged(envelope(body('9', { person_id: 'otto-1' })));
    const batch = (...records: readonly string[]): Buffer =>
      Buffer.from(
        JSON.stringify({
          timestamp: AT,
          requestContext: { condition: 'RetryAttemptsExhausted' },
          payload: JSON.stringify({
            Records: records.map((text) => ({
              kinesis: { partitionKey: 'p', data: Buffer.from(text).toString('base64') },
            })),
          }),
        }),
      );
    const { held, bucket } = aBucket({
      'landing/2026/a': staged(
        envelope(body('1', { person_id: MAYA, payload: { cart: 3 } })),
        envelope(body('2', { person_id: 'otto-1' })),
        { ...envelope(body('3', { title: MAYA })), record_type: 'of_before' },
      ),
      'landing/2026/b': others,
      'landing/manifests/m': Buffer.from(`{"entries":["${MAYA}"]}`),
      'quarantine/q': gzipSync(
        Buffer.concat([refused(`{"person":"${MAYA}"}`), refused('{"person":"otto-1"}')]),
      ),
      'redriven/quarantine/q-1': gzipSync(refused(`{"person":"${MAYA}"}`)),
      'aws/lambda/b': batch(`{"person":"${MAYA}"}`, '{"person":"otto-1"}'),
    });
    const before = new Map(held);

    const dry = await eraseFromArchive(maya, tools(bucket, true));
    const unchanged = [...held].every(([key, bytes]) => before.get(key) === bytes);
    const first = await eraseFromArchive(maya, tools(bucket));
    const second = await eraseFromArchive(maya, tools(bucket));

    expect(unchanged).toBe(true);
    expect([...dry.found]).toEqual([...first.found]);
    expect(Object.fromEntries(first.found)).toEqual({
      'landing/': { records: 2, objects: 1 },
      'quarantine/': { records: 1, objects: 1 },
      'redriven/quarantine/': { records: 1, objects: 1 },
      'aws/lambda/': { records: 1, objects: 1 },
    });
    expect(lines(held.get('landing/2026/a')).map((line) => JSON.parse(line).body)).toEqual([
      body('1'),
      body('2', { person_id: 'otto-1' }),
    ]);
    expect(held.get('landing/2026/b')).toBe(others);
    expect(lines(held.get('quarantine/q')).map((line) => JSON.parse(line).data)).toEqual([
      '{"person":"otto-1"}',
    ]);
    expect(held.has('redriven/quarantine/q-1')).toBe(false);
    expect(held.get('aws/lambda/b')?.toString()).not.toContain(
      Buffer.from(`{"person":"${MAYA}"}`).toString('base64'),
    );
    expect({ found: second.found.size, left: second.left, searched: second.searched }).toEqual({
      ...{ found: 0, left: [], searched: 4 },
    });
  });

  test('what cannot be read is told and stays', async () => {
    const { held, bucket } = aBucket({
      'landing/broken': Buffer.from([0x1f, 0x8b, 1, 2, 3]),
      'quarantine-failed/x': Buffer.from('{"rawData":"…"}'),
    });

    const { left } = await eraseFromArchive(maya, tools(bucket));

    expect(left).toEqual([
      'landing/broken cannot be unpacked',
      expect.stringContaining('quarantine-failed/x was not searched'),
    ]);
    expect(held.size).toBe(2);
  });
});

test('the report never names the person, and says what is beyond reach', () => {
  const archive = { found: new Map(), searched: 3, left: ['landing/x cannot be unpacked'] };
  const outcome = {
    ...{ archive, names: 1, unsearched: [] },
    tables: [{ place: 'heimdallr.shop_fact', rows: 2, left: 1 }],
  };

  const text = reportLines(outcome, false).join('\n');

  expect(isErased(outcome)).toBe(false);
  expect(isErased({ ...outcome, tables: [], archive: { ...archive, left: [] } })).toBe(true);
  expect(text).toContain('not done   1 row of heimdallr.shop_fact still name the person');
  expect(text).toContain('not done   landing/x');
  expect(text).toContain('beyond     backups');
  expect(JSON.parse(reportJson(outcome, false, false))).toMatchObject({ erased: false, names: 1 });
});

test('the command line wants a name', () => {
  expect(readOptions(['--person', 'a b', '--data', 'd', '--dry-run'])).toEqual({
    ...{ place: { dataDir: 'd' }, person: 'a b', isDryRun: true, json: false },
  });
  for (const args of [[], ['--person', ' '], ['--person', ' x'], ['--persons', 'x']])
    expect(() => readOptions(args)).toThrow(UsageError);
});
