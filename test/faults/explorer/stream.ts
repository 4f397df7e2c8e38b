/**
 * A model of the stream and of the event source mapping that hands its records to the transform.
 *
 * A shard is read in order. A batch that fails is cut in halves, one that names a record is handed out again from
 * there, and one that cannot be handled is put aside with its records. A batch can be handed out again after it
 * has been handled, even behind later ones.
 */
import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import type { Entry } from '../../../contract/put-records.ts';
import { handledRecords } from '../../../local/stack/batch-verdict.ts';
import type { Ended, Trouble } from './process.ts';
import type { Timeline } from './time.ts';

export type Transform = (event: KinesisStreamEvent) => Promise<Ended<KinesisStreamBatchResponse>>;

const SHARDS = 2;
const BATCH = 12;
/** Fewer than in the template, so that giving up is tried, too. */
const RETRIES = 2;

interface Shard {
  readonly id: string;
  readonly waiting: KinesisStreamRecord[];
  isAtWork: boolean;
}

export class Stream {
  /** Batches that were given up, whole: what lies in the on-failure bucket. */
  readonly givenUp: KinesisStreamRecord[] = [];
  readonly #shards: readonly Shard[];
  readonly #timeline: Timeline;
  readonly #trouble: Trouble;
  readonly #transform: Transform;
  #sequence = 49_650_000_000_000_000_000_000_000_000_000_000_000n;

  constructor(timeline: Timeline, trouble: Trouble, transform: Transform) {
    this.#timeline = timeline;
    this.#trouble = trouble;
    this.#transform = transform;
    this.#shards = Array.from({ length: SHARDS }, (_, index) => ({
      id: `shardId-00000000000${index}`,
      waiting: [],
      isAtWork: false,
    }));
  }

  /** Takes a record. */
  put({ data, partitionKey }: Entry): void {
    const shard = this.#shards[partitionKey.charCodeAt(0) % SHARDS];
    if (shard === undefined) throw new RangeError('a stream has at least one shard');
    this.#sequence += 1n;
    const sequenceNumber = String(this.#sequence);
    shard.waiting.push({
      kinesis: {
        data: Buffer.from(data).toString('base64'),
        sequenceNumber,
        partitionKey,
        kinesisSchemaVersion: '1.0',
        approximateArrivalTimestamp: this.#timeline.now / 1000,
      },
      eventID: `${shard.id}:${sequenceNumber}`,
      awsRegion: 'eu-west-1',
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/facts',
      eventVersion: '1.0',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/transform',
    });
    if (!shard.isAtWork) {
      shard.isAtWork = true;
      this.#timeline.start(() => this.#read(shard));
    }
  }

  /** Puts what was given up on the stream again, as a person does when the cause is gone. */
  redrive(): void {
    for (const { kinesis } of this.givenUp.splice(0)) {
      this.put({ data: Buffer.from(kinesis.data, 'base64'), partitionKey: kinesis.partitionKey });
    }
  }

  async #read(shard: Shard): Promise<void> {
    while (shard.waiting.length > 0) {
      const { call, what } = this.#trouble.next('batch');
      // The batching window: neighbours travel together.
      await this.#timeline.delay(500 + Math.floor(this.#trouble.chance('window', call) * 10_000));
      const batch = shard.waiting.splice(0, BATCH);
      await this.#handle(batch, 0);
      if (what === null) continue;
      this.#trouble.count('batch handed out again');
      const again = (): Promise<void> => this.#handle(batch, RETRIES);
      // The answer never came: again, before anything else. Or it comes twice, the second time behind others.
      if (what === 'answer lost') await again();
      else {
        const wait = 20_000 + Math.floor(this.#trouble.chance('again', call) * 60_000);
        this.#timeline.at(this.#timeline.now + wait, () => this.#timeline.start(again));
      }
    }
    shard.isAtWork = false;
  }

  async #handle(batch: readonly KinesisStreamRecord[], attempt: number): Promise<void> {
    const ended = await this.#transform({ Records: [...batch] });
    const numbers = batch.map(({ kinesis }) => kinesis.sequenceNumber);
    const handled = ended !== 'died' && 'answer' in ended ? handledRecords(ended.answer, numbers) : null;
    const left = batch.slice(handled ?? 0);
    if (left.length === 0) return;
    if (attempt >= RETRIES) {
      this.#trouble.count('batch given up');
      this.givenUp.push(...left);
      return;
    }
    await this.#timeline.delay(1_000 * 2 ** attempt);
    if (handled !== null || left.length === 1) return await this.#handle(left, attempt + 1);
    this.#trouble.count('batch cut in halves');
    const middle = Math.ceil(left.length / 2);
    await this.#handle(left.slice(0, middle), attempt + 1);
    await this.#handle(left.slice(middle), attempt + 1);
  }
}
