import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startDynamoDb } from '../local/services/dynamodb.ts';
import { startKinesis } from '../local/services/kinesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'heimdallr-emulators-'));

afterAll(() => rmSync(folder, { recursive: true }));

test('a stream keeps its records over a restart', async () => {
  const path = join(folder, 'kinesis');
  const first = await startKinesis(path, () => false);
  await first.createStream('records', 1);
  const Data = Buffer.from('kept').toString('base64');
  await first.putRecords({ StreamName: 'records', Records: [{ Data, PartitionKey: 'a' }] });
  await first.close();

  const second = await startKinesis(path, () => false);
  await second.createStream('records', 1);
  const { ShardIterator } = await second.call('GetShardIterator', {
    StreamName: 'records',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  });
  const { Records: records } = await second.call('GetRecords', { ShardIterator });
  await second.close();

  expect(records).toEqual([expect.objectContaining({ Data, PartitionKey: 'a' })]);
});

test('a table keeps its items over a restart', async () => {
  const path = join(folder, 'dynamodb');
  const table = { name: 'feeds', partitionKey: { name: 'feed', type: 'S' } } as const;
  const first = await startDynamoDb(path);
  await first.createTable(table);
  await first.call('PutItem', { TableName: 'feeds', Item: { feed: { S: 'vendor:shop' } } });
  await first.close();

  const second = await startDynamoDb(path);
  await second.createTable(table);
  const answer = await second.call('GetItem', { TableName: 'feeds', Key: { feed: { S: 'vendor:shop' } } });
  await second.close();

  expect(answer).toEqual({ Item: { feed: { S: 'vendor:shop' } } });
});

test('a close lets calls under way finish and turns late ones away, and nothing fails inside', async () => {
  const kinesis = await startKinesis(join(folder, 'closing'), () => false);
  await kinesis.createStream('records', 1);

  const calls = Array.from({ length: 20 }, () => kinesis.call('ListStreams', {}));
  await calls[0];
  const [closed] = await Promise.allSettled([kinesis.close(), ...calls]);

  expect(closed).toEqual({ status: 'fulfilled', value: undefined });
});
