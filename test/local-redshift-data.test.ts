import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandInput,
  DescribeStatementCommand,
  type DescribeStatementCommandOutput,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { integer, superJson, timestamp, varchar } from '../contract/columns.ts';
import { recordKey, seal } from '../contract/envelope.ts';
import { defineRecord } from '../contract/record.ts';
import { comments, createTable, mergeStatements, tablesOf } from '../contract/redshift.ts';
import { type LocalServices, startServices } from '../local/services/index.ts';

const USER = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:loader-AbCdEf';
const TOKEN = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:token-AbCdEf';

/** A build of a vendor that does not exist. */
const build = defineRecord({
  name: 'acme_build',
  version: 1,
  description: 'A build.',
  key: ['number'],
  occurredAt: 'started_at',
  columns: {
    number: integer('Counted from 1.'),
    state: varchar(20, 'How it is.'),
    started_at: timestamp('When it began.'),
    details: superJson(1000, 'The rest.'),
  },
});

const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-redshift-'));
let services: LocalServices;
let client: RedshiftDataClient;

beforeAll(async () => {
  services = await startServices({
    dataDir,
    speed: 1,
    warehouseUrl: 'memory:',
    now: () => new Date('2026-11-23T18:30:00Z'),
    log: (message) => {
      throw new Error(message);
    },
  });
  services.registerWarehouse({ workgroup: 'analytics', database: 'heimdallr' });
  services.registerWarehouse({ cluster: 'old', database: 'heimdallr' });
  services.createSecret(USER, 'loader', '{"username":"loader","password":"secret"}');
  services.createSecret(TOKEN, 'token', 'secret');
  await services.createBucket('archive');
  client = new RedshiftDataClient({
    endpoint: services.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIALOADER', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  const tables = tablesOf([build]);
  await batch([...tables.map(createTable), ...tables.flatMap(comments).slice(0, 20)]);
});

afterAll(async () => {
  await services.close();
  rmSync(dataDir, { recursive: true });
});

const where = { WorkgroupName: 'analytics', Database: 'heimdallr', SecretArn: USER };

async function execute(
  sql: string,
  input: Partial<ExecuteStatementCommandInput> = {},
): Promise<DescribeStatementCommandOutput> {
  const { Id } = await client.send(new ExecuteStatementCommand({ ...where, Sql: sql, ...input }));
  return client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 30 }));
}

async function batch(
  sqls: string[],
  input: Partial<BatchExecuteStatementCommandInput> = {},
): Promise<DescribeStatementCommandOutput> {
  const { Id } = await client.send(new BatchExecuteStatementCommand({ ...where, Sqls: sqls, ...input }));
  return client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 30 }));
}

async function select(sql: string, input: Partial<ExecuteStatementCommandInput> = {}): Promise<unknown[][]> {
  const { Id, Error: error } = await execute(sql, input);
  if (error !== undefined) throw new Error(error);
  const rows: unknown[][] = [];
  for (let NextToken: string | undefined; ; ) {
    const page = await client.send(new GetStatementResultCommand({ Id, NextToken }));
    rows.push(...(page.Records ?? []));
    NextToken = page.NextToken;
    if (NextToken === undefined) return rows;
  }
}

