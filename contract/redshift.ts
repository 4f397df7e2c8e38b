/**
 * Turns record types into Redshift SQL: tables, comments, and the merge that drains the landing table.
 *
 * Postgres, used locally, runs the same text after a translation (`postgres.ts`), so what is deployed is what
 * was tried. Identifiers are always quoted: a column may be a reserved word.
 */
import { type Column, type ColumnType, timestamp, varchar } from './columns.ts';
import { landingColumns, originColumns, receiptColumns } from './envelope.ts';
import { impactTables } from './impact.ts';
import { reconciliationColumns, rejectedRecord } from './ledger.ts';
import { type Columns, type RecordType, tableName } from './record.ts';

export const SCHEMA = 'heimdallr';

/** A table as it must exist. */
export interface Table {
  readonly name: string;
  readonly description: string;
  readonly columns: Columns;
  readonly sortKey: readonly string[];
}

/** The final table of a record type. */
export function finalTable(type: RecordType): Table {
  return {
    name: tableName(type),
    description: type.description,
    columns: { ...type.columns, ...originColumns },
    sortKey: [type.occurredAt],
  };
}

/** The landing table has no key: every hop may repeat, and Redshift trusts declared keys without enforcing them. */
export const landingTable: Table = {
  name: 'landing',
  description: 'Rows as Firehose copied them; the loader moves them on. Repeats are normal here.',
  columns: landingColumns,
  sortKey: ['record_type'],
};

export const receiptTable: Table = {
  name: 'receipt',
  description: 'One row per record that reached its final table: the credit side of the ledger.',
  columns: receiptColumns,
  sortKey: ['observed_at'],
};

/** The loader of skipped batches looks here before it loads one: a batch is loaded once, however often it is found. */
export const reloadedTable: Table = {
  name: 'reloaded_manifest',
  description: 'Batches that Firehose gave up on and that were loaded after all.',
  columns: {
    manifest: varchar(1024, 'Key of the manifest in the archive, as Firehose wrote it.'),
    reloaded_at: timestamp('When its rows were copied into the landing table.'),
  },
  sortKey: ['reloaded_at'],
};

/** Compared counts; `reconciliationColumns` says what they mean. */
export const reconciliationTable: Table = {
  name: 'reconciliation',
  description:
    'Is everything here that the source has? One row per span that a vendor has counted, as compared last; the loader keeps it.',
  columns: reconciliationColumns,
  sortKey: ['counted_at'],
};

/** Tables that no record type declares. */
export const pipelineTables: readonly Table[] = [
  landingTable,
  receiptTable,
  reconciliationTable,
  reloadedTable,
];

/** Every table for these record types. */
export const tablesOf = (types: readonly RecordType[]): readonly Table[] => [
  ...pipelineTables,
  ...impactTables,
  ...types.map(finalTable),
];

export const quoted = (identifier: string): string => `"${identifier}"`;

/** A string literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

/** The type of a column as Redshift spells it. */
export function sqlType(type: ColumnType): string {
  switch (type.kind) {
    case 'varchar':
      return `varchar(${type.bytes})`;
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'double':
      return 'float8';
    default:
      return type.kind;
  }
}

const columnDefinition = ([name, column]: [string, Column]): string =>
  `${quoted(name)} ${sqlType(column.type)}${column.nullable ? '' : ' not null'}`;

/** Creates a table if it is not there. */
export function createTable(table: Table): string {
  const columns = Object.entries(table.columns).map((entry) => `  ${columnDefinition(entry)}`);
  return [
    `create table if not exists ${SCHEMA}.${quoted(table.name)} (`,
    columns.join(',\n'),
    `) diststyle auto sortkey (${table.sortKey.map(quoted).join(', ')})`,
  ].join('\n');
}

/** Adds a column to a table that exists; only a nullable one can be added. */
export function addColumn(table: Table, name: string): string {
  const column = table.columns[name];
  if (column === undefined) throw new TypeError(`${table.name} declares no column ${name}`);
  if (!column.nullable) {
    throw new TypeError(
      `${table.name}.${name} is new and not nullable: rows that exist have no value for it. Make it nullable, or raise the version of the record type`,
    );
  }
  return `alter table ${SCHEMA}.${quoted(table.name)} add column ${columnDefinition([name, column])}`;
}

/** The descriptions, for whoever browses the catalogue. */
export function comments(table: Table): readonly string[] {
  return [
    `comment on table ${SCHEMA}.${quoted(table.name)} is ${literal(table.description)}`,
    ...Object.entries(table.columns).map(
      ([name, { description }]) =>
        `comment on column ${SCHEMA}.${quoted(table.name)}.${quoted(name)} is ${literal(description)}`,
    ),
  ];
}

