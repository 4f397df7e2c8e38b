/**
 * What the transform needs from outside, as types, and the real thing in AWS.
 *
 * The only file of the transform that knows an AWS client.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as Powertools } from '@aws-lambda-powertools/metrics';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface Ports {
  /** Names of the streams that load landing; a row's key decides which of them takes it. */
  readonly deliveryStreams: readonly string[];
  /** Name of the stream that keeps rejected records. */
  readonly quarantineStream: string;
  readonly firehose: Firehose;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Firehose {
  /** Puts at most 500 records and answers, in their order, null for each one taken or else its error code. */
  put(stream: string, records: readonly Uint8Array[]): Promise<readonly (string | null)[]>;
}

export interface Clock {
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

export interface Log {
  warn(message: string, fields: Readonly<Record<string, string | number | Error>>): void;
}

export interface Metrics {
  /** Publishes counts (a name that begins with `Bytes` is in bytes) under the service and these dimensions. */
  publish(dimensions: Readonly<Record<string, string>>, values: Readonly<Record<string, number>>): void;
}

/** The ports of the function in AWS, from the environment that the template gives it. */
export function realPorts(): Ports {
  return {
    deliveryStreams: setting('DELIVERY_STREAMS').split(','),
    quarantineStream: setting('QUARANTINE_STREAM'),
    firehose: awsFirehose(
      new FirehoseClient({
        maxAttempts: 1, // `deliver` sends again, within its time and only what was not taken.
        requestHandler: new NodeHttpHandler({
          connectionTimeout: 3_000,
          requestTimeout: 10_000,
          throwOnRequestTimeout: true,
        }),
      }),
    ),
    clock: {
      now: () => new Date(),
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    random: Math.random,
    log: powertoolsLog(new Logger()),
    metrics: emfMetrics(new Powertools()),
  };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`the environment variable ${name} must be set, got nothing; the template sets it`);
  return value;
}

function awsFirehose(client: FirehoseClient): Firehose {
  return {
    async put(stream, records) {
      const { RequestResponses = [] } = await client.send(
        new PutRecordBatchCommand({
          DeliveryStreamName: stream,
          Records: records.map((data) => ({ Data: data })),
        }),
      );
      // Taken is what has a record id, not what has no error code.
      return records.map((_, index) =>
        RequestResponses[index]?.RecordId === undefined
          ? (RequestResponses[index]?.ErrorCode ?? 'NoAnswer')
          : null,
      );
    },
  };
}

function powertoolsLog(logger: Logger): Log {
  return { warn: (message, fields) => logger.warn(message, { ...fields }) };
}

/**
 * Metrics as lines of the log (CloudWatch embedded metric format): no call, and nothing to wait for. The service
 * is a dimension of all of them: without any dimension set, CloudWatch would make no metric.
 */
function emfMetrics(metrics: Powertools): Metrics {
  return {
    publish(dimensions, values) {
      for (const [name, value] of Object.entries(dimensions)) metrics.addDimension(name, value);
      for (const [name, value] of Object.entries(values))
        metrics.addMetric(name, name.startsWith('Bytes') ? 'Bytes' : 'Count', value);
      metrics.publishStoredMetrics();
    },
  };
}
