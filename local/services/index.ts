/**
 * Every AWS service the stack needs, in this process and on loopback.
 *
 * kinesalite and dynalite play Kinesis and DynamoDB, Postgres plays Redshift, and what no package offers is played
 * by the files beside this one. All state is in one directory: a start on the same directory continues, also after the
 * process was killed.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase } from '../warehouse/database.ts';
import type { OnCall } from './call.ts';
import { type PlayedStack, startCloudFormation } from './cloudformation.ts';
import { takeDirectory } from './data-directory.ts';
import type { DeliveryStreamDefinition } from './delivery-stream.ts';
import { startDynamoDb, type TableDefinition } from './dynamodb.ts';
import { type Firehose, startFirehose } from './firehose.ts';
import { startGateway } from './gateway.ts';
import { startKinesis } from './kinesis.ts';
import { FUNCTION_URLS, type FunctionRunner, startLambda } from './lambda.ts';
import { type ObjectStore, openObjectStore, parseS3Url } from './object-store.ts';
import { startRedshiftData, type WarehouseName } from './redshift-data.ts';
import { type PlayedSchedule, startSchedules } from './schedules.ts';
import { startSecrets } from './secrets.ts';
import { type Published, startSns } from './sns.ts';

export type { Database, Query, QueryResult } from '../warehouse/database.ts';
export { AwsError, type Body, NoAnswer, type OnCall, type ServiceCall, type ServiceName } from './call.ts';
export type { PlayedStack } from './cloudformation.ts';
export type { DeliveryStreamDefinition } from './delivery-stream.ts';
export type { TableDefinition } from './dynamodb.ts';
export type { Delivery, DeliveryStats, Firehose } from './firehose.ts';
export type { FunctionRunner } from './lambda.ts';
export type { ObjectStore } from './object-store.ts';
export type { WarehouseName } from './redshift-data.ts';
export type { PlayedSchedule } from './schedules.ts';

export interface ServicesOptions {
  /** All state lives here; a second start on the same directory continues. */
  readonly dataDir: string;
  /** How many times faster than AWS buffers and retries run; 1 is real time. */
  readonly speed: number;
  /** `postgres://…`, `memory:` (PGlite that forgets), or null: PGlite in the data directory. */
  readonly warehouseUrl: string | null;
  readonly now: () => Date;
  readonly log: (message: string, fields?: Readonly<Record<string, string | number | boolean>>) => void;
  readonly onCall?: OnCall;
  readonly faults?: Faults;
}

/** Where a test makes things go wrong. A hook can wait, throw an AwsError, or throw NoAnswer; nothing is hooked in `npm start`. */
export interface Faults {
  /** A call is permitted and has not had its effect; what is thrown here keeps it from having one. */
  readonly beforeCall?: OnCall;
  /** A call has had its effect; what is thrown here takes the place of its answer. */
  readonly afterCall?: OnCall;
  /** Throws to make a statement of the Data API fail, and with it all of its transaction. */
  readonly beforeStatement?: (sql: string) => void | Promise<void>;
  /** Throws to make S3 refuse an object, whoever writes it. */
  readonly beforeWrite?: (bucket: string, key: string) => void | Promise<void>;
  /**
   * True refuses one entry of a PutRecords or PutRecordBatch, and the call itself succeeds: Kinesis says
   * ProvisionedThroughputExceededException, Firehose ServiceUnavailableException.
   */
  readonly refuseRecord?: (service: 'kinesis' | 'firehose', stream: string, index: number) => boolean;
  /** Throws to make the COPY of a manifest fail. */
  readonly beforeCopy?: (stream: string, manifestUrl: string) => void | Promise<void>;
  /** Throws as if the answer of a COPY that was committed got lost. */
  readonly afterCopy?: (stream: string, manifestUrl: string) => void | Promise<void>;
}

