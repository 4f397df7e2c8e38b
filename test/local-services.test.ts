import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  FirehoseClient,
  ListDeliveryStreamsCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
} from '@aws-sdk/client-firehose';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { CancelStatementCommand, RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AwsError, type LocalServices, type ServiceCall, startServices } from '../local/services/index.ts';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:000000000000:secret:vendor/token-AbCdEf';

const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-services-'));
const calls: ServiceCall[] = [];
let services: LocalServices;
/** What a test lets the door or a batch refuse; nothing otherwise. */
let refuseCall: (call: ServiceCall) => void = () => undefined;
let refuseRecord: (index: number) => boolean = () => false;

beforeAll(async () => {
  services = await startServices({
    dataDir,
    speed: 60,
    warehouseUrl: 'memory:',
    now: () => new Date('2026-11-23T18:30:00Z'),
    log: (message) => {
      throw new Error(message);
    },
    onCall(call) {
      calls.push(call);
      refuseCall(call);
    },
    faults: { refuseRecord: (_service, _stream, index) => refuseRecord(index) },
  });
  await services.createStream('records', 2);
  await services.createTable({ name: 'feeds', partitionKey: { name: 'feed', type: 'S' } });
  await services.createBucket('archive');
  await services.createDeliveryStream({
    name: 'quarantine',
    bucket: 'archive',
    prefix: 'rejected/',
    bufferSeconds: 900,
    bufferMegabytes: 64,
    retrySeconds: 0,
    compression: 'UNCOMPRESSED',
    destination: { kind: 's3', errorPrefix: null },
  });
  services.createSecret(SECRET, 'vendor/token', 'first');
});

afterEach(() => {
  calls.length = 0;
  refuseCall = () => undefined;
  refuseRecord = () => false;
});

afterAll(async () => {
  await services.close();
  rmSync(dataDir, { recursive: true });
});

/** Name and words of the error in which a call ends. */
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: Error) => `${error.name}: ${error.message}`,
  );

const client = (accessKeyId = 'AKIATEST') => ({
  endpoint: services.endpoint,
  region: 'eu-central-1',
  credentials: { accessKeyId, secretAccessKey: 'secret' },
  maxAttempts: 1,
});

describe('Kinesis', () => {
  const kinesis = (): KinesisClient =>
    new KinesisClient({ ...client(), requestHandler: new NodeHttpHandler() });

  async function readAll(stream: string): Promise<string[]> {
    const { Shards: shards = [] } = await kinesis().send(new ListShardsCommand({ StreamName: stream }));
    const texts: string[] = [];
    for (const { ShardId } of shards) {
      const { ShardIterator } = await kinesis().send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      );
      const { Records: records = [] } = await kinesis().send(new GetRecordsCommand({ ShardIterator }));
      texts.push(...records.map(({ Data }) => Buffer.from(Data ?? []).toString()));
    }
    return texts;
  }

  test('records that are put are read', async () => {
    const records = ['a', 'b', 'c'].map((text) => ({ Data: Buffer.from(text), PartitionKey: text }));

    const answer = await kinesis().send(new PutRecordsCommand({ StreamName: 'records', Records: records }));

    expect(answer.FailedRecordCount).toBe(0);
    expect(answer.Records?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, undefined, undefined]);
    expect((await readAll('records')).sort()).toEqual(['a', 'b', 'c']);
  });

  test('a record can be refused while the others are put', async () => {
    await services.createStream('throttled', 1);
    refuseRecord = (index) => index === 1;
    const records = ['a', 'b', 'c'].map((text) => ({ Data: Buffer.from(text), PartitionKey: text }));

    const answer = await kinesis().send(new PutRecordsCommand({ StreamName: 'throttled', Records: records }));

    expect(answer.FailedRecordCount).toBe(1);
    expect(answer.Records?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'ProvisionedThroughputExceededException',
      undefined,
    ]);
    expect(await readAll('throttled')).toEqual(['a', 'c']);
  });

  test('a call of 9 MB is taken, one above 10 MiB is not', async () => {
    await services.createStream('wide', 1);
    const put = (records: number) =>
      kinesis().send(
        new PutRecordsCommand({
          StreamName: 'wide',
          Records: Array.from({ length: records }, (_, index) => ({
            Data: Buffer.alloc(1_000_000, 97),
            PartitionKey: `k${index}`,
          })),
        }),
      );

    const answer = await put(9);

    expect(answer.Records?.filter(({ SequenceNumber }) => SequenceNumber !== undefined)).toHaveLength(9);
    await expect(put(11)).rejects.toThrow('Records of a PutRecords may be 10485760 bytes, got 11000023');
  });

  test('a stream that is not there is said', async () => {
    const put = kinesis().send(
      new PutRecordsCommand({
        StreamName: 'nothing',
        Records: [{ Data: Buffer.from('a'), PartitionKey: 'a' }],
      }),
    );

    await expect(put).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('creating what exists does nothing', async () => {
    await services.createStream('records', 2);

    const { Shards: shards } = await kinesis().send(new ListShardsCommand({ StreamName: 'records' }));

    expect(shards).toHaveLength(2);
  });
});

