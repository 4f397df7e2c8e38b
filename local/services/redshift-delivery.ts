/**
 * The second half of a Redshift destination: COPYs the objects of one delivery stream, one COPY at a time.
 *
 * All objects that wait go into one COPY. A COPY that fails is tried again every five minutes until the retry
 * time is over; then the batch is given up, its manifest is written under `errors/manifests/`, and delivery goes on.
 * An object is crossed off after its COPY was committed, so a crash in between loads it twice and never loses it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CopyError, copy, keepUncompressed, recordLoadError } from '../warehouse/copy.ts';
import { firehoseCopy, parseCopy } from '../warehouse/copy-statement.ts';
import type { Database } from '../warehouse/database.ts';
import type { DeliveredObject, DeliveryStreamDefinition } from './delivery-stream.ts';
import { ERROR_MANIFESTS, manifestKey } from './object-key.ts';
import { type ObjectStore, parseS3Url } from './object-store.ts';

export interface RedshiftDeliveryPorts {
  readonly definition: DeliveryStreamDefinition;
  readonly target: Extract<DeliveryStreamDefinition['destination'], { kind: 'redshift' }>;
  readonly store: ObjectStore;
  readonly warehouse: Database;
  readonly now: () => Date;
  readonly speed: number;
  readonly beforeCopy: (manifestUrl: string) => void | Promise<void>;
  readonly afterCopy: (manifestUrl: string) => void | Promise<void>;
  readonly onCopied: (manifestUrl: string, rows: number) => void;
  readonly onFailed: (error: Error) => void;
  readonly onSkipped: (manifestUrl: string, error: Error) => void;
  readonly forget: (object: DeliveredObject) => void;
}

/** Seconds between two attempts of a COPY (`create-destination`). */
const RETRY_SECONDS = 300;

export class RedshiftDelivery {
  readonly #ports: RedshiftDeliveryPorts;
  readonly #stop = new AbortController();
  #waiting: DeliveredObject[] = [];
  #copying: readonly DeliveredObject[] = [];
  #running: Promise<void> = Promise.resolve();

  /** @throws {SyntaxError} when the CopyOptions cannot be a COPY of this project. */
  constructor(ports: RedshiftDeliveryPorts) {
    parseCopy(firehoseCopy(ports.target, 's3://bucket/manifest'));
    this.#ports = ports;
  }

  /** Objects whose COPY has not ended. */
  get pending(): number {
    return this.#waiting.length + this.#copying.length;
  }

  add(object: DeliveredObject): void {
    this.#waiting.push(object);
    if (this.pending === 1) this.#running = this.#run();
  }

  /** Ends when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.pending > 0 && !this.#stop.signal.aborted) await this.#running;
  }

  /** Lets a COPY that runs come to its end; what waits is handed over again at the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      this.#copying = this.#waiting;
      this.#waiting = [];
      const isDone = await this.#copyBatch(this.#copying);
      if (isDone) for (const object of this.#copying) this.#ports.forget(object);
      this.#copying = [];
    }
  }

  /** True when the batch was loaded or given up, false when the delivery stopped before. */
  async #copyBatch(batch: readonly DeliveredObject[]): Promise<boolean> {
    const { definition, speed, onFailed } = this.#ports;
    const elapsed = stopwatch(speed);
    let manifestUrl: string | null = null;
    for (;;) {
      try {
        manifestUrl ??= await this.#writeManifest(batch, 'manifests/');
        await this.#copyOnce(manifestUrl);
        return true;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        onFailed(error);
        await this.#keep(error);
        if (elapsed() + RETRY_SECONDS > definition.retrySeconds) return this.#giveUp(batch, error);
      }
      const stopped = sleep((RETRY_SECONDS * 1000) / speed, false, { signal: this.#stop.signal });
      if (await stopped.catch(() => true)) return false;
    }
  }

  async #copyOnce(manifestUrl: string): Promise<void> {
    const { warehouse, target, store, beforeCopy, afterCopy, onCopied } = this.#ports;
    const readObject = async (url: string): Promise<Buffer> => {
      const { bucket, key } = parseS3Url(url);
      return store.get(bucket, key);
    };
    await beforeCopy(manifestUrl);
    await keepUncompressed(warehouse.query, target.table);
    const statement = parseCopy(firehoseCopy(target, manifestUrl));
    const rows = await warehouse.transaction((query) => copy(statement, query, readObject));
    await afterCopy(manifestUrl);
    onCopied(manifestUrl, rows);
  }

  async #giveUp(batch: readonly DeliveredObject[], error: Error): Promise<boolean> {
    try {
      this.#ports.onSkipped(await this.#writeManifest(batch, ERROR_MANIFESTS), error);
      return true;
    } catch (cause) {
      // Without its manifest the batch would be lost: it is taken up again at the next start.
      this.#ports.onFailed(new Error('the manifest of a skipped batch cannot be written', { cause }));
      return false;
    }
  }

  async #writeManifest(batch: readonly DeliveredObject[], folder: string): Promise<string> {
    const { definition, store, now } = this.#ports;
    const { name: stream, bucket, prefix } = definition;
    const entries = batch.map(({ key }) => ({ url: `s3://${bucket}/${key}`, mandatory: true }));
    const key = manifestKey({ stream, prefix, arrivedAt: now() }, folder);
    await store.put(bucket, key, Buffer.from(JSON.stringify({ entries })));
    return `s3://${bucket}/${key}`;
  }

  async #keep(error: Error): Promise<void> {
    if (!(error instanceof CopyError)) return;
    const { warehouse, definition, now, onFailed } = this.#ports;
    await recordLoadError(warehouse.query, error.detail, definition.name, now()).catch(onFailed);
  }
}

/** Seconds since now, as they pass at this speed. */
function stopwatch(speed: number): () => number {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000) * speed;
}
