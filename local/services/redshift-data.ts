/**
 * The Redshift Data API over Postgres.
 *
 * A call is accepted, and runs later: accepted is not succeeded. Requests that AWS refuses are refused in
 * AWS' words as far as they are known; members that nothing here uses are refused rather than ignored.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as later, setTimeout as sleep } from 'node:timers/promises';
import {
  AwsError,
  type Body,
  isBody,
  type JsonService,
  optionalTextOf,
  textOf,
  unknownAction,
} from './call.ts';
import {
  describeRun,
  describeStatement,
  type Found,
  type Run,
  resultPage,
  seconds,
} from './redshift-answers.ts';
import { checkParameters, parametersOf, type SqlParameters } from './sql-parameters.ts';
import { type RunPorts, runStatements } from './sql-run.ts';

export interface RedshiftDataPorts extends RunPorts {
  /** SecretString by ARN. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** A warehouse by the name under which functions know it. */
export type WarehouseName =
  | { readonly workgroup: string; readonly database: string }
  | { readonly cluster: string; readonly database: string };

export interface RedshiftData {
  readonly service: JsonService;
  register(name: WarehouseName): void;
  /** Waits for the runs under way. */
  close(): Promise<void>;
}

/** `data-api`: statements in a batch, bytes of a statement, seconds of a long poll. */
const LIMITS = { statements: 40, statementBytes: 100_000, waitSeconds: 30 };

/** AWS keeps results for a day; here the newest runs. */
const KEPT_RUNS = 1000;

const UNUSED = ['SessionId', 'SessionKeepAliveSeconds', 'DbUser', 'WithEvent'];

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

