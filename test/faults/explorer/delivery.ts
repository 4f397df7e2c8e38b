/**
 * A model of Firehose: records are buffered, written to an object, and copied into the landing table.
 *
 * A COPY that fails is tried again; one that fails for too long is skipped, and its object named in a manifest; one
 * whose answer is lost has loaded its rows and loads them again.
 */
import type { Envelope } from '../../../contract/envelope.ts';
import type { Trouble } from './process.ts';
import type { What } from './schedule.ts';
import type { Timeline } from './time.ts';
import type { Warehouse } from './warehouse.ts';

/** How long a COPY is tried, ms; the template says two hours. */
const RETRY_MS = 150_000;
const BETWEEN_MS = 20_000;
const BUFFER_MS = 40_000;

export class Delivery {
  /** Lines that the quarantine holds. */
  readonly quarantine: string[] = [];
  /** Objects that were given up. */
  readonly manifests: (readonly Envelope[])[] = [];
  readonly #buffers = new Map<string, Uint8Array[]>();
  readonly #timeline: Timeline;
  readonly #trouble: Trouble;
  readonly #warehouse: Warehouse;
  #objects = 0;

  constructor(timeline: Timeline, trouble: Trouble, warehouse: Warehouse) {
    this.#timeline = timeline;
    this.#trouble = trouble;
    this.#warehouse = warehouse;
  }

  /** PutRecordBatch. */
  put(
    stream: string,
    records: readonly Uint8Array[],
    what: What | null,
    call: number,
  ): readonly (string | null)[] {
    return records.map((record, place) => {
      if (this.#trouble.isRefused(what, call, place)) return 'ServiceUnavailableException';
      this.#take(stream, record);
      return null;
    });
  }

  #take(stream: string, record: Uint8Array): void {
    const buffer = this.#buffers.get(stream);
    if (buffer !== undefined) {
      buffer.push(record);
      return;
    }
    this.#buffers.set(stream, [record]);
    this.#objects += 1;
    const wait = BUFFER_MS * (0.2 + this.#trouble.chance('buffer', this.#objects));
    this.#timeline.at(this.#timeline.now + wait, () => this.#flush(stream));
  }

  #flush(stream: string): void {
    const lines = Buffer.concat(this.#buffers.get(stream) ?? [])
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    this.#buffers.delete(stream);
    if (stream === 'quarantine') {
      this.quarantine.push(...lines);
      return;
    }
    const rows = lines.map((line) => JSON.parse(line) as Envelope);
    this.#timeline.start(() => this.#copyUntilDone(rows));
  }

  async #copyUntilDone(rows: readonly Envelope[]): Promise<void> {
    const since = this.#timeline.now;
    while (this.#timeline.now - since < RETRY_MS) {
      const { call, what } = this.#trouble.next('copy');
      await this.#timeline.delay(500 + Math.floor(this.#trouble.chance('copy', call) * 5_000));
      if (what === 'skipped') break;
      if (what !== 'fails' && !this.#trouble.isAway('warehouse')) {
        await this.#warehouse.copy(rows);
        if (what === 'twice') await this.#warehouse.copy(rows);
        if (what !== 'answer lost') return;
      }
      await this.#timeline.delay(BETWEEN_MS);
    }
    this.#trouble.count('object given up');
    this.manifests.push(rows);
  }
}
