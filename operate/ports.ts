/**
 * What is done with a pipeline, as types, and the real thing through the AWS SDK: in an account, or at the one
 * address of a pipeline that runs on this machine. The only file here that knows AWS clients.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type RecordStream, recordStream } from '../contract/put-records.ts';
import { dataApi } from '../warehouse/ports.ts';
import { type Sql, sqlOver } from '../warehouse/sql.ts';
import { attach, gone } from './attach.ts';
import type { Place } from './command-line.ts';
import { explained } from './explain.ts';

/** A pipeline that runs. */
export interface Pipeline {
  /** For a person: which one it is. */
  readonly name: string;
  /** An output of its stack. @throws {Error} when there is none of that name. */
  output(name: string): string;
  /** Functions that are started by its schedules, with what they get as JSON text. */
  starts(): Promise<readonly Start[]>;
  /** Calls a function and waits for its answer. */
  invoke(functionArn: string, event: unknown): Promise<Invoked>;
  bucket(name: string): Objects;
  stream(name: string): RecordStream;
  /** SecretString of a secret. */
  secret(arn: string): Promise<string>;
  putSecret(arn: string, text: string): Promise<void>;
  /** SQL on its warehouse, as the user that owns the tables. */
  warehouse(): Sql;
  /** What is kept of feeds and walks, by key. */
  states(): Promise<ReadonlyMap<string, FeedItem>>;
}

/** What is kept of a feed. */
export interface FeedItem {
  /** JSON; null before the first page. */
  readonly cursor: string | null;
  /** When its newest run was alive, as ISO. */
  readonly observedAt: string | null;
  /** The vendor asked not to be polled before, in milliseconds since 1970. */
  readonly notBefore: number | null;
}

export interface Start {
  readonly functionArn: string;
  readonly input: string;
}

export type Invoked =
  | { readonly status: 'ok'; readonly payload: unknown }
  /** The function threw, ran out of time or of memory. */
  | { readonly status: 'failed'; readonly reason: string }
  /** It runs as often as it may already. */
  | { readonly status: 'busy' };

/** Objects of a bucket. */
export interface Objects {
  /** Keys under a prefix of what was written at that time or later, in order. */
  list(prefix: string, since: Date): Promise<readonly string[]>;
  /** Null when there is no such object. */
  read(key: string): Promise<Buffer | null>;
  /** Whole or not at all. */
  write(key: string, bytes: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
}

/** What SDK clients are made with; empty in an account. */
interface Reach {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Longer than any function of the pipeline may run: its own time-out is what ends it. */
const INVOKE_TIMEOUT_MS = 15 * 60_000;

/**
 * Finds a pipeline.
 * @throws {Error} in one line that says what to do, here and from every call later.
 */
export async function connect(place: Place): Promise<Pipeline> {
  const local = 'dataDir' in place ? attach(place.dataDir) : null;
  const stack = local?.stack ?? ('stack' in place ? place.stack : '');
  const said = explained({
    stack,
    whenGone: local === null || !('dataDir' in place) ? null : gone(place.dataDir, local),
  });
  const region = 'region' in place ? place.region : null;
  const reach: Reach =
    local === null
      ? { ...(region === null ? {} : { region }) }
      : {
          ...{ endpoint: local.endpoint, region: local.region },
          credentials: { accessKeyId: 'operator', secretAccessKey: 'local' },
        };
  const outputs = await said(() => outputsOf(new CloudFormationClient(reach), stack));
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value !== undefined) return value;
    throw new Error(
      `the stack ${stack} has no output ${name}; deploy this version of it, or name another with --stack`,
    );
  };
  const lambda = new LambdaClient({
    ...reach,
    // A repeat would start the function twice.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ requestTimeout: INVOKE_TIMEOUT_MS }),
  });
  const secrets = new SecretsManagerClient(reach);
  const s3 = new S3Client({ ...reach, forcePathStyle: local !== null });
  // Its own handler speaks HTTP/2, which no plain-HTTP endpoint understands.
  const kinesis = new KinesisClient({ ...reach, requestHandler: new NodeHttpHandler() });
  return {
    name: local === null ? `${stack} in ${await lambda.config.region()}` : `${stack} at ${local.endpoint}`,
    output,
    starts: () => said(() => startsOf(new SchedulerClient(reach), output('ScheduleGroupName'))),
    invoke: (functionArn, event) => said(() => invoke(lambda, functionArn, event)),
    bucket: (name) => objectsOf(s3, name, said),
    secret: (arn) =>
      said(async () => {
        const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
        if (SecretString === undefined) throw new Error(`the secret ${arn} must hold text, got bytes`);
        return SecretString;
      }),
    async putSecret(arn, text) {
      await said(() => secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: text })));
    },
    states: () => said(() => statesOf(new DynamoDBClient(reach), output('FeedsTableName'))),
    warehouse() {
      const api = dataApi(new RedshiftDataClient(reach), {
        Database: output('WarehouseDatabase'),
        SecretArn: output('WarehouseSecretArn'),
        ...(outputs.has('WarehouseCluster')
          ? { ClusterIdentifier: output('WarehouseCluster') }
          : { WorkgroupName: output('WarehouseWorkgroup') }),
      });
      const sql = sqlOver(api, { sleep: (milliseconds) => sleep(milliseconds), random: Math.random });
      return {
        run: (statements) => said(() => sql.run(statements)),
        query: (statement) => said(() => sql.query(statement)),
      };
    },
    stream: (name) =>
      recordStream((entries) => {
        const Records = entries.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }));
        return said(
          async () =>
            (await kinesis.send(new PutRecordsCommand({ StreamName: name, Records }))).Records ?? [],
        );
      }),
  };
}

