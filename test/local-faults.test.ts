/** The hooks for faults: what happens to a call when it is struck before its effect, and what when after. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  AwsError,
  type Faults,
  type LocalServices,
  NoAnswer,
  startServices,
} from '../local/services/index.ts';
import { bench } from './stack-fixtures.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-services-'));
let services: LocalServices;
let dynamodb: DynamoDBClient;
/** What a test hooks; nothing otherwise. */
let faults: Faults = {};

beforeAll(async () => {
  services = await startServices({
    ...{ dataDir, speed: 60, warehouseUrl: 'memory:', now: () => new Date(), log: () => undefined },
    faults: {
      beforeCall: (call) => faults.beforeCall?.(call),
      afterCall: (call) => faults.afterCall?.(call),
      beforeStatement: (sql) => faults.beforeStatement?.(sql),
      beforeWrite: (bucket, key) => faults.beforeWrite?.(bucket, key),
    },
  });
  await services.createTable({ name: 'feeds', partitionKey: { name: 'feed', type: 'S' } });
  await services.createBucket('archive');
  services.registerWarehouse({ workgroup: 'heimdallr', database: 'dev' });
  dynamodb = new DynamoDBClient(client());
});

afterEach(() => {
  faults = {};
});

afterAll(async () => {
  dynamodb.destroy();
  await services.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const client = () => ({
  ...{ endpoint: services.endpoint, region: 'us-east-1', maxAttempts: 1, forcePathStyle: true },
  credentials: { accessKeyId: 'Somebody', secretAccessKey: 'local' },
});

const put = (feed: string) =>
  dynamodb.send(new PutItemCommand({ TableName: 'feeds', Item: { feed: { S: feed } } }));

const isThere = async (feed: string): Promise<boolean> =>
  (await dynamodb.send(new GetItemCommand({ TableName: 'feeds', Key: { feed: { S: feed } } }))).Item !==
  undefined;

test('a call that is refused before its effect has none', async () => {
  faults = {
    beforeCall({ action }) {
      if (action === 'PutItem') throw new AwsError('ThrottlingException', 'Rate exceeded');
    },
  };

  await expect(put('refused')).rejects.toThrow('Rate exceeded');

  expect(await isThere('refused')).toBe(false);
});

test('a call whose answer got lost has had its effect, and its caller has no answer', async () => {
  faults = {
    afterCall({ action }) {
      if (action === 'PutItem') throw new NoAnswer('lost');
    },
  };

  await expect(put('unanswered')).rejects.toThrow(/ECONNRESET|socket hang up/);

  expect(await isThere('unanswered')).toBe(true);
});

test('a hook is told who calls what', async () => {
  const calls: unknown[] = [];
  faults = {
    afterCall: ({ service, action, callerAccessKeyId }) =>
      void calls.push([service, action, callerAccessKeyId]),
  };

  await put('somebody');

  expect(calls).toEqual([['dynamodb', 'PutItem', 'Somebody']]);
});

test('a statement that is struck fails as the warehouse would let it fail', async () => {
  const redshift = new RedshiftDataClient(client());
  faults = {
    beforeStatement() {
      throw new Error('the connection is lost');
    },
  };

  const { Id } = await redshift.send(
    new ExecuteStatementCommand({
      WorkgroupName: 'heimdallr',
      Database: 'dev',
      Sql: 'select 1',
      WaitTimeSeconds: 5,
    }),
  );
  const { Status, Error: reason } = await redshift.send(new DescribeStatementCommand({ Id }));

  expect([Status, reason]).toEqual(['FAILED', 'ERROR: the connection is lost']);
  redshift.destroy();
});

test('an object that is refused is not there', async () => {
  const s3 = new S3Client(client());
  faults = {
    beforeWrite(bucket, key) {
      throw new AwsError('SlowDown', `${bucket}/${key}`, 503);
    },
  };

  const writing = s3.send(new PutObjectCommand({ Bucket: 'archive', Key: 'a', Body: 'text' }));

  await expect(writing).rejects.toThrow('archive/a');
  await expect(s3.send(new GetObjectCommand({ Bucket: 'archive', Key: 'a' }))).rejects.toThrow('key');
  s3.destroy();
});

test('a function can live at another time, and its deadline stays', async () => {
  let aheadMs = 0;
  const { functions, deploy } = bench({ clockAhead: () => aheadMs });
  const { name } = deploy(`export const handler = async (at, context) => ({
    now: Date.now() - at, made: new Date() - at, given: new Date(5).getTime(), left: context.getRemainingTimeInMillis() });`);
  const near = (milliseconds: number) => expect.closeTo(milliseconds, -4);

  const before = await functions.invoke(name, Date.now());
  aheadMs = 3_600_000;
  const after = await functions.invoke(name, Date.now());

  expect(before).toMatchObject({ payload: { now: near(0), made: near(0), given: 5, left: near(5000) } });
  expect(after).toMatchObject({
    payload: { now: near(aheadMs), made: near(aheadMs), given: 5, left: near(5000) },
  });
});
