/** The schema: made, made again, widened by what can be widened, and refused where data would be touched. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { type Column, integer, nullable, timestamp, varchar } from '../contract/columns.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { defineRecord, type RecordType } from '../contract/record.ts';
import { applySchema, SchemaConflict } from '../warehouse/schema/apply.ts';
import { type CustomResourceEvent, createHandler } from '../warehouse/schema/custom-resource.ts';
import { grantFirehose, parseCredentials } from '../warehouse/schema/firehose-user.ts';
import type { Sql } from '../warehouse/sql.ts';
import { everyKind } from './kinds.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

/** A record type whose columns are these, beside its key. */
function typeWith(columns: Readonly<Record<string, Column>>, version = 1): RecordType {
  return defineRecord({
    name: 'tiny_fact',
    version,
    description: "A fact; don't worry about the quote.",
    key: ['id'],
    occurredAt: 'at',
    columns: { id: integer('Its number.'), at: timestamp('When, UTC.'), ...columns },
  });
}

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
});
afterAll(() => world.database.close());
beforeEach(async () => {
  await world.database.query('drop schema if exists heimdallr cascade');
  world.statements.length = 0;
});

const apply = (types: readonly RecordType[]) => applySchema(world.sql, [...ledgerRecords, ...types], marts);

const columnsOf = async (table: string): Promise<readonly string[]> =>
  (
    await world.rows(
      `select column_name from information_schema.columns where table_schema = 'heimdallr' and table_name = '${table}' order by ordinal_position`,
    )
  ).map(({ column_name }) => column_name ?? '');

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'nothing was refused';
  } catch (error) {
    return error instanceof SchemaConflict ? error.message : `another error: ${String(error)}`;
  }
};