describe('DynamoDB', () => {
  const dynamodb = (): DynamoDBClient => new DynamoDBClient(client());

  test('a conditional write succeeds once', async () => {
    const write = () =>
      dynamodb().send(
        new PutItemCommand({
          TableName: 'feeds',
          Item: { feed: { S: 'vendor:shop' }, version: { N: '1' } },
          ConditionExpression: 'attribute_not_exists(feed)',
        }),
      );

    await write();

    await expect(write()).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    const { Item: item } = await dynamodb().send(
      new GetItemCommand({ TableName: 'feeds', Key: { feed: { S: 'vendor:shop' } } }),
    );
    expect(item).toEqual<Record<string, AttributeValue>>({ feed: { S: 'vendor:shop' }, version: { N: '1' } });
  });

  test('creating what exists does nothing', async () => {
    const creating = services.createTable({ name: 'feeds', partitionKey: { name: 'feed', type: 'S' } });

    await expect(creating).resolves.toBeUndefined();
  });
});

describe('Firehose', () => {
  const firehose = (): FirehoseClient => new FirehoseClient(client());
  const put = (records: readonly Buffer[]) =>
    firehose().send(
      new PutRecordBatchCommand({
        DeliveryStreamName: 'quarantine',
        Records: records.map((bytes) => ({ Data: bytes })),
      }),
    );
  const times = (count: number, bytes: number): Buffer[] =>
    Array.from({ length: count }, () => Buffer.alloc(bytes));

  test('a batch at the limits is taken', async () => {
    const answers = [await put(times(500, 1)), await put(times(4, 1_024_000))];

    expect(answers.map(({ FailedPutCount }) => FailedPutCount)).toEqual([0, 0]);
    expect(answers.map(({ RequestResponses }) => RequestResponses?.length)).toEqual([500, 4]);
  });

  test.each([
    ['501 records', times(501, 1), 'A batch holds 1 to 500 records, got 501'],
    ['no records', [], 'A batch holds 1 to 500 records, got 0'],
    [
      'a record above 1,000 KiB',
      times(1, 1_024_001),
      'Record 0 has 1024001 bytes, at most 1024000 are taken',
    ],
    ['more than 4 MiB', times(5, 900_000), 'A batch holds 4194304 bytes, got 4500000'],
  ])('%s are refused as a whole', async (_what, records, message) => {
    const putting = put(records);

    await expect(putting).rejects.toMatchObject({ name: 'InvalidArgumentException', message });
  });

  test('some records of a batch can be refused, and only those are missing', async () => {
    refuseRecord = (index) => index === 1;

    const answer = await put([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
    await services.firehose.flush();

    const [object = ''] = (await services.s3.list('archive', 'rejected/')).map(({ key }) => key).slice(-1);
    expect(answer.FailedPutCount).toBe(1);
    expect(answer.RequestResponses?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'ServiceUnavailableException',
      undefined,
    ]);
    expect((await services.s3.get('archive', object)).toString()).toMatch(/ac$/);
  });

  test('a single record can be refused', async () => {
    refuseRecord = () => true;

    const putting = firehose().send(
      new PutRecordCommand({ DeliveryStreamName: 'quarantine', Record: { Data: Buffer.from('a') } }),
    );

    await expect(putting).rejects.toMatchObject({ name: 'ServiceUnavailableException' });
  });

  test('a delivery stream that is not there is said', async () => {
    const putting = firehose().send(
      new PutRecordCommand({ DeliveryStreamName: 'nothing', Record: { Data: Buffer.from('a') } }),
    );

    await expect(putting).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('S3', () => {
  const s3 = (): S3Client => new S3Client(client());

  test('an object is put, copied, listed, read and deleted', async () => {
    const at = { Bucket: 'archive' };
    await s3().send(new PutObjectCommand({ ...at, Key: 'errors/a b+ü.json', Body: 'text' }));
    await s3().send(
      new CopyObjectCommand({ ...at, Key: 'done/a.json', CopySource: 'archive/errors/a%20b%2B%C3%BC.json' }),
    );

    const listed = await s3().send(new ListObjectsV2Command({ ...at, Prefix: 'errors/' }));
    const head = await s3().send(new HeadObjectCommand({ ...at, Key: 'done/a.json' }));
    const read = await s3().send(new GetObjectCommand({ ...at, Key: 'done/a.json' }));
    await s3().send(new DeleteObjectCommand({ ...at, Key: 'errors/a b+ü.json' }));
    await s3().send(new DeleteObjectCommand({ ...at, Key: 'done/a.json' }));
    const after = await s3().send(new ListObjectsV2Command({ ...at, Prefix: 'done/' }));

    expect(listed.Contents?.map(({ Key, Size }) => ({ Key, Size }))).toEqual([
      { Key: 'errors/a b+ü.json', Size: 4 },
    ]);
    expect(head.ContentLength).toBe(4);
    expect(await read.Body?.transformToString()).toBe('text');
    expect(after.Contents).toBeUndefined();
    expect(calls.map(({ action, body }) => `${action} ${String(body.Key ?? body.Prefix)}`)).toEqual([
      'PutObject errors/a b+ü.json',
      'GetObject errors/a b+ü.json',
      'PutObject done/a.json',
      'ListBucket errors/',
      'GetObject done/a.json',
      'GetObject done/a.json',
      'DeleteObject errors/a b+ü.json',
      'DeleteObject done/a.json',
      'ListBucket done/',
    ]);
  });

  test('a long list comes in pages', async () => {
    await services.createBucket('pages');
    for (const key of ['c', 'a', 'b']) await services.s3.put('pages', key, Buffer.from(key));

    const first = await s3().send(new ListObjectsV2Command({ Bucket: 'pages', MaxKeys: 2 }));
    const second = await s3().send(
      new ListObjectsV2Command({ Bucket: 'pages', ContinuationToken: first.NextContinuationToken }),
    );

    expect([first, second].map((page) => [page.IsTruncated, page.Contents?.map(({ Key }) => Key)])).toEqual([
      [true, ['a', 'b']],
      [false, ['c']],
    ]);
  });

  test('an object or a bucket that is not there is said', async () => {
    const answers = await Promise.all([
      refusal(s3().send(new GetObjectCommand({ Bucket: 'archive', Key: 'nothing' }))),
      refusal(s3().send(new PutObjectCommand({ Bucket: 'nothing', Key: 'a', Body: 'a' }))),
    ]);

    expect(answers).toEqual([
      'NoSuchKey: The specified key does not exist: nothing',
      'NoSuchBucket: The specified bucket does not exist: nothing',
    ]);
  });

  test('what would change the meaning of a call is refused rather than ignored', async () => {
    const at = { Bucket: 'archive', Body: 'a' };

    const answers = await Promise.all([
      refusal(s3().send(new PutObjectCommand({ ...at, Key: 'a', IfNoneMatch: '*' }))),
      refusal(s3().send(new PutObjectCommand({ ...at, Key: 'a//b' }))),
    ]);

    expect(answers).toEqual([
      'NotImplemented: s3: the header if-none-match is not played by the local services',
      'InvalidRequest: the key "a//b" cannot be kept as a file',
    ]);
  });
});

describe('Secrets Manager', () => {
  const secrets = (): SecretsManagerClient => new SecretsManagerClient(client());

  test('a secret is found by its ARN and by its name, and can be replaced', async () => {
    const before = await secrets().send(new GetSecretValueCommand({ SecretId: SECRET }));
    await secrets().send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: 'second' }));
    const after = await secrets().send(new GetSecretValueCommand({ SecretId: 'vendor/token' }));
    const described = await secrets().send(new DescribeSecretCommand({ SecretId: SECRET }));

    expect([before.SecretString, after.SecretString]).toEqual(['first', 'second']);
    expect([after.ARN, described.Name]).toEqual([SECRET, 'vendor/token']);
    expect(before.VersionId).not.toBe(after.VersionId);
  });

  test('a secret that is not there is said', async () => {
    const reading = secrets().send(new GetSecretValueCommand({ SecretId: 'nothing' }));

    await expect(reading).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the door', () => {
  test('every call shows service, action, caller and body before it is answered', async () => {
    await new SecretsManagerClient(client('AKIAPRODUCER')).send(
      new GetSecretValueCommand({ SecretId: SECRET }),
    );

    expect(calls).toEqual([
      {
        service: 'secretsmanager',
        action: 'GetSecretValue',
        callerAccessKeyId: 'AKIAPRODUCER',
        body: { SecretId: SECRET },
      },
    ]);
  });

  test('a refusal reaches the client as an error of AWS, for JSON and for S3', async () => {
    refuseCall = ({ action }) => {
      throw new AwsError('AccessDeniedException', `not authorized to perform ${action}`);
    };

    const answers = await Promise.all([
      refusal(
        new DynamoDBClient(client()).send(
          new GetItemCommand({ TableName: 'feeds', Key: { feed: { S: 'a' } } }),
        ),
      ),
      refusal(new S3Client(client()).send(new GetObjectCommand({ Bucket: 'archive', Key: 'a' }))),
    ]);

    expect(answers).toEqual([
      'AccessDeniedException: not authorized to perform GetItem',
      'AccessDeniedException: not authorized to perform GetObject',
    ]);
  });

  test('an action that nothing plays is named', async () => {
    const messages = await Promise.all([
      refusal(new FirehoseClient(client()).send(new ListDeliveryStreamsCommand({}))),
      refusal(new RedshiftDataClient(client()).send(new CancelStatementCommand({ Id: 'a' }))),
      refusal(
        new DynamoDBClient(client()).send(
          new UpdateTimeToLiveCommand({
            TableName: 'feeds',
            TimeToLiveSpecification: { AttributeName: 'a', Enabled: true },
          }),
        ),
      ),
    ]);

    expect(messages).toEqual([
      'UnknownOperationException: firehose:ListDeliveryStreams is not played by the local services',
      'UnknownOperationException: redshift-data:CancelStatement is not played by the local services',
      'UnknownOperationException: dynamodb:UpdateTimeToLive is not played by the local services',
    ]);
  });

  test('a service that nothing plays is named', async () => {
    const response = await fetch(services.endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'AmazonSQS.SendMessage',
        authorization: 'AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-central-1/sqs/aws4_request, Signature=0',
      },
      body: '{}',
    });

    expect([response.status, await response.json()]).toEqual([
      400,
      {
        __type: 'UnknownOperationException',
        message: 'sqs: AmazonSQS.SendMessage is not played by the local services',
      },
    ]);
  });

  test('a second process is kept out of the data directory', async () => {
    const starting = startServices({
      dataDir,
      speed: 1,
      warehouseUrl: 'memory:',
      now: () => new Date(0),
      log: () => undefined,
    });

    await expect(starting).rejects.toThrow(`${dataDir} is in use by process ${process.pid}`);
  });
});
