/**
 * COPY of JSON rows into a table, as strict as Redshift's: one bad row fails it all.
 *
 * This is where "works on my machine" would hide. Postgres takes rows that Redshift refuses, and a refused row
 * holds up a delivery stream for as long as its retry time. So each value is judged by Redshift's rules before
 * Postgres sees it, and a failure has Redshift's code and words, the line, the column and the start of the value.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Convert, converterFor, type TargetColumn } from './column-values.ts';
import type { CopyStatement } from './copy-statement.ts';
import type { Query } from './database.ts';
import { type Row, RowError, readRows } from './json-rows.ts';

/** Reads an object of S3. @throws when it is not there. */
export type ReadObject = (url: string) => Promise<Buffer>;

/** Where and why a COPY failed; the columns of `sys_load_error_detail`. */
export interface LoadError {
  readonly table: string;
  readonly file: string;
  readonly line: number;
  readonly column: string | null;
  readonly code: number;
  readonly message: string;
  /** At most 30 characters. */
  readonly valueStart: string | null;
}

/** A COPY that loaded nothing because of what the files hold. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
  readonly detail: LoadError;

  constructor(detail: LoadError) {
    const { table, code, message, file, line, column, valueStart } = detail;
    const where = `${file}, line ${line}${column === null ? '' : `, column ${column}`}`;
    const value = valueStart === null ? '' : `, value starts ${JSON.stringify(valueStart)}`;
    super(`Load into table '${table}' failed: ${code} ${message} (${where}${value})`);
    this.detail = detail;
  }
}

/** Rows are sent to Postgres in portions of so many rows, or so many characters: less than a tenth of a second each. */
const PORTION = { rows: 100, characters: 400_000 };

const unzip = promisify(gunzip);

/**
 * Runs a COPY inside the transaction of `query`.
 * @returns the number of rows loaded.
 * @throws {CopyError} when a file holds a row that COPY refuses; the caller rolls back.
 */
export async function copy(statement: CopyStatement, query: Query, readObject: ReadObject): Promise<number> {
  const columns = await targetColumns(statement, query);
  const insert = insertStatement(statement.table, columns);
  const converters = columns.map((column) => converterFor(column, statement));
  let count = 0;
  for (const url of await sources(statement, readObject)) {
    const file = await contents(statement, url, readObject);
    const source = { table: statement.table.replaceAll('"', ''), file: url };
    for (const portion of portions(file, columns, converters, source)) {
      await query(insert, portion);
      count += portion[0]?.length ?? 0;
    }
  }
  return count;
}