describe('statements', () => {
  test('an accepted statement runs afterwards, and its values come typed', async () => {
    const sql = `select 1::smallint as a, 12::bigint as b, 1.5::float8 as c, 1.50::decimal(5,2) as d, true as e,
      'ü'::varchar(5) as f, null::integer as g, '2026-11-23 18:30:00.5'::timestamp as h, '2026-11-23'::date as i`;

    const accepted = await client.send(new ExecuteStatementCommand({ ...where, Sql: sql }));
    const described = await client.send(
      new DescribeStatementCommand({ Id: accepted.Id, WaitTimeSeconds: 30 }),
    );
    const result = await client.send(new GetStatementResultCommand({ Id: accepted.Id }));

    expect(accepted).toMatchObject({ Status: 'SUBMITTED', CreatedAt: new Date('2026-11-23T18:30:00Z') });
    expect(described).toMatchObject({
      Status: 'FINISHED',
      HasResultSet: true,
      ResultRows: 1,
      QueryString: sql,
    });
    expect(result.ColumnMetadata?.map(({ name, typeName }) => `${name} ${typeName}`)).toEqual([
      'a int2',
      'b int8',
      'c float8',
      'd numeric',
      'e bool',
      'f varchar',
      'g int4',
      'h timestamp',
      'i date',
    ]);
    expect(result.Records).toEqual([
      [
        { longValue: 1 },
        { longValue: 12 },
        { doubleValue: 1.5 },
        { stringValue: '1.50' },
        { booleanValue: true },
        { stringValue: 'ü' },
        { isNull: true },
        { stringValue: '2026-11-23 18:30:00.5' },
        { stringValue: '2026-11-23' },
      ],
    ]);
  });

  test('a long result comes in pages', async () => {
    const digits = `(${[...'0123456789'].map((digit) => `select ${digit} as n`).join(' union all ')})`;

    const rows = await select(
      `select a.n * 1000 + b.n * 100 + c.n * 10 + d.n from ${digits} as a, ${digits} as b, ${digits} as c, ${digits} as d order by 1`,
    );

    expect(rows).toHaveLength(10_000);
    expect([rows[0], rows[9999]]).toEqual([[{ longValue: 0 }], [{ longValue: 9999 }]]);
  });

  test('what Redshift refuses fails though Postgres would take it', async () => {
    const described = await execute("select string_agg('a', 'b')");

    expect(described).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: Redshift does not support string_agg and array_agg',
    });
  });

  test('an error of Postgres comes in its words, and there is no result', async () => {
    const described = await execute('select * from heimdallr.nothing');
    const reading = client.send(new GetStatementResultCommand({ Id: described.Id }));

    expect(described).toMatchObject({
      Status: 'FAILED',
      Error: 'ERROR: relation "heimdallr.nothing" does not exist',
      HasResultSet: false,
    });
    await expect(reading).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('a repeated ClientToken is the same statement', async () => {
    const send = () =>
      client.send(new ExecuteStatementCommand({ ...where, Sql: 'select 1', ClientToken: 'once' }));

    const ids = [(await send()).Id, (await send()).Id];

    expect(ids[0]).toBe(ids[1]);
  });

  test('a cluster answers as well as a workgroup', async () => {
    const { Id } = await client.send(
      new ExecuteStatementCommand({ ClusterIdentifier: 'old', Database: 'heimdallr', Sql: 'select 1' }),
    );

    const described = await client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 30 }));

    expect(described.Status).toBe('FINISHED');
  });
});

describe('parameters', () => {
  test('a parameter is replaced everywhere but in literals, identifiers, comments and casts', async () => {
    const rows = await select(
      `select :n::integer + 1, ':n', :word::varchar(20) as ":n" -- :n
       /* :word */ where :n = 4`,
      {
        Parameters: [
          { name: 'n', value: '4' },
          { name: 'word', value: "it's" },
        ],
      },
    );

    expect(rows).toEqual([[{ longValue: 5 }, { stringValue: ':n' }, { stringValue: "it's" }]]);
  });

  test('the statements of a batch share the parameters', async () => {
    const described = await batch(['select :a::integer', 'select :a::integer + :b::integer'], {
      Parameters: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    });

    const result = await client.send(new GetStatementResultCommand({ Id: `${described.Id}:2` }));

    expect(result.Records).toEqual([[{ longValue: 3 }]]);
  });

  test.each([
    ['an empty text', 'select :a', [{ name: 'a', value: '' }], "the Data API knows neither NULL nor ''"],
    ['a parameter that nothing uses', 'select 1', [{ name: 'a', value: '1' }], 'Unused parameters: [a]'],
    ['a parameter that is missing', 'select :a', [], 'Missing parameters: [a]'],
  ])('%s is refused', async (_what, sql, parameters, message) => {
    const executing = execute(sql, { Parameters: parameters });

    await expect(executing).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });
});

