/**
 * An event source mapping: Lambda's poller between a Kinesis stream and a function.
 *
 * It reads past the gateway, because Lambda's own reads are no calls of the function. Streams are not resharded
 * on one machine, so the shards found at the start are all there are.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { DescribeStreamSummaryCommand, KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Checkpoints } from './checkpoints.ts';
import { type Destinations, datedKey } from './destinations.ts';
import type { OnEvent } from './events.ts';
import type { FunctionDefinition, InvokeResult } from './functions.ts';
import type { EventRecord } from './kinesis-event.ts';
import { type BatchRules, type Discarded, Lane, type LanePorts } from './lane.ts';
import { ShardReader } from './shard-reader.ts';

/** A mapping as its template declares it. */
export interface MappingDefinition {
  readonly logicalId: string;
  readonly uuid: string;
  readonly streamName: string;
  readonly streamArn: string;
  /** Name, ARN or logical id. */
  readonly functionId: string;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly parallelization: number;
  readonly rules: BatchRules;
  /** ARN of the on-failure destination. */
  readonly onFailure: string | null;
}

export interface MappingOptions {
  readonly dataDir: string;
  readonly kinesisEndpoint: string;
  readonly region: string;
  readonly speed: number;
  readonly now: () => Date;
  /** The clock by which the stream says when a record arrived; default: that of this machine, whatever `now` shows. */
  readonly streamNow?: () => Date;
  readonly functions: {
    find(id: string): FunctionDefinition;
    invoke(id: string, event: unknown): Promise<InvokeResult>;
  };
  readonly destinations: Destinations;
  readonly onEvent: OnEvent;
}

/** A mapping at work. */
export interface Mapping {
  readonly definition: MappingDefinition;
  /** True when everything on the stream has been read and is done with; it reads once more to know. */
  isIdle(): Promise<boolean>;
  /** Ends after the batches in work; what is not done with is read again at the next start. */
  close(): Promise<void>;
}

/** Lambda reads each shard about once per second. */
const POLL_MS = 1000;

/** Reading more often than this only keeps the emulated stream busy. */
const MIN_POLL_MS = 20;

/** Starts a mapping. @throws {Error} when the stream is not there. */
export async function startMapping(definition: MappingDefinition, options: MappingOptions): Promise<Mapping> {
  const { streamName, logicalId } = definition;
  const kinesis = new KinesisClient({
    endpoint: options.kinesisEndpoint,
    region: options.region,
    credentials: { accessKeyId: logicalId, secretAccessKey: 'local' },
    // The client's own handler speaks HTTP/2 only.
    requestHandler: new NodeHttpHandler(),
  });
  const { StreamDescriptionSummary: stream } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName: streamName }),
  );
  const identity = `${streamName} of ${stream?.StreamCreationTimestamp?.toISOString()}`;
  const checkpoints = new Checkpoints(join(options.dataDir, 'checkpoints', `${logicalId}.json`), identity);
  const stopping = new AbortController();
  // Every lane listens to it; Node takes more than ten listeners for a leak.
  setMaxListeners(0, stopping.signal);
  // One answer has up to a thousand shards, more than one machine can play.
  const { Shards: found = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamName }));
  const shards = found.map(({ ShardId: shardId = '' }) =>
    startShard(shardId, { definition, options, kinesis, checkpoints, signal: stopping.signal }),
  );
  return {
    definition,
    async isIdle() {
      const idle = await Promise.all(shards.map(({ reader }) => reader.isIdle()));
      return idle.every(Boolean);
    },
    async close() {
      stopping.abort();
      await Promise.all(shards.map(({ running }) => running));
      kinesis.destroy();
    },
  };
}

interface ShardParts {
  readonly definition: MappingDefinition;
  readonly options: MappingOptions;
  readonly kinesis: KinesisClient;
  readonly checkpoints: Checkpoints;
  readonly signal: AbortSignal;
}

function startShard(shardId: string, { definition, options, kinesis, checkpoints, signal }: ShardParts) {
  const { rules, parallelization, streamName, streamArn, startingPosition } = definition;
  const { functions, region, speed, streamNow: now = () => new Date(), onEvent } = options;
  const { name: functionName, roleArn } = functions.find(definition.functionId);
  const ports: LanePorts = {
    rules,
    speed,
    now,
    signal,
    invoke: (records) => functions.invoke(functionName, { Records: records }),
    discard: async (discarded) => {
      const keptAt = await keep(shardId, discarded, definition, options).catch(() => null);
      const { records, condition } = discarded;
      onEvent({ kind: 'discarded', functionName, shardId, records: records.length, condition, keptAt });
    },
    onBatch: (records, handled) => onEvent({ kind: 'batch', functionName, shardId, records, handled }),
    onDone: (records) => reader.done(records),
  };
  const lanes = Array.from({ length: parallelization }, () => new Lane(ports));
  const reader = new ShardReader({
    kinesis,
    streamName,
    shardId,
    source: { streamArn, region, roleArn },
    startingPosition,
    checkpoints,
    lanes,
    capacity: 2 * rules.batchSize * parallelization,
    pollMs: Math.max(MIN_POLL_MS, POLL_MS / speed),
    now,
    signal,
    onError: (message) => onEvent({ kind: 'poll_failed', shardId, message }),
  });
  return { reader, running: Promise.all([reader.run(), ...lanes.map((lane) => lane.run())]) };
}

/** Puts what is given up where the mapping says. @returns where, or null when it says nothing. */
async function keep(
  shardId: string,
  { records, condition, invocations, lastResult }: Discarded,
  { uuid, streamArn, onFailure, functionId }: MappingDefinition,
  { functions, destinations, now }: MappingOptions,
): Promise<string | null> {
  if (onFailure === null) return null;
  const arrival = (record: EventRecord | undefined): string =>
    new Date((record?.kinesis.approximateArrivalTimestamp ?? 0) * 1000).toISOString();
  const document = {
    requestContext: {
      requestId: lastResult !== null && 'requestId' in lastResult ? lastResult.requestId : randomUUID(),
      functionArn: functions.find(functionId).arn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(lastResult === null ? {} : { responseContext: responseContext(lastResult) }),
    version: '1.0',
    timestamp: now().toISOString(),
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: records[0]?.kinesis.sequenceNumber,
      endSequenceNumber: records.at(-1)?.kinesis.sequenceNumber,
      approximateArrivalOfFirstRecord: arrival(records[0]),
      approximateArrivalOfLastRecord: arrival(records.at(-1)),
      batchSize: records.length,
      streamArn,
    },
    // Only a bucket gets the records themselves; from a queue they must be read again before they expire.
    ...(onFailure.startsWith('arn:aws:s3:') ? { payload: JSON.stringify({ Records: records }) } : {}),
  };
  return destinations.send(
    onFailure,
    `aws/lambda/${uuid}/${shardId}/${datedKey(now(), randomUUID())}`,
    document,
  );
}

function responseContext(result: InvokeResult) {
  const context = { statusCode: 200, executedVersion: '$LATEST' };
  return result.status === 'failed' ? { ...context, functionError: 'Unhandled' } : context;
}