export interface LocalServices {
  /** The one address for every service: AWS_ENDPOINT_URL. Calls pass `onCall`. */
  readonly endpoint: string;
  /**
   * Kinesis itself, past the gateway and its hook: for the event source mapping. Until a shard has shown its first
   * record, an iterator that read nothing moves on with the clock, past a record that is just being written.
   */
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly warehouse: Database;
  readonly firehose: Firehose;
  /** SecretString by ARN. */
  readonly secrets: Map<string, string>;
  /** What was published to topics of SNS. */
  readonly published: readonly Published[];
  readonly s3: ObjectStore;
  /** All of these do nothing to what exists already. */
  createStream(name: string, shards: number): Promise<void>;
  createTable(definition: TableDefinition): Promise<void>;
  /** Takes up what an earlier process had buffered, so its bucket must be there before. */
  createDeliveryStream(definition: DeliveryStreamDefinition): Promise<void>;
  createBucket(name: string): Promise<void>;
  createSecret(arn: string, name: string, value: string): void;
  /** Makes the warehouse answer under this workgroup or cluster and database name. */
  registerWarehouse(name: WarehouseName): void;
  /** Makes Invoke and function URLs reach these functions. */
  registerFunctions(runner: FunctionRunner): void;
  /** Makes CloudFormation and Scheduler answer for a stack that is deployed. */
  registerStack(stack: PlayedStack, schedules: readonly PlayedSchedule[]): void;
  /** Where the URL of a function is served here. */
  functionUrl(name: string): string;
  /** Stops everything; what is buffered stays in the data directory. Whoever uses `kinesisEndpoint` stops before. */
  close(): Promise<void>;
}

/**
 * Starts every service.
 * @throws when the data directory is in use by another process, or the warehouse cannot be reached.
 */
export async function startServices(options: ServicesOptions): Promise<LocalServices> {
  const { dataDir, speed, now, log, faults = {} } = options;
  const folder = (name: string): string => {
    const path = join(dataDir, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const refuse =
    (service: 'kinesis' | 'firehose') =>
    (stream: string, index: number): boolean =>
      faults.refuseRecord?.(service, stream, index) ?? false;

  const giveBack = takeDirectory(dataDir);
  // First, because it is what can fail: nothing else is to be stopped then.
  const warehouse = await openDatabase({ url: options.warehouseUrl, dataDir }).catch((error: unknown) => {
    giveBack();
    throw error;
  });
  const s3 = guarded(openObjectStore(folder('s3')), faults);
  const secrets = startSecrets(now);
  const kinesis = await startKinesis(folder('kinesis'), refuse('kinesis'));
  const dynamodb = await startDynamoDb(folder('dynamodb'));
  const firehose = startFirehose({
    folder: folder('firehose'),
    store: s3,
    warehouse,
    now,
    speed,
    refuse: refuse('firehose'),
    beforeCopy: (stream, url) => faults.beforeCopy?.(stream, url),
    afterCopy: (stream, url) => faults.afterCopy?.(stream, url),
  });
  const redshiftData = startRedshiftData({
    warehouse,
    now,
    secrets: secrets.values,
    beforeStatement: (sql) => faults.beforeStatement?.(sql),
    readObject: async (url) => {
      const { bucket, key } = parseS3Url(url);
      return s3.get(bucket, key);
    },
  });
  const lambda = startLambda();
  const schedules = startSchedules(now);
  const cloudformation = startCloudFormation(now);
  const sns = startSns();
  const gateway = await startGateway({
    lambda,
    schedules,
    cloudformation,
    sns,
    now,
    kinesis,
    dynamodb,
    firehose: firehose.service,
    redshiftData: redshiftData.service,
    secrets: secrets.service,
    s3,
    async onCall(call) {
      await options.onCall?.(call);
      await faults.beforeCall?.(call);
    },
    onAnswer: async (call) => faults.afterCall?.(call),
    onBug: (error, call) => log(`${call} failed: ${error instanceof Error ? error.stack : String(error)}`),
  });

  return {
    endpoint: gateway.endpoint,
    kinesisEndpoint: kinesis.endpoint,
    dynamodbEndpoint: dynamodb.endpoint,
    warehouse,
    firehose,
    secrets: secrets.values,
    published: sns.published,
    s3,
    createStream: kinesis.createStream,
    createTable: dynamodb.createTable,
    async createDeliveryStream(definition) {
      firehose.createDeliveryStream(definition);
    },
    createBucket: s3.createBucket,
    createSecret: secrets.create,
    registerWarehouse: redshiftData.register,
    registerFunctions: lambda.register,
    registerStack(stack, known) {
      cloudformation.register(stack);
      schedules.register(known);
    },
    functionUrl: (name) => `${gateway.endpoint}${FUNCTION_URLS}${encodeURIComponent(name)}/`,
    async close() {
      await gateway.close();
      await Promise.all([firehose.close(), redshiftData.close(), kinesis.close(), dynamodb.close()]);
      await warehouse.close();
      giveBack();
    },
  };
}

/** The store as a test lets it be. */
const guarded = (store: ObjectStore, { beforeWrite }: Faults): ObjectStore =>
  beforeWrite === undefined
    ? store
    : {
        ...store,
        async put(bucket, key, bytes) {
          await beforeWrite(bucket, key);
          await store.put(bucket, key, bytes);
        },
      };
