/** A warehouse in memory, reached as the functions reach theirs: Redshift's SQL, translated statement by statement. */
import type { Envelope } from '../contract/envelope.ts';
import type { RepairSpan } from '../contract/feed.ts';
import { toPostgres } from '../contract/postgres.ts';
import type { RecordType } from '../contract/record.ts';
import { SCHEMA } from '../contract/redshift.ts';
import { type Database, openDatabase, type Query } from '../local/warehouse/database.ts';

import type { Ports, Repairs } from '../warehouse/ports.ts';
import { applySchema, type Mart } from '../warehouse/schema/apply.ts';
import type { Sql } from '../warehouse/sql.ts';

export interface World {
  readonly sql: Sql;
  readonly database: Database;
  /** Ports whose clock stands still, unless it is set. */
  readonly ports: Ports & { readonly repairs: Repairs };
  /** What the loader left for the repair of each feed. */
  readonly repairs: Map<string, readonly RepairSpan[]>;
  readonly clock: { now: Date };
  readonly published: { readonly dimensions: object; readonly values: object }[];
  readonly logged: (readonly [message: string, fields: object])[];
  /** Every statement that was run, in Redshift's words. */
  readonly statements: string[];
  /** Drops everything, and makes the tables of these types anew. */
  reset(types: readonly RecordType[], marts?: readonly Mart[]): Promise<void>;
  /** Empties the tables, which is quicker. */
  empty(): Promise<void>;
  /** Puts rows into the landing table, as a COPY would. */
  land(...envelopes: readonly Envelope[]): Promise<void>;
  /** Rows of a select on Postgres, values as text. */
  rows(select: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

/** @param url `postgres://…` for a real server, whose schema heimdallr is then lost. */
export async function openWarehouse(url = 'memory:'): Promise<World> {
  const database = await openDatabase({ url, dataDir: '' });
  const published: World['published'] = [];
  const logged: World['logged'] = [];
  const statements: string[] = [];
  const repairs = new Map<string, readonly RepairSpan[]>();
  const clock = { now: new Date() };
  const run = async (query: Query, statement: string) => {
    statements.push(statement);
    const translated = toPostgres(statement);
    return translated === null ? null : query(translated);
  };
  const sql: Sql = {
    run: (batch) =>
      database.transaction(async (query) => {
        for (const statement of batch) await run(query, statement);
      }),
    query: async (statement) => (await run(database.query, statement))?.values ?? [],
  };
  const forget = (): void => {
    published.length = 0;
    logged.length = 0;
    statements.length = 0;
    repairs.clear();
    clock.now = new Date();
  };
  return {
    sql,
    database,
    clock,
    published,
    logged,
    statements,
    repairs,
    ports: {
      sql,
      secret: async () => JSON.stringify({ username: 'firehose', password: 'correct-horse-battery' }),
      repairs: { leave: async (feed, spans) => void repairs.set(feed, spans) },
      now: () => clock.now,
      log: (message, fields) => logged.push([message, fields]),
      publish: (dimensions, values) => published.push({ dimensions, values }),
    },
    async reset(types, marts = []) {
      await database.query(`drop schema if exists ${SCHEMA} cascade`);
      await applySchema(sql, types, marts);
      forget();
    },
    async empty() {
      const tables = await database.query(`select table_name from information_schema.tables
        where table_schema = '${SCHEMA}' and table_type = 'BASE TABLE'`);
      const names = tables.values.map(([name]) => `${SCHEMA}."${name}"`);
      await database.query(`truncate ${names.join(', ')}`);
      forget();
    },
    async land(...envelopes) {
      // jsonb_populate_recordset reads JSON as COPY does: by name, and null where a name is missing.
      await database.query(
        `insert into ${SCHEMA}.landing select * from jsonb_populate_recordset(null::${SCHEMA}.landing, $1::text::jsonb)`,
        [JSON.stringify(envelopes)],
      );
    },
    rows: async (select) => (await database.query(select)).rows,
  };
}