/**
 * Reads a column out of the landing table's SUPER. Text goes by way of a wide varchar: a cast to the column's
 * own width would cut a longer text without a word, the insert that follows fails loudly.
 */
function fromBody([name, { type }]: [string, Column]): string {
  const path = `body.${quoted(name)}`;
  switch (type.kind) {
    case 'super':
      return path;
    case 'varchar':
      return `${path}::varchar(65535)`;
    case 'bigint':
    case 'decimal':
    case 'timestamp':
    case 'date':
      return `${path}::varchar(64)::${sqlType(type)}`;
    default:
      return `${path}::${sqlType(type)}`;
  }
}

/**
 * The statements, for one transaction, that move all landed rows of a record type to its final table.
 *
 * A wrong value fails loudly: lax casts are off. A column that is not in a body reads as null, because a nullable
 * column is added while older bodies are on their way; where null is not allowed the insert fails.
 *
 * The LOCK is first: rows copied while it waits are then in the snapshot, so the final DELETE removes only what
 * was merged. The newest observation wins; repeats of one observation are equal, so which of them wins is
 * no matter. The receipts count every record once, however often it landed.
 */
export function mergeStatements(type: RecordType): readonly string[] {
  const table = finalTable(type);
  const target = `${SCHEMA}.${quoted(table.name)}`;
  const names = Object.keys(table.columns);
  const wanted = `record_type = ${literal(type.name)} and record_version = ${type.version}`;
  const sameKey = type.key
    .map((name) => `${quoted(table.name)}.${quoted(name)} = batch.${quoted(name)}`)
    .join(' and ');
  const notKey = names.filter((name) => !type.key.includes(name));
  return [
    `lock ${SCHEMA}.landing`,
    'set cast_super_null_on_error to off',
    `create temp table batch (like ${target})`,
    [
      `insert into batch (${names.map(quoted).join(', ')})`,
      `select ${[...Object.entries(type.columns).map(fromBody), 'feed', 'observed_at', 'run_id'].join(',\n  ')}`,
      'from (',
      '  select body, feed, observed_at, run_id,',
      '    row_number() over (partition by record_key order by observed_at desc, run_id desc, seq desc) as newest',
      `  from ${SCHEMA}.landing where ${wanted}`,
      ') as arrived where newest = 1',
    ].join('\n'),
    ...(type.name === rejectedRecord.name ? [] : [receipts(type, wanted)]),
    [
      `delete from batch using ${target} where ${sameKey}`,
      `and (${quoted(table.name)}._observed_at > batch._observed_at`,
      `  or (${quoted(table.name)}._observed_at = batch._observed_at and ${quoted(table.name)}._run_id >= batch._run_id))`,
    ].join('\n'),
    [
      `merge into ${target} using batch on ${sameKey}`,
      `when matched then update set ${notKey.map((name) => `${quoted(name)} = batch.${quoted(name)}`).join(', ')}`,
      `when not matched then insert (${names.map(quoted).join(', ')})`,
      `values (${names.map((name) => `batch.${quoted(name)}`).join(', ')})`,
    ].join('\n'),
    `delete from ${SCHEMA}.landing where ${wanted}`,
    'drop table batch',
  ];
}

/** How rows are copied. MAXERROR and TRUNCATECOLUMNS would lose rows and values without a word. */
export const COPY_OPTIONS = "JSON 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF";

/**
 * The statements, for one transaction, that load the objects of a manifest into the landing table and note it.
 * @param bucket of the manifest. @param key of the manifest in it.
 * @param roleArn of the role with which the warehouse reads the bucket.
 */
export function reloadStatements(bucket: string, key: string, roleArn: string): readonly string[] {
  const columns = Object.keys(landingColumns).map(quoted).join(', ');
  const source = literal(`s3://${bucket}/${key}`);
  return [
    `insert into ${SCHEMA}.${reloadedTable.name} (manifest, reloaded_at) values (${literal(key)}, getdate())`,
    `copy ${SCHEMA}.${landingTable.name} (${columns}) from ${source} iam_role ${literal(roleArn)} manifest ${COPY_OPTIONS}`,
  ];
}

/** Books every landed record once. A rejected record is the other side of the books and gets no receipt. */
const receipts = (type: RecordType, wanted: string): string =>
  [
    `insert into ${SCHEMA}.receipt (run_id, seq, feed, record_type, observed_at, happened_at, loaded_at)`,
    `select run_id, seq, feed, record_type, max(observed_at), max(body.${quoted(type.occurredAt)}::varchar(64)::timestamp), getdate()`,
    `from ${SCHEMA}.landing where ${wanted}`,
    `and not exists (select 1 from ${SCHEMA}.receipt where receipt.run_id = landing.run_id and receipt.seq = landing.seq)`,
    'group by run_id, seq, feed, record_type',
  ].join('\n');