describe('applying the schema', () => {
  test('makes tables, descriptions and marts', async () => {
    await apply([typeWith({ title: nullable(varchar(10, 'Its title.')) })]);

    expect(await columnsOf('tiny_fact')).toEqual(['id', 'at', 'title', '_feed', '_observed_at', '_run_id']);
    const described = await world.rows(
      `select obj_description('heimdallr.tiny_fact'::regclass) as fact, col_description('heimdallr.tiny_fact'::regclass, 3) as title`,
    );
    expect(described).toEqual([{ fact: "A fact; don't worry about the quote.", title: 'Its title.' }]);
    expect(await world.rows('select count(*) as n from heimdallr.ledger')).toEqual([{ n: '0' }]);
  });

  test('a second time changes nothing, with every record type and every kind of column', async () => {
    await apply([...records.slice(ledgerRecords.length), everyKind]);
    const before = await columnsOf('kinds_every');
    world.statements.length = 0;

    await apply([...records.slice(ledgerRecords.length), everyKind]);

    expect(await columnsOf('kinds_every')).toEqual(before);
    expect(world.statements.filter((statement) => /^(?:create table|alter|drop)/.test(statement))).toEqual(
      [],
    );
  });

  test('adds a new column that may be null, and keeps the rows', async () => {
    await apply([typeWith({})]);
    await world.database.query(
      "insert into heimdallr.tiny_fact values (1, '2026-11-23', 'tiny:feed', '2026-11-23', 'run-1')",
    );

    await apply([typeWith({ title: nullable(varchar(10, 'Its title.')) })]);

    expect(await world.rows('select id, title from heimdallr.tiny_fact')).toEqual([{ id: '1', title: null }]);
  });

  test('makes a table of its own for a new version', async () => {
    await apply([typeWith({ title: varchar(10, 'Its title.') })]);

    await apply([typeWith({ title: varchar(20, 'Its title.') }, 2)]);

    expect([await columnsOf('tiny_fact'), await columnsOf('tiny_fact_v2')]).toEqual([
      ['id', 'at', 'title', '_feed', '_observed_at', '_run_id'],
      ['id', 'at', 'title', '_feed', '_observed_at', '_run_id'],
    ]);
  });

  const cure = 'raise the version of the record type, which makes a new table';

  test.each([
    [
      'a wider column',
      { title: nullable(varchar(20, 'Its title.')) },
      `tiny_fact.title is varchar(10) and is declared as varchar(20): ${cure}`,
    ],
    [
      'another type',
      { title: nullable(integer('Its title.')) },
      `tiny_fact.title is varchar(10) and is declared as integer: ${cure}`,
    ],
    [
      'a column that may no longer be null',
      { title: varchar(10, 'Its title.') },
      `tiny_fact.title is varchar(10) and is declared as varchar(10) not null: ${cure}`,
    ],
    [
      'a new column that may not be null',
      { title: nullable(varchar(10, 'Its title.')), size: integer('Its size.') },
      `tiny_fact.size is new and not nullable: make it nullable, or ${cure}`,
    ],
  ])('refuses %s, before anything is changed', async (_, columns, expected) => {
    await apply([typeWith({ title: nullable(varchar(10, 'Its title.')) })]);
    const added = defineRecord({
      ...typeWith({}),
      name: 'tiny_other',
      key: ['id'],
      occurredAt: 'at',
      redact: {},
    });

    const message = await refusal(apply([added, typeWith(columns)]));

    expect(message).toBe(expected);
    expect(await columnsOf('tiny_other')).toEqual([]);
  });

  test('lets a nullable column that is gone stay, as a deployment that is rolled back leaves it', async () => {
    await apply([typeWith({ title: nullable(varchar(10, 'Its title.')) })]);

    await apply([typeWith({})]);

    expect(await columnsOf('tiny_fact')).toContain('title');
  });

  test('refuses that a column which may not be null is gone', async () => {
    await apply([typeWith({ title: varchar(10, 'Its title.') })]);

    const message = await refusal(apply([typeWith({})]));

    expect(message).toBe(
      `tiny_fact.title is in the warehouse, not null, and not declared any more: declare it again, or ${cure}`,
    );
  });

  test('names every difference at once', async () => {
    await apply([typeWith({ title: varchar(10, 'Its title.'), size: integer('Its size.') })]);

    const message = await refusal(apply([typeWith({ title: varchar(11, 'Its title.') })]));

    expect(message.split('; ')).toHaveLength(2);
  });

  test('leaves out a mart whose tables no record type makes', async () => {
    const orphan = { name: 'orphan', sql: 'select id from heimdallr.of_a_producer_that_is_gone' };

    await applySchema(world.sql, ledgerRecords, [orphan]);

    expect(world.statements.filter((statement) => statement.includes('orphan'))).toEqual([]);
  });

  test('makes a mart anew whose columns have changed', async () => {
    const mart = (sql: string) => [{ name: 'changing', sql }];
    await applySchema(
      world.sql,
      ledgerRecords,
      mart('select run_id as one, seq as two from heimdallr.receipt'),
    );

    await applySchema(
      world.sql,
      ledgerRecords,
      mart('select seq as two, feed as three from heimdallr.receipt'),
    );

    expect(await columnsOf('changing')).toEqual(['two', 'three']);
  });

  test('sends no comments and no semicolon of a mart: they are not part of a view', async () => {
    const commented = {
      name: 'commented',
      sql: "-- isn't this\n-- nice\nselect run_id from heimdallr.receipt;\n",
    };

    await applySchema(world.sql, ledgerRecords, [commented]);

    expect(world.statements.at(-1)).toBe(
      'create or replace view heimdallr.commented as\nselect run_id from heimdallr.receipt',
    );
  });
});

