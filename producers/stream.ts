/**
 * Puts entries on the stream until every one of them has been acknowledged.
 *
 * PutRecords answers 200 while it refuses some of the records, when a shard is over its rate. Only those are
 * sent again: sending the whole call again would multiply the load that was too high, and leave repeats. Order
 * is not kept by that, and need not be: records carry `observed_at`.
 */
import { backoff } from './patience.ts';
import type { Clock, Entry, RecordStream } from './ports.ts';

/** PutRecords takes 500 records a call. */
const MAX_RECORDS = 500;

/** And 10 MiB since 2025; half of it is what every region and emulator takes, and what must fit in memory. */
const MAX_BYTES = 5 * 1024 * 1024;

/** Longest wait between two attempts: a shard takes up again with every new second. */
const MAX_BACKOFF_MS = 2_000;
const BACKOFF_MS = 100;

export interface PutTools {
  readonly stream: RecordStream;
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds until putting must be given up. */
  readonly remaining: () => number;
}

/**
 * Puts all entries, and answers what their maker answers at its end. They are taken one by one, so that a page
 * is never in memory twice.
 * @throws {Error} when the time is up first. Some entries are then on the stream and some are not.
 */
export async function putAll<Result>(entries: Generator<Entry, Result>, tools: PutTools): Promise<Result> {
  const packed = calls(entries);
  for (;;) {
    const next = packed.next();
    if (next.done === true) return next.value;
    await putCall(next.value, tools);
  }
}

/** Entries packed into calls as large as they may be. */
function* calls<Result>(entries: Generator<Entry, Result>): Generator<readonly Entry[], Result> {
  let call: Entry[] = [];
  let bytes = 0;
  for (;;) {
    const next = entries.next();
    const size = next.done === true ? 0 : next.value.data.length + next.value.partitionKey.length;
    const isFull = next.done === true || call.length === MAX_RECORDS || bytes + size > MAX_BYTES;
    if (isFull && call.length > 0) {
      yield call;
      call = [];
      bytes = 0;
    }
    if (next.done === true) return next.value;
    call.push(next.value);
    bytes += size;
  }
}

async function putCall(call: readonly Entry[], tools: PutTools): Promise<void> {
  let waiting = call;
  for (let attempt = 1; ; attempt += 1) {
    const refusals = await tools.stream.put(waiting);
    const refused = waiting.filter((_, index) => refusals[index] !== null);
    if (refused.length === 0) return;
    const wait = backoff(attempt, tools.random, BACKOFF_MS, MAX_BACKOFF_MS);
    if (wait >= tools.remaining()) throw givenUp(refused.length, call.length, attempt, refusals);
    await tools.clock.sleep(wait);
    waiting = refused;
  }
}

function givenUp(
  refused: number,
  all: number,
  attempts: number,
  refusals: readonly (string | null)[],
): Error {
  const codes = [...new Set(refusals.filter((code) => code !== null))].join(', ');
  return new Error(
    `the stream still refuses ${refused} of ${all} records after ${attempts} attempts (${codes}) and the time is up; the cursor has not moved, the next run repeats the page; add shards if this lasts`,
  );
}
