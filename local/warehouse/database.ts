/**
 * The local warehouse: one interface over the embedded Postgres (PGlite) and over a real one.
 *
 * Values are Postgres' own text on both, so that no digit passes through a double and a date through no time
 * zone. PGlite has one session, so everything that uses it takes turns; a real server runs transactions side by
 * side, and the LOCK of a merge is then a real lock.
 */
import { mkdirSync } from 'node:fs';
import { Pool } from 'pg';
import { postgresPrelude } from '../../contract/postgres.ts';
import { startEmbedded } from './embedded.ts';

/** What a statement answered. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly typeId: number }[];
  /** As Postgres prints them: `t` and `f`, `2026-11-23 18:30:00`, digits, JSON. */
  readonly values: readonly (readonly (string | null)[])[];
  /** The same values by column name. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  /** Rows written, for a statement that writes. */
  readonly affected: number;
}

/** Runs one statement; parameters are `$1`, `$2`…; arrays of text are possible. */
export type Query = (sql: string, parameters?: readonly Parameter[]) => Promise<QueryResult>;

export type Parameter = string | number | boolean | null | readonly (string | null)[];

/** A Postgres that plays Redshift. SQL arrives here already translated. */
export interface Database {
  readonly query: Query;
  /**
   * Runs the work in one REPEATABLE READ transaction; a throw rolls it back. The work uses the query it is given:
   * with PGlite, `database.query` would wait for the end of the transaction.
   */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** PGlite's protocol, for a server that lets other clients in; null for a real Postgres. */
  readonly embedded: Embedded | null;
  close(): Promise<void>;
}

export interface Embedded {
  execProtocolRaw(message: Uint8Array): Promise<Uint8Array>;
  /** Runs alone: nobody else's statement, and nobody's transaction, comes between. */
  runExclusive<T>(work: () => Promise<T>): Promise<T>;
}

/** Settings of every session; what Redshift has as system tables stands in schema `redshift`. */
const SETTINGS = {
  search_path: 'public,redshift',
  timezone: 'UTC',
  // A merge casts some forty attributes: compiling that takes longer than running it.
  jit: 'off',
};

/** Redshift's system view of the same name, with what a COPY here can know. */
const LOAD_ERRORS = `create table if not exists redshift.sys_load_error_detail (
  start_time timestamp not null, stream varchar(128), table_name varchar(256) not null, file_name varchar(1024) not null,
  line_number bigint not null, column_name varchar(128), error_code int not null, error_message varchar(1024) not null,
  value_start varchar(64))`;

/**
 * Opens the warehouse and gives it what Redshift has and Postgres lacks.
 * @param url `postgres://…`, `memory:`, or null for PGlite in `dataDir`/warehouse.
 */
export async function openDatabase(options: {
  readonly url: string | null;
  readonly dataDir: string;
}): Promise<Database> {
  const { url, dataDir } = options;
  const database = /^postgres(?:ql)?:/.test(url ?? '')
    ? openServer(url ?? '')
    : await openEmbedded(checkedPath(url, dataDir));
  for (const statement of [...postgresPrelude, LOAD_ERRORS]) await database.query(statement);
  return database;
}

function checkedPath(url: string | null, dataDir: string): string {
  if (url === 'memory:') return 'memory://';
  if (url !== null) {
    throw new RangeError(`the warehouse must be a postgres:// address or memory:, got ${url.slice(0, 12)}…`);
  }
  const path = `${dataDir}/warehouse`;
  mkdirSync(path, { recursive: true });
  return path;
}

async function openEmbedded(path: string): Promise<Database> {
  const postgres = await startEmbedded(path, SETTINGS);
  const turn = turns();
  const run: Query = async (sql, parameters = []) => {
    const { columns, values, affected } = await postgres.query(sql, parameters);
    return result(columns, values, affected);
  };
  return {
    query: (sql, parameters) => turn(() => run(sql, parameters)),
    transaction: (work) => turn(() => inTransaction(run, work)),
    embedded: { execProtocolRaw: (message) => postgres.raw(message), runExclusive: turn },
    close: () => turn(() => postgres.close()),
  };
}

/** What a server that keeps statistics needs besides. */
const SERVER_SETTINGS = {
  ...SETTINGS,
  // Tables here are filled and emptied within seconds: with the statistics of an empty one, a merge would be planned as
  // a nested loop, and a hundred thousand rows would take hours.
  enable_nestloop: 'off',
};

function openServer(url: string): Database {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    options: Object.entries(SERVER_SETTINGS)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: { getTypeParser: () => (value: unknown) => value },
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  const queryOn =
    (client: { query: Pool['query'] }): Query =>
    async (sql, parameters = []) => {
      const answer = await client.query<(string | null)[]>({
        text: sql,
        values: [...parameters],
        rowMode: 'array',
        // One statement a query, as with Redshift and with PGlite.
        queryMode: 'extended',
      } as never);
      return result(
        answer.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
        answer.rows,
        answer.rowCount ?? 0,
      );
    };
  return {
    query: queryOn(pool),
    async transaction(work) {
      const client = await pool.connect();
      try {
        return await inTransaction(queryOn(client), work);
      } finally {
        client.release();
      }
    },
    embedded: null,
    close: () => pool.end(),
  };
}

async function inTransaction<T>(query: Query, work: (query: Query) => Promise<T>): Promise<T> {
  // The snapshot is taken by the first statement that reads: a LOCK before it comes in time, as in Redshift.
  await query('begin isolation level repeatable read');
  try {
    const answer = await work(query);
    await query('commit');
    return answer;
  } catch (error) {
    // A broken connection cannot roll back; the server does when it notices.
    await query('rollback').catch(() => undefined);
    throw error;
  }
}

function result(
  columns: QueryResult['columns'],
  values: QueryResult['values'],
  affected: number,
): QueryResult {
  const rows = values.map((row) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])),
  );
  // A real server counts the rows of a SELECT, too.
  return { columns, values, rows, affected: columns.length === 0 ? affected : 0 };
}

/** Runs one piece of work after the other, in the order in which they came. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
