/**
 * The real functions, each in a process, with ports that lead into the world of models.
 */
import { validators } from '../../../.generated/validators.js';
import { compileValidator } from '../../../contract/json-schema.ts';
import { ledgerRecords } from '../../../contract/ledger.ts';
import { PollError, type Producer } from '../../../contract/producer.ts';
import type { RecordType } from '../../../contract/record.ts';
import { createHandler as createProducer, type FeedHandler } from '../../../producers/handler.ts';
import type { FeedsTable, Ports as ProducerPorts } from '../../../producers/ports.ts';
import rollbar from '../../../producers/rollbar/index.ts';
import type { Ports as TransformPorts } from '../../../transformers/ports.ts';
import { createHandler as createTransform, type Handler } from '../../../transformers/transform.ts';
import { createHandler as createLoader } from '../../../warehouse/loader/load.ts';
import { type Sql, sqlOver } from '../../../warehouse/sql.ts';
import type { Delivery } from './delivery.ts';
import { Process, type Trouble } from './process.ts';
import type { Asks, Source } from './source.ts';
import type { Stream } from './stream.ts';
import type { Timeline } from './time.ts';
import { playEvent, playItem } from './vendor.ts';
import type { Warehouse } from './warehouse.ts';

/** What a planted bug changes; see `bugs.ts`. */
export interface Variant {
  readonly makeProducer?: (producer: Producer, ports: ProducerPorts) => FeedHandler;
  readonly producerPorts?: (ports: ProducerPorts) => ProducerPorts;
  readonly transformPorts?: (ports: TransformPorts) => TransformPorts;
  readonly transform?: (handler: Handler) => Handler;
  readonly sql?: (sql: Sql) => Sql;
  /** Every statement of the loader is a transaction of its own. */
  readonly isAutoCommit?: boolean;
}

/** What the functions find around them. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly trouble: Trouble;
  readonly random: () => number;
  readonly source: Source;
  readonly feeds: FeedsTable;
  readonly delivery: Delivery;
  readonly warehouse: Warehouse;
  readonly variant: Variant;
}

/** What is loaded. */
export const types: readonly RecordType[] = [playEvent, playItem, ...rollbar.records, ...ledgerRecords];

const playValidators = {
  ...validators,
  play_event_v1: compileValidator(playEvent),
  play_item_v1: compileValidator(playItem),
};

/** A container: a process that outlives its invocations, and what it holds in memory. */
export interface Container<Function> {
  readonly process: Process;
  readonly handler: Function;
}

const clockOf = (timeline: Timeline, offBy = () => 0) => ({
  now: () => new Date(timeline.now + offBy()),
  sleep: (milliseconds: number) => timeline.delay(milliseconds),
});

/** @param offBy how far its clock is off, ms */
export function newProducer(
  world: Surroundings,
  stream: Stream,
  offBy: () => number,
): Container<FeedHandler> {
  const { timeline, trouble, random, source, feeds, variant } = world;
  const process = new Process();
  const asks: Asks = async (answer) => {
    try {
      return await trouble.call(process, 'ask the vendor', (what) => {
        if (what === 'rate limited')
          throw new PollError('rate_limited', 'slow down', { retryAfterSeconds: 30 });
        if (what === 'unauthorized') throw new PollError('unauthorized', 'who are you');
        return answer();
      });
    } catch (error) {
      throw error instanceof PollError ? error : new PollError('unavailable', 'no answer');
    }
  };
  const ports: ProducerPorts = {
    feeds: {
      acquire: (...given) => trouble.call(process, 'lease', () => feeds.acquire(...given)),
      save: (...given) => trouble.call(process, 'save the cursor', () => feeds.save(...given)),
      release: (...given) => trouble.call(process, 'release', () => feeds.release(...given)),
    },
    stream: {
      put: (entries) =>
        trouble.call(process, 'put', (what, call) =>
          entries.map((entry, place) => {
            if (trouble.isRefused(what, call, place)) return 'ProvisionedThroughputExceededException';
            stream.put(entry);
            return null;
          }),
        ),
    },
    secrets: { read: async () => 'token-0123456789' },
    clock: clockOf(timeline, offBy),
    random,
    log: { info: () => undefined, warn: () => undefined },
    metrics: { publish: () => undefined },
  };
  const makeProducer = variant.makeProducer ?? createProducer;
  return { process, handler: makeProducer(source.producer(asks), variant.producerPorts?.(ports) ?? ports) };
}

export function newTransform(world: Surroundings): Container<Handler> {
  const { timeline, trouble, random, delivery, variant } = world;
  const process = new Process();
  const ports: TransformPorts = {
    deliveryStreams: ['landing-1', 'landing-2'],
    quarantineStream: 'quarantine',
    firehose: {
      put: (name, records) =>
        trouble.call(process, 'deliver', (what, call) => delivery.put(name, records, what, call)),
    },
    clock: clockOf(timeline),
    random,
    log: { warn: () => undefined },
    metrics: { publish: () => undefined },
  };
  const handler = createTransform(variant.transformPorts?.(ports) ?? ports, playValidators);
  return { process, handler: variant.transform?.(handler) ?? handler };
}

export function newLoader(world: Surroundings): Container<() => Promise<unknown>> {
  const { timeline, random, warehouse, variant } = world;
  const process = new Process();
  const clock = clockOf(timeline);
  const sql = sqlOver(warehouse.api(process), { sleep: clock.sleep, random });
  const handler = createLoader(types, {
    sql: variant.sql?.(sql) ?? sql,
    repairs: { leave: async () => undefined },
    secret: async () => '',
    now: clock.now,
    log: () => undefined,
    publish: () => undefined,
  });
  return { process, handler };
}
