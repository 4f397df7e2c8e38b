/**
 * Brings the warehouse to what the declarations say: tables that are missing are made, nullable columns that are
 * missing are added, descriptions and marts are renewed. Anything else that differs is refused, because no
 * statement could mend it without touching rows that are there.
 */
import type { Column } from '../../contract/columns.ts';
import type { RecordType } from '../../contract/record.ts';
import {
  addColumn,
  comments,
  createTable,
  literal,
  SCHEMA,
  sqlType,
  type Table,
  tablesOf,
} from '../../contract/redshift.ts';
import { bare, type Sql } from '../sql.ts';

export interface Mart {
  readonly name: string;
  /** A select. */
  readonly sql: string;
}

/** Statements that go into one call; the Data API takes 40. */
const CHUNK = 40;

/** A table that differs from its declaration in a way that cannot be mended. */
export class SchemaConflict extends Error {
  override readonly name = 'SchemaConflict';
}

/**
 * Applies the schema; a second time it changes nothing.
 * @throws {SchemaConflict} naming every column that differs, before anything is changed.
 */
export async function applySchema(
  sql: Sql,
  types: readonly RecordType[],
  marts: readonly Mart[],
): Promise<void> {
  await sql.run([`create schema if not exists ${SCHEMA}`]);
  const present = await columnsPresent(sql);
  const tables = tablesOf(types);
  const conflicts = tables.flatMap((table) => conflictsOf(table, present.get(table.name)));
  if (conflicts.length > 0) throw new SchemaConflict(conflicts.join('; '));
  await runAll(sql, [
    ...tables.flatMap((table) => change(table, present.get(table.name))),
    ...tables.flatMap(comments),
  ]);
  for (const mart of possible(marts, tables)) await renew(sql, mart);
}

/** Replaces a view; one whose columns have changed cannot be replaced and is made anew. */
async function renew(sql: Sql, { name, sql: select }: Mart): Promise<void> {
  const view = `${SCHEMA}.${name} as\n${bare(select)}`;
  try {
    await sql.run([`create or replace view ${view}`]);
  } catch {
    // What is wrong beside its columns fails again, and loudly; so does a view of somebody's own that stands on it.
    await sql.run([`drop view if exists ${SCHEMA}.${name}`, `create view ${view}`]);
  }
}

/** The marts whose tables exist: what a producer that was removed fed is nobody's mart any more. */
const possible = (marts: readonly Mart[], tables: readonly Table[]): readonly Mart[] =>
  marts.filter(({ sql: select }) =>
    [...bare(select).matchAll(new RegExp(`\\b${SCHEMA}\\.(\\w+)`, 'g'))].every(([, read]) =>
      tables.some(({ name }) => name === read),
    ),
  );

async function runAll(sql: Sql, statements: readonly string[]): Promise<void> {
  for (let at = 0; at < statements.length; at += CHUNK) await sql.run(statements.slice(at, at + CHUNK));
}

interface Present {
  readonly type: string;
  readonly isNullable: boolean;
}

async function columnsPresent(sql: Sql): Promise<ReadonlyMap<string, ReadonlyMap<string, Present>>> {
  const rows = await sql.query(
    `select table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, domain_name
     from information_schema.columns where table_schema = ${literal(SCHEMA)}`,
  );
  const tables = new Map<string, Map<string, Present>>();
  for (const [table, column, type, length, precision, scale, isNullable, domain] of rows) {
    const columns = tables.get(table ?? '') ?? new Map<string, Present>();
    tables.set(table ?? '', columns);
    const spelled = spell({ type: domain ?? type ?? '', length, precision, scale });
    columns.set(column ?? '', { type: spelled, isNullable: isNullable === 'YES' });
  }
  return tables;
}

/** Types as the catalogue spells them → as the declaration does. */
const SPELLINGS: Readonly<Record<string, string>> = {
  'timestamp without time zone': 'timestamp',
  'double precision': 'float8',
};

function spell(from: {
  type: string;
  length: string | null | undefined;
  precision: string | null | undefined;
  scale: string | null | undefined;
}): string {
  if (from.type === 'character varying') return `varchar(${from.length})`;
  if (from.type === 'numeric') return `decimal(${from.precision},${from.scale})`;
  return SPELLINGS[from.type] ?? from.type;
}

function conflictsOf(table: Table, present: ReadonlyMap<string, Present> | undefined): readonly string[] {
  if (present === undefined) return [];
  const cure = 'raise the version of the record type, which makes a new table';
  const declared = Object.entries(table.columns).flatMap(([name, column]) => {
    const found = present.get(name);
    const wanted = describe(sqlType(column.type), column.nullable);
    if (found === undefined)
      return column.nullable
        ? []
        : [`${table.name}.${name} is new and not nullable: make it nullable, or ${cure}`];
    const got = describe(found.type, found.isNullable);
    return got === wanted ? [] : [`${table.name}.${name} is ${got} and is declared as ${wanted}: ${cure}`];
  });
  // A nullable column that nobody declares any more stays and stays empty: a deployment that is rolled back leaves one.
  const gone = [...present]
    .filter(([name, { isNullable }]) => table.columns[name] === undefined && !isNullable)
    .map(
      ([name]) =>
        `${table.name}.${name} is in the warehouse, not null, and not declared any more: declare it again, or ${cure}`,
    );
  return [...declared, ...gone];
}

const describe = (type: string, isNullable: Column['nullable']): string =>
  `${type}${isNullable ? '' : ' not null'}`;

function change(table: Table, present: ReadonlyMap<string, Present> | undefined): readonly string[] {
  if (present === undefined) return [createTable(table)];
  return Object.keys(table.columns)
    .filter((name) => !present.has(name))
    .map((name) => addColumn(table, name));
}
