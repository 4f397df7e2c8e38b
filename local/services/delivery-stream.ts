/**
 * One Firehose delivery stream: buffers records, writes them to S3 as one object, and hands the object on.
 *
 * The buffer's timer starts with its first record, and its size counts before compression, as in AWS. The key of an
 * object is written down before the object, so that a process killed in between writes the same object again
 * instead of a second one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BufferFile, leftSegments, readSegment, removeSegment, type Segment } from './buffer-file.ts';
import { isBody } from './call.ts';
import { checkPrefixes, objectKey } from './object-key.ts';
import type { ObjectStore } from './object-store.ts';

export interface DeliveryStreamDefinition {
  readonly name: string;
  readonly bucket: string;
  /** In front of every key; for S3 destinations with `!{timestamp:…}` expressions. */
  readonly prefix: string;
  readonly bufferSeconds: number;
  readonly bufferMegabytes: number;
  /** How long a failing COPY is repeated, from its first attempt. */
  readonly retrySeconds: number;
  readonly compression: 'GZIP' | 'UNCOMPRESSED';
  readonly destination:
    | {
        readonly kind: 'redshift';
        /** `schema.table` */
        readonly table: string;
        /** In the order of DataTableColumns; empty: all columns of the table. */
        readonly columns: readonly string[];
        /** CopyOptions, as in the template. */
        readonly options: string;
      }
    | { readonly kind: 's3'; readonly errorPrefix: string | null };
}

/** An object in S3 and how much is in it. */
export interface DeliveredObject {
  readonly number: number;
  readonly key: string;
  readonly records: number;
  readonly arrivedAt: string;
}

export interface DeliveryStreamPorts {
  /** Of this stream alone; it is made when it is not there. */
  readonly folder: string;
  readonly store: ObjectStore;
  readonly now: () => Date;
  readonly speed: number;
  /** An object is in S3. It is handed over again after a restart until `forget` was called for it. */
  readonly onObject: (object: DeliveredObject) => void;
  readonly onError: (error: unknown) => void;
}

/** Seconds between two attempts to write an object. */
const WRITE_RETRY_SECONDS = 5;

const zip = promisify(gzip);

export class DeliveryStream {
  readonly definition: DeliveryStreamDefinition;
  readonly #ports: DeliveryStreamPorts;
  readonly #buffer: BufferFile;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Sealed and not yet in S3. */
  readonly #sealed = new Set<Segment>();

  /** @throws {RangeError} when AWS would not create it. */
  constructor(definition: DeliveryStreamDefinition, ports: DeliveryStreamPorts) {
    const { name, destination, prefix } = definition;
    if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(name)) {
      throw new RangeError(`delivery stream ${name}: a name is 1 to 64 letters, digits and _.-`);
    }
    checkPrefixes(name, destination.kind, prefix, destination.kind === 's3' ? destination.errorPrefix : null);
    this.definition = definition;
    this.#ports = ports;
    mkdirSync(ports.folder, { recursive: true });
    const left = [...leftObjects(ports.folder), ...leftSegments(ports.folder)];
    this.#buffer = new BufferFile(ports.folder, Math.max(0, ...left.map(({ number }) => number)));
  }

  /** Takes up what an earlier process left: hands its objects over, and writes its buffers out. */
  resume(): void {
    const segments = leftSegments(this.#ports.folder);
    for (const object of leftObjects(this.#ports.folder)) {
      if (!segments.some(({ number }) => number === object.number)) this.#ports.onObject(object);
    }
    for (const segment of segments) this.#deliver(segment);
  }

  /** Bytes accepted and not yet in S3. */
  get bufferedBytes(): number {
    return [...this.#sealed].reduce((sum, { bytes }) => sum + bytes, this.#buffer.bytes);
  }

  /** True when everything accepted is in S3. */
  get isWritten(): boolean {
    return this.#buffer.isEmpty && this.#sealed.size === 0;
  }

  /** Takes the records; when it returns they survive the end of the process. */
  accept(records: readonly Buffer[]): void {
    const isFirst = this.#buffer.isEmpty;
    this.#buffer.append(records, this.#ports.now());
    const { bufferSeconds, bufferMegabytes } = this.definition;
    if (this.#buffer.bytes >= bufferMegabytes * 1024 * 1024) this.#seal();
    else if (isFirst && !this.#buffer.isEmpty) {
      this.#timer = setTimeout(() => this.#seal(), (bufferSeconds * 1000) / this.#ports.speed);
    }
  }

  /** Writes the buffer out now; ends when all objects are in S3. */
  async flush(): Promise<void> {
    this.#seal();
    await this.#writing;
  }

  /** The object has reached its end: it is not handed over again. */
  forget(object: DeliveredObject): void {
    rmSync(this.#objectFile(object.number), { force: true });
  }

  /** Stops; what is buffered stays for the next start. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#buffer.seal();
    await this.#writing;
  }

  #seal(): void {
    clearTimeout(this.#timer);
    const segment = this.#buffer.seal();
    if (segment !== null) this.#deliver(segment);
  }

  /** Objects are written one after the other, in the order in which their records came. */
  #deliver(segment: Segment): void {
    this.#sealed.add(segment);
    this.#writing = this.#writing.then(async () => {
      const object = await this.#write(segment);
      if (object === null) return;
      if (object.records > 0) this.#ports.onObject(object);
      this.#sealed.delete(segment);
    });
  }

  /** Null when the stream was closed before the object could be written. */
  async #write(segment: Segment): Promise<DeliveredObject | null> {
    const { store, onError, speed } = this.#ports;
    for (;;) {
      if (this.#stop.signal.aborted) return null;
      try {
        const records = readSegment(segment);
        const object = this.#name(segment, records.length);
        // A process can end before its first record is whole: then there is nothing to write.
        if (records.length === 0) {
          removeSegment(segment);
          this.forget(object);
          return object;
        }
        const content = Buffer.concat(records);
        const bytes = this.definition.compression === 'GZIP' ? await zip(content) : content;
        await store.put(this.definition.bucket, object.key, bytes);
        removeSegment(segment);
        return object;
      } catch (error) {
        onError(error);
        await sleep((WRITE_RETRY_SECONDS * 1000) / speed, undefined, { signal: this.#stop.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  /** The key under which the segment is, or was about to be, written. */
  #name({ number, arrivedAt }: Segment, records: number): DeliveredObject {
    const path = this.#objectFile(number);
    if (existsSync(path)) return parseObject(readFileSync(path, 'utf8'));
    const { name, prefix } = this.definition;
    const key = objectKey({ stream: name, prefix, arrivedAt });
    const object = { number, key, records, arrivedAt: arrivedAt.toISOString() };
    writeFileSync(`${path}.unfinished`, JSON.stringify(object));
    renameSync(`${path}.unfinished`, path);
    return object;
  }

  #objectFile(number: number): string {
    return join(this.#ports.folder, `${String(number).padStart(12, '0')}.object.json`);
  }
}

function leftObjects(folder: string): readonly DeliveredObject[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.object.json'))
    .sort()
    .map((name) => parseObject(readFileSync(join(folder, name), 'utf8')));
}

function parseObject(text: string): DeliveredObject {
  const value: unknown = JSON.parse(text);
  if (
    isBody(value) &&
    typeof value.number === 'number' &&
    typeof value.key === 'string' &&
    typeof value.records === 'number' &&
    typeof value.arrivedAt === 'string'
  ) {
    const { number, key, records, arrivedAt } = value;
    return { number, key, records, arrivedAt };
  }
  throw new TypeError(`expected the description of a delivered object, got ${text.slice(0, 100)}`);
}
