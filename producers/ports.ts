/**
 * What a producer's function needs from outside, as types, and the real thing in AWS.
 *
 * The only file of the producers that knows AWS clients. Items are mapped by hand: there are six attributes,
 * and the document client would add more to the bundle than all of our own code.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as Powertools } from '@aws-lambda-powertools/metrics';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { FeedEvent } from '../contract/feed.ts';
import { type RecordStream, recordStream } from '../contract/put-records.ts';
import type { WebhookPorts } from './webhook.ts';

export interface Ports {
  readonly feeds: FeedsTable;
  readonly stream: RecordStream;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Clock {
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

/** What is kept of a feed between its runs. */
export interface FeedState {
  /** JSON text; null before the first page ever. */
  readonly cursor: string | null;
  /** Raised by one with every lease taken and every cursor saved. */
  readonly version: number;
  /** `observed_at` of the last page that was put or may have been; null before the first. */
  readonly observedAt: string | null;
  /** JSON text that the loader left: the spans that a repair is to read again; read, never saved. */
  readonly spans?: string;
}

/** The leases and cursors. A lease belongs to one run, and only its run can save. */
export interface FeedsTable {
  /**
   * Takes the lease until then (ms since 1970) and raises the version; null when another run holds it, or the
   * vendor asked not to be asked yet.
   */
  acquire(feed: string, runId: string, now: number, until: number): Promise<FeedState | null>;
  /** Saves the state; false when the lease is somebody else's by now. */
  save(feed: string, runId: string, state: FeedState): Promise<boolean>;
  /**
   * Gives the lease back, if it is still this run's.
   * @param notBefore no run before then, ms since 1970.
   * @param observedAt of the last page that was put or may have been; null when there was none.
   */
  release(feed: string, runId: string, notBefore: number | null, observedAt: string | null): Promise<void>;
}

export interface Secrets {
  /** The text of a secret. */
  read(secretArn: string): Promise<string>;
}

export type LogFields = Readonly<Record<string, string | number | boolean | object | null>>;

export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
}

export interface Metrics {
  /** Publishes counts (`RunSeconds` is in seconds) under exactly these dimensions. */
  publish(dimensions: Readonly<Record<string, string>>, values: Readonly<Record<string, number>>): void;
}

/** The ports of a function in AWS, from the environment that the template gives it. */
export function realPorts(): Ports {
  return {
    feeds: dynamoFeeds(new DynamoDBClient({ requestHandler: requestHandler() }), setting('FEEDS_TABLE')),
    stream: kinesisStream(new KinesisClient({ requestHandler: requestHandler() }), setting('STREAM_NAME')),
    ...realSurroundings(),
    random: Math.random,
  };
}

/** The ports of a feed's webhook in AWS. */
export function realWebhookPorts(): WebhookPorts {
  const lambda = new LambdaClient({ requestHandler: requestHandler() });
  const table = new DynamoDBClient({ requestHandler: requestHandler() });
  const FunctionName = setting('PRODUCER_FUNCTION');
  const event: FeedEvent = JSON.parse(setting('FEED_EVENT'));
  return {
    ...realSurroundings(),
    event,
    isFirst: firstDeliveries(table, setting('FEEDS_TABLE'), event.feed),
    async poll(payload) {
      const Payload = Buffer.from(JSON.stringify(payload));
      await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
    },
  };
}

/** Its default handler speaks HTTP/2, which no plain-HTTP endpoint understands. */
const requestHandler = (): NodeHttpHandler =>
  new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true });