type Said = <T>(call: () => Promise<T>) => Promise<T>;

async function outputsOf(client: CloudFormationClient, stack: string): Promise<ReadonlyMap<string, string>> {
  const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  return new Map(
    (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}

async function startsOf(client: SchedulerClient, GroupName: string): Promise<readonly Start[]> {
  const starts: Start[] = [];
  for await (const { Schedules = [] } of paginateListSchedules({ client }, { GroupName })) {
    for (const { Name } of Schedules) {
      const { Target } = await client.send(new GetScheduleCommand({ GroupName, Name }));
      starts.push({ functionArn: Target?.Arn ?? '', input: Target?.Input ?? '{}' });
    }
  }
  return starts;
}

async function statesOf(client: DynamoDBClient, TableName: string): Promise<ReadonlyMap<string, FeedItem>> {
  const states = new Map<string, FeedItem>();
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) {
    for (const { feed, cursor, observed_at, not_before } of Items)
      states.set(feed?.S ?? '', {
        cursor: cursor?.S ?? null,
        observedAt: observed_at?.S ?? null,
        notBefore: not_before?.N === undefined ? null : Number(not_before.N),
      });
  }
  return states;
}

async function invoke(client: LambdaClient, FunctionName: string, event: unknown): Promise<Invoked> {
  try {
    const Payload = Buffer.from(JSON.stringify(event));
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    const payload: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8') || 'null');
    if (answer.FunctionError === undefined) return { status: 'ok', payload };
    const { errorType = 'Error', errorMessage = 'without a word' } = payload as Readonly<
      Record<string, string>
    >;
    return { status: 'failed', reason: `${errorType}: ${errorMessage}` };
  } catch (error) {
    if (error instanceof Error && error.name === 'TooManyRequestsException') return { status: 'busy' };
    throw error;
  }
}

function objectsOf(client: S3Client, Bucket: string, said: Said): Objects {
  return {
    list: (Prefix, since) =>
      said(async () => {
        const keys: string[] = [];
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
          for (const { Key, LastModified } of Contents)
            if (Key !== undefined && (LastModified === undefined || LastModified >= since)) keys.push(Key);
        }
        return keys;
      }),
    read: (Key) =>
      said(async () => {
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
          return Body === undefined ? null : Buffer.from(await Body.transformToByteArray());
        } catch (error) {
          if (error instanceof NoSuchKey) return null;
          throw error;
        }
      }),
    write: (Key, Body) =>
      said(async () => {
        await client.send(new PutObjectCommand({ Bucket, Key, Body }));
      }),
    remove: (Key) =>
      said(async () => {
        await client.send(new DeleteObjectCommand({ Bucket, Key }));
      }),
  };
}
