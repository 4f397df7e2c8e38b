/** What the Redshift Data API answers about a run: its description, and its rows in pages. */
import type { QueryResult } from '../warehouse/database.ts';
import { AwsError, type Body } from './call.ts';
import type { SqlStatement, Status } from './sql-run.ts';

/** One statement, or one batch, from its call on. */
export interface Run {
  readonly id: string;
  readonly isBatch: boolean;
  readonly statements: readonly SqlStatement[];
  readonly request: Body;
  readonly createdAt: Date;
  status: Status;
  error: string | null;
  done: Promise<void>;
}

/** What an id names. */
export interface Found {
  readonly run: Run;
  /** Of a batch, counted from 1; of a single statement 1. */
  readonly number: number;
  /** Null when the id is that of a whole batch. */
  readonly statement: SqlStatement | null;
}

/** Rows of one page of results; a client must follow NextToken. */
const PAGE_ROWS = 1000;

export function describeRun(run: Run): object {
  const total = run.statements.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return {
    Id: run.id,
    Status: run.status,
    ...(run.error === null ? {} : { Error: run.error }),
    CreatedAt: seconds(run.createdAt),
    UpdatedAt: seconds(run.statements.at(-1)?.updatedAt ?? run.createdAt),
    Duration: nanoseconds(total),
    HasResultSet: run.statements.some(hasResultSet),
    ResultRows: -1,
    ResultSize: -1,
    Database: run.request.Database,
    SecretArn: run.request.SecretArn,
    WorkgroupName: run.request.WorkgroupName,
    ClusterIdentifier: run.request.ClusterIdentifier,
    SubStatements: run.statements.map((_statement, index) => describeStatement(run, index + 1)),
  };
}

export function describeStatement(run: Run, number: number): object {
  const statement = run.statements[number - 1];
  if (statement === undefined) return {};
  // A statement that never began has no error of its own.
  const error = run.isBatch ? statement.error : run.error;
  return {
    Id: run.isBatch ? `${run.id}:${number}` : run.id,
    Status: run.isBatch ? statement.status : run.status,
    ...(error === null ? {} : { Error: error }),
    CreatedAt: seconds(run.createdAt),
    UpdatedAt: seconds(statement.updatedAt),
    Duration: nanoseconds(statement.milliseconds),
    HasResultSet: hasResultSet(statement),
    ResultRows: resultRows(statement),
    ResultSize: JSON.stringify(statement.result?.values ?? []).length,
    QueryString: statement.sql,
  };
}

const hasResultSet = ({ result }: SqlStatement): boolean => (result?.columns.length ?? 0) > 0;

function resultRows(statement: SqlStatement): number {
  if (statement.result === null) return -1;
  return hasResultSet(statement) ? statement.result.values.length : statement.result.affected;
}

export function resultPage({ run, statement }: Found, token: string | null): object {
  const result = statement?.result ?? null;
  if (run.status !== 'FINISHED' || statement === null || result === null || !hasResultSet(statement)) {
    throw new AwsError(
      'ResourceNotFoundException',
      'Query does not have result. Please check query status with DescribeStatement.',
    );
  }
  const from = Number(token ?? 0);
  const page = result.values.slice(from, from + PAGE_ROWS);
  const next = from + PAGE_ROWS;
  return {
    ColumnMetadata: result.columns.map(({ name, typeId }) => ({
      name,
      label: name,
      typeName: TYPE_NAMES[typeId] ?? 'varchar',
      nullable: 1,
      columnDefault: '',
      isCaseSensitive: false,
      isCurrency: false,
      isSigned: false,
      length: 0,
      precision: 0,
      scale: 0,
      schemaName: '',
      tableName: '',
    })),
    Records: page.map((row) => row.map((value, index) => field(value, result, index))),
    TotalNumRows: result.values.length,
    ...(next < result.values.length ? { NextToken: String(next) } : {}),
  };
}

/** Postgres' type ids, by Redshift's names. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  16: 'bool',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  700: 'float4',
  701: 'float8',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamptz',
  1700: 'numeric',
  3802: 'super',
};

function field(value: string | null, { columns }: QueryResult, index: number): object {
  if (value === null) return { isNull: true };
  const type = TYPE_NAMES[columns[index]?.typeId ?? 0] ?? 'varchar';
  if (type === 'bool') return { booleanValue: value === 't' };
  if (type.startsWith('int')) return { longValue: Number(value) };
  if (type.startsWith('float')) return { doubleValue: Number(value) };
  return { stringValue: value };
}

/** Times travel as seconds since 1970, durations as nanoseconds. */
export const seconds = (at: Date): number => at.getTime() / 1000;
const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6);