/** Keeps a failure where Redshift keeps it; outside of the transaction that failed. */
export async function recordLoadError(
  query: Query,
  detail: LoadError,
  stream: string | null,
  at: Date,
): Promise<void> {
  await query(
    `insert into redshift.sys_load_error_detail
     (start_time, stream, table_name, file_name, line_number, column_name, error_code, error_message, value_start)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      at.toISOString(),
      stream,
      detail.table,
      detail.file,
      detail.line,
      detail.column,
      detail.code,
      detail.message.slice(0, 1024),
      detail.valueStart,
    ],
  );
}

/**
 * Keeps SUPER columns uncompressed: compressing costs Postgres more time than all the rest of a COPY.
 * Runs outside of a transaction, because it takes an exclusive lock for a moment.
 */
export async function keepUncompressed(query: Query, table: string): Promise<void> {
  const { rows } = await query(
    `select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
     and atttypid = 'redshift.super'::regtype and attstorage <> 'e'`,
    [table],
  );
  for (const { attname } of rows) await query(`alter table ${table} alter "${attname}" set storage external`);
}

async function targetColumns(
  { table, columns }: CopyStatement,
  query: Query,
): Promise<readonly TargetColumn[]> {
  const { rows } = await query(
    `select attname, format_type(atttypid, atttypmod) as type, attnotnull, attidentity from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  if (rows.length === 0) throw new Error(`relation "${table}" does not exist`);
  const names = columns.length === 0 ? rows.map(({ attname }) => attname ?? '') : columns;
  return names.map((name) => {
    const column = rows.find(({ attname }) => attname === name);
    if (column === undefined) throw new Error(`column "${name}" of relation "${table}" does not exist`);
    if (column.attidentity !== '') {
      throw new Error(`1217 column "${name}" is an IDENTITY column: leave it out of the columns of the COPY`);
    }
    return { name, type: column.type ?? '', isNullable: column.attnotnull !== 't' };
  });
}

/** One array of text a column, cast to the column's type: fast, and the same on every Postgres. */
function insertStatement(table: string, columns: readonly TargetColumn[]): string {
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const casts = columns.map(({ type }, index) => `c${index}::${type}`).join(', ');
  const arrays = columns.map((_column, index) => `$${index + 1}::text[]`).join(', ');
  const aliases = columns.map((_column, index) => `c${index}`).join(', ');
  return `insert into ${table} (${names}) select ${casts} from unnest(${arrays}) as loaded (${aliases})`;
}

async function sources(statement: CopyStatement, readObject: ReadObject): Promise<readonly string[]> {
  if (!statement.isManifest) return [statement.source];
  const manifest: unknown = JSON.parse((await readObject(statement.source)).toString('utf8'));
  const entries = isRecord(manifest) ? manifest.entries : null;
  if (!Array.isArray(entries)) throw new Error(`the manifest ${statement.source} has no "entries"`);
  return entries.map((entry: unknown) => {
    const url = isRecord(entry) ? entry.url : null;
    if (typeof url !== 'string' || !/^s3:\/\/[^/]+\/./.test(url)) {
      throw new Error(
        `8001 COPY with MANIFEST parameter requires full path of an S3 object, got ${JSON.stringify(url)} in ${statement.source}`,
      );
    }
    return url;
  });
}

async function contents(
  { gzip, table }: CopyStatement,
  url: string,
  readObject: ReadObject,
): Promise<Buffer> {
  const file = await readObject(url);
  const isZipped = file[0] === 0x1f && file[1] === 0x8b;
  if (gzip && isZipped) return unzip(file);
  if (!gzip && !isZipped) return file;
  const message = gzip
    ? 'the file is not compressed, but COPY was given GZIP'
    : 'the file is compressed, but COPY was not given GZIP';
  throw new CopyError({ table, file: url, line: 1, column: null, code: 1216, message, valueStart: null });
}

type Source = Pick<LoadError, 'table' | 'file'>;

/** Converted rows in portions; a portion has one array a column. */
function* portions(
  file: Buffer,
  columns: readonly TargetColumn[],
  converters: readonly Convert[],
  source: Source,
): Generator<(string | null)[][]> {
  let portion: (string | null)[][] = columns.map(() => []);
  let rows = 0;
  let characters = 0;
  for (const row of rowsOf(file, source)) {
    for (const [index, column] of columns.entries()) {
      const value = convertField(row, column, converters[index], source);
      portion[index]?.push(value);
      characters += value?.length ?? 0;
    }
    rows += 1;
    if (rows >= PORTION.rows || characters >= PORTION.characters) {
      yield portion;
      portion = columns.map(() => []);
      rows = 0;
      characters = 0;
    }
  }
  if (rows > 0) yield portion;
}

function* rowsOf(file: Buffer, source: Source): Generator<Row> {
  try {
    yield* readRows(file);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const { line, code, message } = error;
    throw new CopyError({ ...source, line, column: null, code, message, valueStart: null });
  }
}

const MISSING = { kind: 'null', raw: 'null', text: 'null', textProblem: null, superProblem: null } as const;

function convertField(
  row: Row,
  column: TargetColumn,
  convert: Convert | undefined,
  source: Source,
): string | null {
  // Keys are matched as they are written: a key in other case is an unknown key, and this one is missing.
  const field = row.fields.get(column.name) ?? MISSING;
  const converted = convert?.(field) ?? null;
  if (converted === null || typeof converted === 'string') return converted;
  throw new CopyError({
    ...source,
    line: row.line,
    column: column.name,
    code: converted.code,
    message: converted.message,
    valueStart: field === MISSING ? null : field.text.slice(0, 30).replaceAll('\0', '\uFFFD').toWellFormed(),
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
