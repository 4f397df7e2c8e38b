/**
 * Puts entries on a Kinesis stream until every one of them has been acknowledged. Producers put what they poll, and an
 * operator puts back what was given up or rejected; both must get it right.
 *
 * PutRecords answers 200 while it refuses some of the records, when a shard is over its rate. Only those are
 * sent again: sending the whole call again would multiply the load that was too high, and leave repeats. Order
 * is not kept by that, and need not be: records carry `observed_at`.
 */
import { backoff } from './backoff.ts';

/** A record as the stream takes it. */
export interface Entry {
  readonly data: Uint8Array;
  readonly partitionKey: string;
}

export interface RecordStream {
  /** Puts at most 500 entries and answers, in their order, null for each one acknowledged or else its error code. */
  put(entries: readonly Entry[]): Promise<readonly (string | null)[]>;
}

/** What PutRecords says of one entry. */
export interface PutAnswer {
  readonly SequenceNumber?: string | undefined;
  readonly ErrorCode?: string | undefined;
}

/** A stream over the call of an SDK client. @param call answers in the order of its entries. */
export function recordStream(
  call: (entries: readonly Entry[]) => Promise<readonly PutAnswer[]>,
): RecordStream {
  return {
    async put(entries) {
      try {
        const answers = await call(entries);
        // Acknowledged is what has a sequence number, not what has no error code.
        return entries.map((_, index) =>
          answers[index]?.SequenceNumber === undefined ? (answers[index]?.ErrorCode ?? 'NoAnswer') : null,
        );
      } catch (error) {
        // A call can be throttled as a whole, too; that is one more reason to wait, not to give up.
        if (error instanceof Error && THROTTLED.test(error.name)) return entries.map(() => error.name);
        throw error;
      }
    },
  };
}

const THROTTLED = /Throttling|ThroughputExceeded|LimitExceeded/;

/** PutRecords takes 500 records a call. */
const MAX_RECORDS = 500;

/** And 10 MiB since 2025; half of it is what every region and emulator takes, and what must fit in memory. */
const MAX_BYTES = 5 * 1024 * 1024;

/** Longest wait between two attempts: a shard takes up again with every new second. */
const MAX_BACKOFF_MS = 2_000;
const BACKOFF_MS = 100;

export interface PutTools {
  readonly stream: RecordStream;
  readonly clock: { sleep(milliseconds: number): Promise<void> };
  readonly random: () => number;
  /** Milliseconds until putting must be given up. */
  readonly remaining: () => number;
  /** What becomes of the entries when it is given up, as the error says it. */
  readonly otherwise: string;
}

/**
 * Puts all entries, and answers what their maker answers at its end. They are taken one by one, so that a page
 * is never in memory twice.
 * @throws {Error} when the time is up first. Some entries are then on the stream and some are not.
 */
export async function putAll<Result>(entries: Iterator<Entry, Result>, tools: PutTools): Promise<Result> {
  const packed = calls(entries);
  for (;;) {
    const next = packed.next();
    if (next.done === true) return next.value;
    await putCall(next.value, tools);
  }
}

/** Entries packed into calls as large as they may be. */
function* calls<Result>(entries: Iterator<Entry, Result>): Generator<readonly Entry[], Result> {
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
    if (wait >= tools.remaining())
      throw givenUp(refused.length, call.length, attempt, refusals, tools.otherwise);
    await tools.clock.sleep(wait);
    waiting = refused;
  }
}

function givenUp(
  refused: number,
  all: number,
  attempts: number,
  refusals: readonly (string | null)[],
  otherwise: string,
): Error {
  const codes = [...new Set(refusals.filter((code) => code !== null))].join(', ');
  return new Error(
    `the stream still refuses ${refused} of ${all} records after ${attempts} attempts (${codes}) and the time is up; ${otherwise}; add shards if this lasts`,
  );
}