function realSurroundings(): Pick<Ports, 'secrets' | 'clock' | 'log' | 'metrics'> {
  return {
    secrets: awsSecrets(new SecretsManagerClient({ requestHandler: requestHandler() })),
    clock: {
      now: () => new Date(),
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    log: powertoolsLog(new Logger()),
    metrics: emfMetrics(new Powertools()),
  };
}

/** Deliveries in the feeds table, one small item each; its time to live removes them. */
export function firstDeliveries(
  client: DynamoDBClient,
  table: string,
  feed: string,
): WebhookPorts['isFirst'] {
  return async (delivery, forgetAt) => {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { feed: { S: `${feed}#delivery-${delivery}` } },
          ConditionExpression: 'attribute_not_exists(expires_at)',
          UpdateExpression: 'set expires_at = :at',
          ExpressionAttributeValues: { ':at': { N: String(forgetAt) } },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`the environment variable ${name} must be set, got nothing; the template sets it`);
  return value;
}

/** The feeds table in DynamoDB: partition key `feed`, the rest as named here. */
export function dynamoFeeds(client: DynamoDBClient, table: string): FeedsTable {
  /** Runs an update; null when its condition does not hold. */
  const update = async (
    feed: string,
    change: Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ConditionExpression'> & {
      values: Record<string, AttributeValue>;
    },
  ): Promise<Record<string, AttributeValue> | null> => {
    const { values, ...expressions } = change;
    try {
      const { Attributes = {} } = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { feed: { S: feed } },
          ...expressions,
          ...(expressions.UpdateExpression?.includes('#cursor')
            ? { ExpressionAttributeNames: { '#cursor': 'cursor' } } // A reserved word of DynamoDB.
            : {}),
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
        }),
      );
      return Attributes;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return null;
      throw error;
    }
  };
  return {
    async acquire(feed, runId, now, until) {
      // "Or ours": the client may repeat an update whose answer was lost.
      const item = await update(feed, {
        ConditionExpression:
          '(attribute_not_exists(lease_owner) or lease_until < :now or lease_owner = :run) and (attribute_not_exists(not_before) or not_before <= :now)',
        UpdateExpression:
          'set lease_owner = :run, lease_until = :until, version = if_not_exists(version, :zero) + :one',
        values: {
          ':run': { S: runId },
          ':now': { N: String(now) },
          ':until': { N: String(until) },
          ':zero': { N: '0' },
          ':one': { N: '1' },
        },
      });
      if (item === null) return null;
      return {
        cursor: item.cursor?.S ?? null,
        version: Number(item.version?.N),
        observedAt: item.observed_at?.S ?? null,
        ...(item.spans?.S === undefined ? {} : { spans: item.spans.S }),
      };
    },
    async save(feed, runId, state) {
      const item = await update(feed, {
        ConditionExpression: 'lease_owner = :run',
        // The version is set, not raised, so that a repeat of this update changes nothing.
        UpdateExpression: 'set #cursor = :cursor, version = :version, observed_at = :observed',
        values: {
          ':run': { S: runId },
          ':cursor': { S: state.cursor ?? 'null' },
          ':version': { N: String(state.version) },
          ':observed': state.observedAt === null ? { NULL: true } : { S: state.observedAt },
        },
      });
      return item !== null;
    },
    async release(feed, runId, notBefore, observedAt) {
      const open = notBefore === null ? ', not_before' : '';
      const set = [
        ...(notBefore === null ? [] : ['not_before = :before']),
        ...(observedAt === null ? [] : ['observed_at = :observed']),
      ];
      await update(feed, {
        ConditionExpression: 'lease_owner = :run',
        UpdateExpression: `remove lease_owner, lease_until${open}${set.length === 0 ? '' : ` set ${set.join(', ')}`}`,
        values: {
          ':run': { S: runId },
          ...(notBefore === null ? {} : { ':before': { N: String(notBefore) } }),
          ...(observedAt === null ? {} : { ':observed': { S: observedAt } }),
        },
      });
    },
  };
}

/** A Kinesis data stream. */
export const kinesisStream = (client: KinesisClient, name: string): RecordStream =>
  recordStream(async (entries) => {
    const Records = entries.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }));
    const answer = await client.send(new PutRecordsCommand({ StreamName: name, Records }));
    return answer.Records ?? [];
  });

/** Secrets Manager. */
export function awsSecrets(client: SecretsManagerClient): Secrets {
  return {
    async read(secretArn) {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
      if (SecretString === undefined)
        throw new Error(`the secret ${secretArn} must hold text, got bytes; put the token into it as text`);
      return SecretString;
    },
  };
}

function powertoolsLog(logger: Logger): Log {
  return {
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
  };
}

/** The unit of a metric is the end of its name. */
function unitOf(name: string): 'Seconds' | 'Percent' | 'Count' {
  if (name.endsWith('Seconds')) return 'Seconds';
  return name.endsWith('Percent') ? 'Percent' : 'Count';
}

/** Metrics as lines of the log (CloudWatch embedded metric format): no call, and nothing to wait for. */
function emfMetrics(metrics: Powertools): Metrics {
  // The service is left out: an alarm must name every dimension, and the feed says it all.
  metrics.clearDefaultDimensions();
  return {
    publish(dimensions, values) {
      for (const [name, value] of Object.entries(dimensions)) metrics.addDimension(name, value);
      for (const [name, value] of Object.entries(values)) metrics.addMetric(name, unitOf(name), value);
      metrics.publishStoredMetrics();
    },
  };
}