describe("Firehose's user", () => {
  const digest = createHash('md5').update('correct-horse-batteryfirehose').digest('hex');

  test('is made once, gets the password that the secret holds now, and may only insert', async () => {
    const statements: string[] = [];
    const sqlWith = (known: string): Sql => ({
      run: async (batch) => void statements.push(...batch),
      query: async () => [[known]],
    });

    await grantFirehose(sqlWith('0'), { username: 'firehose', password: 'correct-horse-battery' });
    await grantFirehose(sqlWith('1'), { username: 'firehose', password: 'correct-horse-battery' });

    const grants = [
      'grant usage on schema heimdallr to firehose',
      'grant insert on heimdallr.landing to firehose',
    ];
    expect(statements).toEqual([
      `create user firehose password 'md5${digest}'`,
      ...grants,
      `alter user firehose password 'md5${digest}'`,
      ...grants,
    ]);
  });

  test.each([
    ['no JSON', 'hunter2hunter2hunter2'],
    ['no password', '{"username":"firehose"}'],
    ['a name that is SQL', '{"username":"x; drop schema heimdallr","password":"hunter2hunter2hunter2"}'],
    ['a password that a digest would give away', '{"username":"firehose","password":"hunter2"}'],
  ])('is refused with %s, and the secret is not repeated', (_, secret) => {
    const read = () => parseCredentials(secret);

    expect(read).toThrow(/must be \{"username": "…", "password": "…"\}/);
    expect(read).not.toThrow(/hunter2/);
  });
});

describe('the custom resource', () => {
  const event = (RequestType: CustomResourceEvent['RequestType']): CustomResourceEvent => ({
    RequestType,
    ResponseURL: 'https://answers.invalid/here',
    StackId: 'arn:stack',
    RequestId: 'request-1',
    LogicalResourceId: 'Tables',
  });
  const minutes = { getRemainingTimeInMillis: () => 900_000 };

  /** Handles an event and gives back what CloudFormation was answered. */
  async function answerTo(
    request: CustomResourceEvent,
    { sql = world.sql, context = minutes } = {},
  ): Promise<{ readonly url: string; readonly bytes: number; readonly body: Record<string, unknown> }> {
    const answers: { url: string; bytes: number; body: Record<string, unknown> }[] = [];
    const handler = createHandler(
      {
        types: ledgerRecords,
        marts,
        firehoseSecretArn: 'arn:secret',
        answer: async (url, body) =>
          void answers.push({ url, bytes: Buffer.byteLength(body), body: JSON.parse(body) }),
      },
      { ...world.ports, sql },
    );
    await handler(request, context);
    const [answer, ...more] = answers;
    if (answer === undefined || more.length > 0) throw new Error(`answered ${answers.length} times`);
    return answer;
  }

  const identity = {
    PhysicalResourceId: 'heimdallr-schema',
    StackId: 'arn:stack',
    RequestId: 'request-1',
    LogicalResourceId: 'Tables',
  };

  test.each(['Create', 'Update'] as const)('%s applies the schema and answers', async (type) => {
    const answer = await answerTo(event(type));

    expect(answer.url).toBe('https://answers.invalid/here');
    expect(answer.body).toEqual({ Status: 'SUCCESS', Reason: 'applied', ...identity });
    expect(await columnsOf('landing')).toHaveLength(8);
  });

  test('Delete leaves the data where it is', async () => {
    await answerTo(event('Create'));
    world.statements.length = 0;

    const answer = await answerTo(event('Delete'));

    expect(answer.body).toMatchObject({ Status: 'SUCCESS' });
    expect(world.statements).toEqual([]);
  });

  test('a failure is answered with its reason, however long it is', async () => {
    const long = `syntax error at "${'"é\n'.repeat(5000)}`;
    const failing: Sql = { ...world.sql, run: () => Promise.reject(new Error(long)) };

    const answer = await answerTo(event('Create'), { sql: failing });

    expect(answer.body).toMatchObject({ Status: 'FAILED', ...identity });
    expect(long.startsWith(String(answer.body.Reason))).toBe(true);
    expect(answer.bytes).toBeLessThanOrEqual(4096);
    expect(answer.bytes).toBeGreaterThan(3500);
  });

  test('a warehouse that never comes to an end is answered for in time', async () => {
    const silent: Sql = { ...world.sql, run: () => new Promise(() => undefined) };

    const answer = await answerTo(event('Create'), {
      sql: silent,
      context: { getRemainingTimeInMillis: () => 30_020 },
    });

    expect(answer.body).toMatchObject({
      Status: 'FAILED',
      Reason:
        'the warehouse did not come to an end in time; look at its running queries and locks, then deploy again',
    });
  });
});
