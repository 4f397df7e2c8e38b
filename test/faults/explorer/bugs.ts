/**
 * Bugs, planted: what the explorer must find to be believed. Each is a mistake that one could make in a few lines.
 */

import type { Entry } from '../../../contract/put-records.ts';
import { checkEvent } from '../../../producers/feed-event.ts';
import { type Remembered, UnchangedMemory } from '../../../producers/memory.ts';
import type { Ports } from '../../../producers/ports.ts';
import { runFeed } from '../../../producers/run.ts';
import type { Variant } from './functions.ts';

/** It takes what is about to be put for something that was put. */
class HastyMemory extends UnchangedMemory {
  override has(fact: Remembered): boolean {
    const isKnown = super.has(fact);
    this.add([fact]);
    return isKnown;
  }

  override forget(): void {
    // What was added a moment ago stays.
  }
}

/** It remembers a feed whoever else has put something meanwhile. */
class LonelyMemory extends UnchangedMemory {
  #version = 0;

  override startRun(): void {
    super.startRun(this.#version + 1);
    this.#version += 1;
  }

  override saved(): void {
    // Its own count goes on, whatever the table says.
  }
}

const withMemory = (makeMemory: () => UnchangedMemory): Variant => ({
  makeProducer(producer, ports) {
    const memory = makeMemory();
    return (event, context) => {
      const feed = checkEvent(producer, event, ports.clock.now());
      const remaining = () => context.getRemainingTimeInMillis();
      return runFeed(
        { producer, feed, token: 'token-0123456789', people: { mode: 'keep' }, memory, remaining },
        ports,
      );
    };
  },
});

/** A put is only noted; it is made when the cursor has been saved. */
function savedFirst(ports: Ports): Ports {
  let noted: Entry[] = [];
  return {
    ...ports,
    stream: {
      async put(entries) {
        noted.push(...entries);
        return entries.map(() => null);
      },
    },
    feeds: {
      ...ports.feeds,
      async save(...given) {
        const isSaved = await ports.feeds.save(...given);
        const entries = noted;
        noted = [];
        await ports.stream.put(entries);
        return isSaved;
      },
    },
  };
}

/** Bugs by name. */
export const bugs: Readonly<Record<string, Variant>> = {
  'the cursor is saved before the put': { producerPorts: savedFirst },
  'a refused record counts as put': {
    producerPorts: (ports) => ({
      ...ports,
      stream: { put: async (entries) => (await ports.stream.put(entries)).map(() => null) },
    }),
  },
  'every run gets the lease': {
    producerPorts: (ports) => ({
      ...ports,
      feeds: {
        ...ports.feeds,
        acquire: (feed, run, now, until) => ports.feeds.acquire(feed, run, now + 1e9, until),
      },
    }),
  },
  'what a failed run may have put is forgotten': {
    producerPorts: (ports) => ({
      ...ports,
      feeds: { ...ports.feeds, release: (feed, run, before) => ports.feeds.release(feed, run, before, null) },
    }),
  },
  'the memory remembers before the stream has acknowledged': withMemory(() => new HastyMemory()),
  'the memory does not ask who else has polled the feed': withMemory(() => new LonelyMemory()),
  'the transform reports the highest failed record instead of the lowest': {
    transform: (handler) => async (event, context) => {
      const { batchItemFailures } = await handler(event, context);
      const highest = event.Records.at(-1)?.kinesis.sequenceNumber ?? '';
      return { batchItemFailures: batchItemFailures.length === 0 ? [] : [{ itemIdentifier: highest }] };
    },
  },
  'a refused pack counts as delivered': {
    transformPorts: (ports) => ({
      ...ports,
      firehose: { put: async (...given) => (await ports.firehose.put(...given)).map(() => null) },
    }),
  },
  'the transform loses what it rejects': {
    transformPorts: (ports) => ({
      ...ports,
      firehose: {
        put: async (stream, records) =>
          stream === ports.quarantineStream ? records.map(() => null) : ports.firehose.put(stream, records),
      },
    }),
  },
  'the drain is not one transaction under a lock': { isAutoCommit: true },
  'an older version is merged over a newer one': {
    sql: (sql) => ({
      ...sql,
      run: (statements) =>
        sql.run(statements.filter((statement) => !statement.startsWith('delete from batch'))),
    }),
  },
};