describe('batches', () => {
  test('a failure in a batch undoes all of it and says which statement it was', async () => {
    const insert = (key: string): string =>
      `insert into heimdallr.receipt (run_id, seq, feed, record_type, observed_at, loaded_at) values ('${key}', 1, 'f', 't', getdate(), getdate())`;

    const described = await batch([insert('undone'), 'select 1 / 0', insert('never')]);

    const rows = await select("select count(*) from heimdallr.receipt where run_id in ('undone', 'never')");
    expect([described.Status, described.Error]).toEqual([
      'FAILED',
      'Query #2 failed with ERROR: division by zero',
    ]);
    expect(described.SubStatements?.map(({ Status, Error: error }) => [Status, error])).toEqual([
      ['FINISHED', undefined],
      ['FAILED', 'ERROR: division by zero'],
      ['ABORTED', undefined],
    ]);
    expect(rows).toEqual([[{ longValue: 0 }]]);
  });

  test('a statement that would end the transaction is refused', async () => {
    const described = await batch(['select 1', 'commit']);

    expect(described.Error).toBe(
      'Query #2 failed with ERROR: commit ends the transaction of the batch: this project does not use it',
    );
  });

  test('a text that is wider than its column fails, counted in bytes', async () => {
    const described = await execute(
      `insert into heimdallr.receipt (run_id, seq, feed, record_type, observed_at, loaded_at) values ('${'ü'.repeat(21)}', 1, 'f', 't', getdate(), getdate())`,
    );

    expect(described.Error).toContain('violates check constraint');
  });

  test('landed rows are merged while others are copied, and each fact is there once, at its newest', async () => {
    await services.createDeliveryStream({
      name: 'landing',
      bucket: 'archive',
      prefix: '',
      bufferSeconds: 900,
      bufferMegabytes: 5,
      retrySeconds: 7200,
      compression: 'GZIP',
      destination: {
        kind: 'redshift',
        table: 'heimdallr.landing',
        columns: [],
        options: "JSON 'auto' GZIP TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF",
      },
    });
    const send = async (observedAt: string, state: string): Promise<void> => {
      const rows = Array.from({ length: 50 }, (_, index) => {
        const body = { number: index, state, started_at: '2026-11-23T18:00:00Z', details: { id: '1.50' } };
        return JSON.stringify(
          seal(build, body, {
            feed: 'acme:shop',
            run_id: observedAt,
            seq: index + 1,
            observed_at: observedAt,
          }),
        );
      });
      const Data = Buffer.from(`${rows.join('\n')}\n`).toString('base64');
      await fetch(services.endpoint, {
        method: 'POST',
        headers: { 'x-amz-target': 'Firehose_20150804.PutRecord' },
        body: JSON.stringify({ DeliveryStreamName: 'landing', Record: { Data } }),
      });
      await services.firehose.flush();
    };

    const outcomes = await Promise.all([
      send('2026-11-23T18:30:02Z', 'passed').then(() => batch([...mergeStatements(build)])),
      send('2026-11-23T18:30:01Z', 'running').then(() => batch([...mergeStatements(build)])),
      send('2026-11-23T18:30:02Z', 'passed').then(() => batch([...mergeStatements(build)])),
      batch([...mergeStatements(build)]),
    ]);

    expect(outcomes.map(({ Error: error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(
      await select(`select count(*), count(distinct number), min(state), max(state),
        (select count(*) from heimdallr.landing), (select count(*) from heimdallr.receipt where record_type = 'acme_build')
        from heimdallr.acme_build`),
    ).toEqual([
      [
        { longValue: 50 },
        { longValue: 50 },
        { stringValue: 'passed' },
        { stringValue: 'passed' },
        { longValue: 0 },
        { longValue: 100 },
      ],
    ]);
    expect(recordKey(build, { number: 7 })).toBe('7');
  });
});

describe('COPY', () => {
  const COPY = `copy heimdallr.receipt from 's3://archive/errors/manifest' iam_role default manifest json 'auto' timeformat 'auto'`;
  const receipt = {
    run_id: 'copied',
    feed: 'f',
    record_type: 't',
    observed_at: '2026-11-23',
    loaded_at: '2026-11-23',
  };
  const store = async (rows: readonly object[]): Promise<void> => {
    const manifest = { entries: [{ url: 's3://archive/rows', mandatory: true }] };
    await services.s3.put('archive', 'errors/manifest', Buffer.from(JSON.stringify(manifest)));
    await services.s3.put('archive', 'rows', Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')));
  };

  test('a manifest can be copied by hand', async () => {
    await store([
      { ...receipt, seq: 1 },
      { ...receipt, seq: 2 },
    ]);

    const described = await batch([COPY]);

    expect(described.SubStatements?.map(({ Status, ResultRows }) => [Status, ResultRows])).toEqual([
      ['FINISHED', 2],
    ]);
    expect(await select("select count(*) from heimdallr.receipt where run_id = 'copied'")).toEqual([
      [{ longValue: 2 }],
    ]);
  });

  test('a COPY that fails is kept in sys_load_error_detail', async () => {
    await store([
      { ...receipt, run_id: 'failed', seq: 1 },
      { ...receipt, run_id: 'failed' },
    ]);

    const described = await execute(COPY);

    expect(described.Error).toContain(
      "Load into table 'heimdallr.receipt' failed: 1213 Missing data for not-null field",
    );
    expect(
      await select('select file_name, line_number, column_name, error_code from sys_load_error_detail'),
    ).toEqual([
      [{ stringValue: 's3://archive/rows' }, { longValue: 2 }, { stringValue: 'seq' }, { longValue: 1213 }],
    ]);
    expect(await select("select count(*) from heimdallr.receipt where run_id = 'failed'")).toEqual([
      [{ longValue: 0 }],
    ]);
  });
});

describe('requests that are refused', () => {
  test.each<[what: string, input: Partial<ExecuteStatementCommandInput>, name: string, message: string]>([
    [
      'an unknown workgroup',
      { WorkgroupName: 'nothing' },
      'ValidationException',
      "Redshift endpoint doesn't exist in this region.",
    ],
    [
      'a workgroup and a cluster',
      { ClusterIdentifier: 'old' },
      'ValidationException',
      'give exactly one of WorkgroupName and ClusterIdentifier',
    ],
    [
      'an unknown secret',
      { SecretArn: 'arn:nothing' },
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret: arn:nothing",
    ],
    [
      'a secret that is no user',
      { SecretArn: TOKEN },
      'ValidationException',
      `the secret ${TOKEN} must be JSON with the keys username and password`,
    ],
    [
      'a statement above 100 KB',
      { Sql: `select '${'x'.repeat(100_000)}'` },
      'ValidationException',
      'a statement holds 100000 bytes, got 100009',
    ],
    [
      'a session',
      { SessionKeepAliveSeconds: 60 },
      'ValidationException',
      'SessionKeepAliveSeconds is not used by this project',
    ],
  ])('%s', async (_what, input, name, message) => {
    const executing = execute('select 1', input);

    await expect(executing).rejects.toMatchObject({ name, message });
  });

  test('a batch of 41 statements', async () => {
    const executing = batch(Array.from({ length: 41 }, () => 'select 1'));

    await expect(executing).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'a batch holds 1 to 40 statements, got 41',
    });
  });

  test('an unknown database fails the statement, not the call', async () => {
    const described = await execute('select 1', { Database: 'nothing' });

    expect([described.Status, described.Error]).toEqual([
      'FAILED',
      'FATAL: database "nothing" does not exist',
    ]);
  });

  test('an id that nobody gave', async () => {
    const describing = client.send(new DescribeStatementCommand({ Id: 'nothing' }));

    await expect(describing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
