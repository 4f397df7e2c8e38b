/**
 * One lane of a shard: batches handed to a function one after another, with all that Lambda does when one fails.
 *
 * A partition key is always in the same lane, so its records stay in order; the lanes of a shard work side by
 * side (ParallelizationFactor).
 *
 * What counts as a retry: an attempt at the same records. Splitting a batch in two, or cutting off what the
 * function reports as done, leaves fewer records and uses up none, provided that bisecting is on. A function that is
 * too busy was not called, and that uses up none either.
 */
import type { InvokeResult } from './async-invocation.ts';
import { handledRecords } from './batch-verdict.ts';
import type { DiscardCondition } from './events.ts';
import { arrivalMs, type EventRecord } from './kinesis-event.ts';
import { Bell, backoffMs, pause } from './pause.ts';

/** How batches are made and repeated; the template's values. */
export interface BatchRules {
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly reportsItemFailures: boolean;
  readonly bisects: boolean;
  /** -1: without end. */
  readonly maximumRetryAttempts: number;
  /** -1: without end. Real seconds whatever the speed, so that a pause between two sessions costs nothing. */
  readonly maximumRecordAgeSeconds: number;
}

export interface Entry {
  readonly record: EventRecord;
  readonly bytes: number;
}

/** What was given up, and the last thing that happened to it. */
export interface Discarded {
  readonly records: readonly EventRecord[];
  readonly condition: DiscardCondition;
  readonly invocations: number;
  readonly lastResult: InvokeResult | null;
}

export interface LanePorts {
  readonly rules: BatchRules;
  readonly speed: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly invoke: (records: readonly EventRecord[]) => Promise<InvokeResult>;
  /** Keeps what is given up, or fails to: either way the lane goes on. */
  readonly discard: (discarded: Discarded) => Promise<void>;
  /** Told of every attempt. */
  readonly onBatch: (records: number, handled: number) => void;
  /** These are done with: handled, or given up. */
  readonly onDone: (records: readonly EventRecord[]) => void;
}

/** A synchronous invocation carries at most 6 MB; the rest of the event's JSON is `{"Records":[]}`. */
const MAX_EVENT_BYTES = 6 * 1024 * 1024 - 16;

/** Longest wait between two attempts at a batch. Lambda does not say; a minute is what is seen. */
const MAX_RETRY_SECONDS = 60;

export class Lane {
  readonly #ports: LanePorts;
  readonly #bell = new Bell();
  readonly #queue: Entry[] = [];
  #queuedBytes = 0;
  #windowStart = 0;

  constructor(ports: LanePorts) {
    this.#ports = ports;
  }

  add(entry: Entry): void {
    if (this.#queue.length === 0) this.#windowStart = performance.now();
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes;
    this.#bell.ring();
  }

  /** Works until the signal is aborted; records in work are then left for the next start. */
  async run(): Promise<void> {
    const { signal } = this.#ports;
    signal.addEventListener('abort', () => this.#bell.ring());
    while (!signal.aborted) {
      const waitMs = this.#msUntilBatch();
      if (waitMs > 0) {
        await this.#bell.wait(waitMs);
      } else {
        await this.#attempt(this.#take(), 0);
        // The next window begins when the function has answered.
        this.#windowStart = performance.now();
      }
    }
  }

  #msUntilBatch(): number {
    const { rules, speed } = this.#ports;
    if (this.#queue.length === 0) return Number.POSITIVE_INFINITY;
    if (this.#queue.length >= rules.batchSize || this.#queuedBytes >= MAX_EVENT_BYTES) return 0;
    return this.#windowStart + (rules.windowSeconds * 1000) / speed - performance.now();
  }

  #take(): readonly EventRecord[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#queue.slice(0, this.#ports.rules.batchSize)) {
      if (count > 0 && bytes + entry.bytes > MAX_EVENT_BYTES) break;
      bytes += entry.bytes;
      count += 1;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count).map(({ record }) => record);
  }

  async #attempt(batch: readonly EventRecord[], retriesUsed: number): Promise<void> {
    const { rules, speed, signal } = this.#ports;
    let records = batch;
    let retries = retriesUsed;
    let lastResult: InvokeResult | null = null;
    for (;;) {
      records = await this.#withoutOld(records, retries, lastResult);
      if (records.length === 0 || signal.aborted) return;
      const result = await this.#invoke(records);
      // A stack that is closed ends its functions: that is nobody's failure.
      if (result === null || (signal.aborted && result.status !== 'ok')) return;
      if (result.status === 'throttled') continue;
      lastResult = result;
      const handled = this.#handled(result, records);
      this.#ports.onBatch(records.length, handled ?? 0);
      this.#ports.onDone(records.slice(0, handled ?? 0));
      records = records.slice(handled ?? 0);
      if (records.length === 0) return;
      if (rules.bisects && handled === null && records.length > 1) {
        const middle = Math.ceil(records.length / 2);
        await this.#attempt(records.slice(0, middle), retries);
        return this.#attempt(records.slice(middle), retries);
      }
      if (rules.bisects && handled !== null && handled > 0) continue;
      if (rules.maximumRetryAttempts >= 0 && retries >= rules.maximumRetryAttempts) {
        return this.#giveUp(records, 'RetryAttemptsExhausted', retries + 1, lastResult);
      }
      await pause(backoffMs(retries - retriesUsed, MAX_RETRY_SECONDS, speed), signal);
      retries += 1;
    }
  }

  /** Calls the function, waiting while it is too busy, until a record is too old. Null: the stack is closed. */
  async #invoke(records: readonly EventRecord[]): Promise<InvokeResult | null> {
    const { signal, speed, rules, invoke } = this.#ports;
    for (let throttles = 0; !signal.aborted; throttles += 1) {
      const result = await invoke(records);
      if (result.status !== 'throttled') return result;
      if (records.some((record) => this.#isTooOld(record, rules))) return result;
      await pause(backoffMs(throttles, MAX_RETRY_SECONDS, speed), signal);
    }
    return null;
  }

  #handled(result: InvokeResult, records: readonly EventRecord[]): number | null {
    if (result.status !== 'ok') return null;
    if (!this.#ports.rules.reportsItemFailures) return records.length;
    return handledRecords(
      result.payload,
      records.map(({ kinesis }) => kinesis.sequenceNumber),
    );
  }

  async #withoutOld(
    records: readonly EventRecord[],
    retries: number,
    lastResult: InvokeResult | null,
  ): Promise<readonly EventRecord[]> {
    const old = records.filter((record) => this.#isTooOld(record, this.#ports.rules));
    if (old.length === 0) return records;
    await this.#giveUp(old, 'RecordAgeExceeded', lastResult === null ? 0 : retries, lastResult);
    return records.filter((record) => !old.includes(record));
  }

  #isTooOld(record: EventRecord, { maximumRecordAgeSeconds: maximum }: BatchRules): boolean {
    return maximum >= 0 && this.#ports.now().getTime() - arrivalMs(record) > maximum * 1000;
  }

  async #giveUp(
    records: readonly EventRecord[],
    condition: DiscardCondition,
    invocations: number,
    lastResult: InvokeResult | null,
  ): Promise<void> {
    await this.#ports.discard({ records, condition, invocations, lastResult });
    this.#ports.onDone(records);
  }
}
