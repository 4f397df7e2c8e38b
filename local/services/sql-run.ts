/**
 * One run of the Redshift Data API: statements in Redshift's SQL, in one transaction.
 */
import { toPostgres } from '../../contract/postgres.ts';
import { CopyError, copy, type ReadObject, recordLoadError } from '../warehouse/copy.ts';
import { parseCopy } from '../warehouse/copy-statement.ts';
import type { Database, Query, QueryResult } from '../warehouse/database.ts';
import { bind, type SqlParameters } from './sql-parameters.ts';

export type Status = 'SUBMITTED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';

/** A statement and how it fares. */
export interface SqlStatement {
  readonly sql: string;
  status: Status;
  error: string | null;
  result: QueryResult | null;
  updatedAt: Date;
  milliseconds: number;
}

export interface RunPorts {
  readonly warehouse: Database;
  readonly readObject: ReadObject;
  readonly now: () => Date;
  /** Throws to make a statement fail. */
  readonly beforeStatement?: (sql: string) => void | Promise<void>;
}

/**
 * Runs the statements and notes on each how it ended; a failure rolls all of them back.
 * @returns which statement failed and why; null when all are committed.
 */
export async function runStatements(
  statements: readonly SqlStatement[],
  parameters: SqlParameters,
  ports: RunPorts,
): Promise<{ readonly index: number; readonly error: string } | null> {
  const note = (statement: SqlStatement, status: Status): void => {
    statement.status = status;
    statement.updatedAt = ports.now();
  };
  let index = 0;
  try {
    await ports.warehouse.transaction(async (query) => {
      for (const statement of statements) {
        index = statements.indexOf(statement);
        note(statement, 'STARTED');
        await ports.beforeStatement?.(statement.sql);
        const start = performance.now();
        statement.result = await runOne(statement.sql, parameters, query, ports.readObject);
        statement.milliseconds = performance.now() - start;
        note(statement, 'FINISHED');
      }
    });
    return null;
  } catch (error) {
    const text = errorText(error);
    for (const statement of statements.slice(index)) {
      statement.result = null;
      note(statement, 'ABORTED');
    }
    const failed = statements[index];
    if (failed !== undefined) {
      failed.error = text;
      note(failed, 'FAILED');
    }
    if (error instanceof CopyError) {
      await recordLoadError(ports.warehouse.query, error.detail, null, ports.now()).catch(() => undefined);
    }
    return { index, error: text };
  }
}

const NOTHING: QueryResult = { columns: [], values: [], rows: [], affected: 0 };

const TRANSACTION_CONTROL = /^\s*(?:begin|start\s+transaction|commit|end|rollback|abort|truncate)\b/i;

async function runOne(
  sql: string,
  parameters: SqlParameters,
  query: Query,
  readObject: ReadObject,
): Promise<QueryResult> {
  if (TRANSACTION_CONTROL.test(sql)) {
    throw new SyntaxError(
      `${sql.trim().split(/\s/, 1)[0]} ends the transaction of the batch: this project does not use it`,
    );
  }
  if (/^\s*copy\b/i.test(sql)) {
    return { ...NOTHING, affected: await copy(parseCopy(sql), query, readObject) };
  }
  const translated = toPostgres(sql);
  if (translated === null) return NOTHING;
  const bound = bind(translated, parameters);
  return query(bound.sql, bound.values);
}

/** As Redshift says it: `ERROR: ` and the words of Postgres; a conflict of snapshots is Redshift's 1023. */
function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return code === '40001'
    ? `ERROR: 1023 DETAIL: Serializable isolation violation on table (${message})`
    : `ERROR: ${message}`;
}
