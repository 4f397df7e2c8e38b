/** A database of a Postgres server for one stage: the warehouse of a trial that is too long for the embedded Postgres. */
import { Client } from 'pg';

export interface Warehouse {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * Creates a database, in the place of one that an earlier run left.
 * @param server a `postgres://` address of a user who may create databases.
 * @param name of the database: lower case, digits and underscores.
 */
export async function openWarehouse(server: string, name: string): Promise<Warehouse> {
  await onServer(server, `drop database if exists ${name} with (force)`);
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `drop database ${name} with (force)`) };
}

async function onServer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
