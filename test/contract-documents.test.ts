/** What follows from the declarations and is read by people: the tables in both dialects, and the dictionary. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { integer, nullable, varchar } from '../contract/columns.ts';
import { dataDictionary, narrowings, producerTables } from '../contract/dictionary.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { toPostgres } from '../contract/postgres.ts';
import type { Columns } from '../contract/record.ts';
import {
  addColumn,
  comments,
  createTable,
  finalTable,
  mergeStatements,
  tablesOf,
} from '../contract/redshift.ts';
import { everyKind } from './kinds.ts';

describe('the tables of the ledger', () => {
  const tables = tablesOf(ledgerRecords).map(createTable);
  const statements = [...tables, ...mergeStatements(ledgerRecords[0] ?? everyKind)];

  test('in Redshift', async () => {
    await expect(`${statements.join(';\n\n')};\n`).toMatchFileSnapshot('golden/ledger.redshift.sql');
  });

  test('in Postgres', async () => {
    const translated = statements.map(toPostgres).filter((statement) => statement !== null);

    await expect(`${translated.join(';\n\n')};\n`).toMatchFileSnapshot('golden/ledger.postgres.sql');
  });
});

describe('the data dictionary', () => {
  test('is what the declarations say; `npm run dictionary` writes it', () => {
    const path = join(import.meta.dirname, '..', 'docs', 'data-dictionary.md');

    expect(readFileSync(path, 'utf8')).toBe(dataDictionary(ledgerRecords, marts));
  });

  test('shows every column once, and nothing that Markdown would swallow', () => {
    const odd = { ...everyKind, description: 'a | b < c' };

    const text = dataDictionary([odd], [{ name: 'mart', sql: '-- Grain: *one*.\nselect 1' }]);

    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    const [, ...types] = tablesOf([odd]);
    const columns = [
      ...Object.keys(everyKind.columns),
      ...types.slice(0, 1).flatMap(({ columns }) => Object.keys(columns)),
    ];
    for (const name of columns) expect(rows.join('\n')).toContain(`| \`${name}\` |`);
    expect(text).toContain('a \\| b \\< c');
    expect(text).toContain('Grain: \\*one\\*.');
  });
});

describe('the tables of a producer', () => {
  const written = (columns: Columns) =>
    producerTables({ name: 'kinds', records: [{ ...everyKind, columns }] });
  const { title, facts, ...others } = everyKind.columns;
  const wide = varchar(500, 'Title.');

  test.each<[string, Columns, Columns, readonly string[]]>([
    ['the same', everyKind.columns, everyKind.columns, []],
    ['a column more', everyKind.columns, { ...everyKind.columns, extra: nullable(wide) }, []],
    ['a wider text', { title: nullable(varchar(120, 'Title.')) }, { title: nullable(wide) }, []],
    [
      'a narrower text',
      { title: wide },
      { title: varchar(499, 'Title.') },
      ['kinds_every.title was varchar(500) and is varchar(499)'],
    ],
    [
      'another type',
      { title: wide },
      { title: integer('Title.') },
      ['kinds_every.title was varchar(500) and is integer'],
    ],
    ['no longer null', { title: nullable(wide) }, { title: wide }, ['kinds_every.title was nullable']],
    [
      'columns less',
      { ...others, title, facts },
      others,
      ['kinds_every.title is gone', 'kinds_every.facts is gone'],
    ],
  ])('say what became narrower: %s', (_what, before, after, narrower) => {
    expect(narrowings(written(before), [{ ...everyKind, columns: after }])).toEqual(narrower);
  });

  test('of a version that is no longer declared are nobody’s loss', () => {
    expect(narrowings(written(everyKind.columns), [{ ...everyKind, version: 2, columns: {} }])).toEqual([]);
  });
});

describe('SQL', () => {
  test('quotes reserved words, and texts with quotes and backslashes', () => {
    const table = { ...finalTable(everyKind), description: "it's a \\ backslash" };

    expect(createTable(table)).toContain('  "order" varchar(65535),\n  "user" varchar(1) not null,');
    expect(comments(table)[0]).toBe("comment on table heimdallr.\"kinds_every\" is 'it''s a \\\\ backslash'");
    expect(toPostgres(comments(table)[0] ?? '')).toBe(
      "comment on table heimdallr.\"kinds_every\" is 'it''s a \\ backslash'",
    );
  });

  test('adds only columns that may be null', () => {
    const table = finalTable(everyKind);

    expect(addColumn(table, 'title')).toBe(
      'alter table heimdallr."kinds_every" add column "title" varchar(120)',
    );
    expect(() => addColumn(table, 'facts')).toThrow('kinds_every.facts is new and not nullable');
    expect(() => addColumn(table, 'nothing')).toThrow('kinds_every declares no column nothing');
  });

  test('fits the Data API: at most 40 statements of 100,000 bytes to merge a record type', () => {
    const merges = [...records, everyKind].map(mergeStatements);

    expect(Math.max(...merges.map((statements) => statements.length))).toBeLessThanOrEqual(40);
    expect(Math.max(...merges.flat().map((statement) => Buffer.byteLength(statement)))).toBeLessThan(100_000);
  });

  test('locks the landing table before anything else', () => {
    const first = [...records, everyKind].map((type) => mergeStatements(type)[0]);

    expect(new Set(first)).toEqual(new Set(['lock heimdallr.landing']));
  });

  test.each([
    ['insert into t values (1) on conflict do nothing', 'ON CONFLICT'],
    ['delete from t returning id', 'RETURNING'],
    ['select generate_series(1, 2)', 'generate_series'],
    ['select a is distinct from b', 'IS DISTINCT FROM'],
    ['select a::text from t', 'TEXT'],
    ['select a::varchar from t', 'VARCHAR without a length'],
    ['select now()', 'now()'],
    ['select string_agg(a, b) from t', 'string_agg'],
    ['select count(*) filter (where a) from t', 'FILTER'],
    ['create index i on t (a)', 'CREATE INDEX'],
    ['select a::jsonb from t', 'a Postgres-only type'],
  ])('that Postgres takes and Redshift does not is refused: %s', (statement, what) => {
    expect(() => toPostgres(statement)).toThrow(`Redshift does not support ${what}`);
  });

  test('inside quotes is left alone', () => {
    const statement = `select 'now() on conflict getdate() body."x"' as "uuid", 'it''s text' from t`;

    expect(toPostgres(statement)).toBe(statement);
  });
});