export function startRedshiftData(ports: RedshiftDataPorts): RedshiftData {
  const endpoints = new Map<string, Set<string>>();
  const runs = new Map<string, Run>();
  const tokens = new Map<string, string>();

  const start = (request: Body, sqls: readonly string[], isBatch: boolean): Run => {
    const token = optionalTextOf(request, 'ClientToken');
    const known = runs.get(tokens.get(token ?? '') ?? '');
    if (known !== undefined) return known;
    const databases = endpoints.get(endpointOf(request));
    if (databases === undefined) throw invalid("Redshift endpoint doesn't exist in this region.");
    checkRequest(request, sqls, ports.secrets);
    const parameters = parametersOf(request);
    checkParameters(sqls, parameters);
    const createdAt = ports.now();
    const run: Run = {
      id: randomUUID(),
      isBatch,
      statements: sqls.map((sql) => ({
        sql,
        status: 'SUBMITTED',
        error: null,
        result: null,
        updatedAt: createdAt,
        milliseconds: 0,
      })),
      request,
      createdAt,
      status: 'SUBMITTED',
      error: null,
      done: Promise.resolve(),
    };
    runs.set(run.id, run);
    if (token !== null) tokens.set(token, run.id);
    forgetOldest(runs, tokens);
    run.done = execute(run, parameters, databases, ports);
    return run;
  };

  const accepted = async (run: Run): Promise<object> => {
    await waitFor(run, run.request);
    const { Database, SecretArn, WorkgroupName, ClusterIdentifier } = run.request;
    const names = { Database, SecretArn, WorkgroupName, ClusterIdentifier };
    return { Id: run.id, CreatedAt: seconds(run.createdAt), Status: run.status, ...names };
  };

  return {
    async service(action, body) {
      switch (action) {
        case 'ExecuteStatement':
          return accepted(start(body, [textOf(body, 'Sql')], false));
        case 'BatchExecuteStatement':
          return accepted(start(body, sqlsOf(body), true));
        case 'DescribeStatement': {
          const found = find(runs, body);
          await waitFor(found.run, body);
          return found.statement === null
            ? describeRun(found.run)
            : describeStatement(found.run, found.number);
        }
        case 'GetStatementResult':
          return resultPage(find(runs, body), optionalTextOf(body, 'NextToken'));
        default:
          throw unknownAction('redshift-data', action);
      }
    },
    register(name) {
      const key = 'workgroup' in name ? `workgroup ${name.workgroup}` : `cluster ${name.cluster}`;
      endpoints.set(key, (endpoints.get(key) ?? new Set()).add(name.database));
    },
    async close() {
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
}

async function execute(
  run: Run,
  parameters: SqlParameters,
  databases: ReadonlySet<string>,
  ports: RunPorts,
): Promise<void> {
  // The answer to the call leaves first, as it does in AWS.
  await later();
  const database = String(run.request.Database);
  run.status = 'STARTED';
  if (!databases.has(database)) {
    run.error = `FATAL: database "${database}" does not exist`;
    run.status = 'FAILED';
    return;
  }
  const failure = await runStatements(run.statements, parameters, ports);
  if (failure !== null) {
    run.error = run.isBatch ? `Query #${failure.index + 1} failed with ${failure.error}` : failure.error;
  }
  run.status = failure === null ? 'FINISHED' : 'FAILED';
}

function endpointOf(request: Body): string {
  const workgroup = optionalTextOf(request, 'WorkgroupName');
  const cluster = optionalTextOf(request, 'ClusterIdentifier');
  if ((workgroup === null) === (cluster === null)) {
    throw invalid('give exactly one of WorkgroupName and ClusterIdentifier');
  }
  return workgroup === null ? `cluster ${cluster}` : `workgroup ${workgroup}`;
}

function sqlsOf(body: Body): readonly string[] {
  const { Sqls: sqls } = body;
  if (!Array.isArray(sqls) || !sqls.every((sql) => typeof sql === 'string')) {
    throw invalid('Sqls must be a list of strings');
  }
  return sqls;
}

function checkRequest(request: Body, sqls: readonly string[], secrets: ReadonlyMap<string, string>): void {
  if (sqls.length === 0 || sqls.length > LIMITS.statements) {
    throw invalid(`a batch holds 1 to ${LIMITS.statements} statements, got ${sqls.length}`);
  }
  const longest = Math.max(...sqls.map((sql) => Buffer.byteLength(sql)));
  if (longest > LIMITS.statementBytes) {
    throw invalid(`a statement holds ${LIMITS.statementBytes} bytes, got ${longest}`);
  }
  for (const name of UNUSED) {
    if (request[name] !== undefined) throw invalid(`${name} is not used by this project`);
  }
  if ((optionalTextOf(request, 'ExecutionMode') ?? 'TRANSACTION') !== 'TRANSACTION') {
    throw invalid('an ExecutionMode other than TRANSACTION is not used by this project');
  }
  if ((optionalTextOf(request, 'ResultFormat') ?? 'JSON') !== 'JSON') {
    throw invalid('a ResultFormat other than JSON is not used by this project');
  }
  textOf(request, 'Database');
  const arn = optionalTextOf(request, 'SecretArn');
  if (arn !== null) checkSecret(arn, secrets);
}

function checkSecret(arn: string, secrets: ReadonlyMap<string, string>): void {
  const value = secrets.get(arn);
  if (value === undefined) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret: ${arn}`,
    );
  }
  const user: unknown = value.startsWith('{') ? JSON.parse(value) : null;
  if (!isBody(user) || typeof user.username !== 'string' || typeof user.password !== 'string') {
    throw invalid(`the secret ${arn} must be JSON with the keys username and password`);
  }
}

async function waitFor(run: Run, body: Body): Promise<void> {
  const wait = body.WaitTimeSeconds ?? 0;
  if (typeof wait !== 'number' || wait < 0 || wait > LIMITS.waitSeconds) {
    throw invalid(`WaitTimeSeconds must be 1 to ${LIMITS.waitSeconds}, got ${String(wait)}`);
  }
  if (wait === 0) return;
  const stop = new AbortController();
  const timeout = sleep(wait * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  await Promise.race([run.done, timeout]);
  stop.abort();
}

/** An id, or the id of one statement of a batch, as in `…:2`. */
function find(runs: ReadonlyMap<string, Run>, body: Body): Found {
  const id = textOf(body, 'Id');
  const [runId = '', suffix] = id.split(':');
  const run = runs.get(runId);
  const number = Number(suffix ?? 1);
  const statement = run?.statements[number - 1];
  if (run === undefined || statement === undefined) {
    throw new AwsError('ResourceNotFoundException', `Query does not exist: ${id}`);
  }
  return { run, number, statement: run.isBatch && suffix === undefined ? null : statement };
}

function forgetOldest(runs: Map<string, Run>, tokens: Map<string, string>): void {
  for (const [id, { status }] of runs) {
    if (runs.size <= KEPT_RUNS) return;
    if (status === 'SUBMITTED' || status === 'STARTED') continue;
    runs.delete(id);
    for (const [token, runId] of tokens) if (runId === id) tokens.delete(token);
  }
}
