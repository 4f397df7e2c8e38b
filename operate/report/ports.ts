/**
 * The warehouse to report on: a Postgres, or whatever warehouse a pipeline has, through the Redshift Data API.
 */
import { Client } from 'pg';
import { toPostgres } from '../../contract/postgres.ts';
import type { Select } from '../../report/rows.ts';
import { connect } from '../ports.ts';
import type { Options } from './options.ts';

export interface ReadableWarehouse {
  /** For a person: which one it is. */
  readonly name: string;
  readonly select: Select;
  readonly close: () => Promise<void>;
}

/** @throws {Error} in one line that says what to do, here and from every select. */
export async function openWarehouse({ place, warehouse }: Options): Promise<ReadableWarehouse> {
  if (place === null) return openPostgres(warehouse ?? '');
  const pipeline = await connect(place);
  const sql = pipeline.warehouse();
  return { name: pipeline.name, select: (statement) => sql.query(statement), close: async () => undefined };
}

/** A database that holds the tables, such as the one that `npm start` prints. */
async function openPostgres(address: string): Promise<ReadableWarehouse> {
  const { host } = new URL(address);
  const client = new Client({
    connectionString: address,
    connectionTimeoutMillis: 10_000,
    options: '-c search_path=public,redshift -c timezone=UTC',
    types: { getTypeParser: () => (value: unknown) => value },
  });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(
      `the warehouse at ${host} cannot be reached (${error instanceof Error ? error.message : String(error)}); look at the address behind --warehouse`,
    );
  }
  return {
    name: `Postgres at ${host}`,
    async select(sql) {
      const { rows } = await client.query<(string | null)[]>({
        text: toPostgres(sql) ?? '',
        rowMode: 'array',
      });
      return rows;
    },
    close: () => client.end(),
  };
}
