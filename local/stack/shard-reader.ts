/**
 * Reads one shard of a stream, hands its records to the lanes, and knows how far all of them are done with.
 *
 * The emulated stream has two ways of its own. An answer is not limited to 10 MB, so the number of records is
 * chosen by the size of those seen so far. And an iterator that read nothing moves on with the clock, past a
 * first record that is just being written: until a record was seen, the first iterator is used again and again.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type _Record as KinesisRecord,
} from '@aws-sdk/client-kinesis';
import type { Checkpoints } from './checkpoints.ts';
import { type EventRecord, type EventSource, eventBytes, eventRecord } from './kinesis-event.ts';
import type { Lane } from './lane.ts';
import { Bell } from './pause.ts';

export interface ShardOptions {
  readonly kinesis: KinesisClient;
  readonly streamName: string;
  readonly shardId: string;
  readonly source: EventSource;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly checkpoints: Checkpoints;
  readonly lanes: readonly Lane[];
  /** Records that may wait or be in work before reading stops. */
  readonly capacity: number;
  readonly pollMs: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly onError: (message: string) => void;
}

/** GetRecords answers with at most 10 MB and 10,000 records. */
const MAX_READ_BYTES = 10 * 1024 * 1024;
const MAX_READ_RECORDS = 10_000;

/** Bytes that may wait or be in work before reading stops: a few full batches. */
const MAX_OPEN_BYTES = 24 * 1024 * 1024;

interface Open {
  readonly sequenceNumber: string;
  readonly bytes: number;
  isDone: boolean;
}

export class ShardReader {
  readonly #options: ShardOptions;
  readonly #bell = new Bell();
  /** Records read and not done with, in the order of the shard; those behind a slow one may be done. */
  #open: Open[] = [];
  readonly #openByNumber = new Map<string, Open>();
  #openBytes = 0;
  #iterator: string | undefined;
  #lastRead: string | undefined;
  #recordBytes = MAX_READ_BYTES / 100;
  #waiting: ((records: number) => void)[] = [];

  constructor(options: ShardOptions) {
    this.#options = options;
    this.#lastRead = options.checkpoints.last(options.shardId);
  }

  /** Reads until the signal is aborted or the shard ends. */
  async run(): Promise<void> {
    const { signal, pollMs } = this.#options;
    signal.addEventListener('abort', () => this.#bell.ring());
    let failures = 0;
    while (!signal.aborted) {
      if (this.#isFull()) {
        await this.#bell.wait();
        continue;
      }
      const asked = this.#waiting.splice(0);
      const wanted = this.#limit();
      const count = await this.#read(wanted);
      for (const tell of asked) tell(count);
      failures = count < 0 ? failures + 1 : 0;
      if (count < wanted) await this.#bell.wait(pollMs * Math.min(2 ** failures, 32));
    }
    for (const tell of this.#waiting.splice(0)) tell(-1);
  }

  /**
   * True when a read that began after this call found nothing, and all that was read before is done with. False
   * comes after a poll's time, so that a loop around it leaves time for the work that it waits for.
   */
  async isIdle(): Promise<boolean> {
    const { signal, pollMs } = this.#options;
    if (this.#open.length > 0 || signal.aborted) {
      await setTimeout(pollMs);
      return false;
    }
    const read = new Promise<number>((resolve) => this.#waiting.push(resolve));
    this.#bell.ring();
    return (await read) === 0 && this.#open.length === 0;
  }

  /** These are done with. */
  done(records: readonly EventRecord[]): void {
    for (const { kinesis } of records) {
      const open = this.#openByNumber.get(kinesis.sequenceNumber);
      if (open === undefined) continue;
      open.isDone = true;
      this.#openBytes -= open.bytes;
      this.#openByNumber.delete(kinesis.sequenceNumber);
    }
    const firstOpen = this.#open.findIndex(({ isDone }) => !isDone);
    const finished = firstOpen === -1 ? this.#open.length : firstOpen;
    const last = this.#open[finished - 1];
    if (last === undefined) return;
    this.#open = this.#open.slice(finished);
    this.#options.checkpoints.save(this.#options.shardId, last.sequenceNumber);
    this.#bell.ring();
  }

  #isFull(): boolean {
    return this.#open.length >= this.#options.capacity || this.#openBytes >= MAX_OPEN_BYTES;
  }

  #limit(): number {
    return Math.max(1, Math.min(MAX_READ_RECORDS, Math.floor(MAX_READ_BYTES / this.#recordBytes)));
  }

  /** Reads once; how many records came, or -1 when it failed. */
  async #read(limit: number): Promise<number> {
    const { kinesis, signal, onError } = this.#options;
    try {
      this.#iterator ??= await this.#newIterator();
      const answer = await kinesis.send(
        new GetRecordsCommand({ ShardIterator: this.#iterator, Limit: limit }),
        { abortSignal: signal },
      );
      const records = answer.Records ?? [];
      for (const record of records) this.#add(record);
      if (this.#lastRead !== undefined || this.#options.startingPosition === 'LATEST') {
        this.#iterator = answer.NextShardIterator;
      }
      return records.length;
    } catch (error) {
      // Whatever it was, a new iterator from the last record read is a good one.
      this.#iterator = undefined;
      if (!signal.aborted)
        onError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return -1;
    }
  }

  async #newIterator(): Promise<string> {
    const { kinesis, streamName, shardId, startingPosition, signal } = this.#options;
    const position =
      this.#lastRead === undefined
        ? { ShardIteratorType: startingPosition }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, StartingSequenceNumber: this.#lastRead };
    const command = new GetShardIteratorCommand({ StreamName: streamName, ShardId: shardId, ...position });
    const { ShardIterator } = await kinesis.send(command, { abortSignal: signal });
    if (ShardIterator === undefined)
      throw new Error(`the stream ${streamName} gave no iterator for ${shardId}`);
    return ShardIterator;
  }

  #add(given: KinesisRecord): void {
    const { lanes, shardId, source, now } = this.#options;
    const record = eventRecord(given, shardId, source, now());
    const { sequenceNumber, partitionKey } = record.kinesis;
    const bytes = eventBytes(record);
    const open = { sequenceNumber, bytes, isDone: false };
    this.#open.push(open);
    this.#openByNumber.set(sequenceNumber, open);
    this.#openBytes += bytes;
    this.#lastRead = sequenceNumber;
    // A moving average, so that a run of large records is met with shorter reads.
    this.#recordBytes = this.#recordBytes * 0.9 + bytes * 0.1;
    lanes[laneOf(partitionKey, lanes.length)]?.add({ record, bytes });
  }
}

function laneOf(partitionKey: string, lanes: number): number {
  return createHash('md5').update(partitionKey).digest().readUInt32BE(0) % lanes;
}
