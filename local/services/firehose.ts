/**
 * The Firehose API: Direct PUT with AWS' limits, in front of the delivery streams.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from '../warehouse/database.ts';
import { AwsError, type Body, type JsonService, listOf, textOf, unknownAction } from './call.ts';
import { DeliveryStream, type DeliveryStreamDefinition } from './delivery-stream.ts';
import type { ObjectStore } from './object-store.ts';
import { RedshiftDelivery } from './redshift-delivery.ts';

export interface DeliveryStats {
  readonly stream: string;
  /** Firehose records accepted by this process, and their bytes. */
  readonly records: number;
  readonly bytes: number;
  /** Bytes accepted and not yet in S3. */
  readonly bufferedBytes: number;
  readonly objects: number;
  /** Objects in S3 whose COPY has not ended. */
  readonly waitingForCopy: number;
  readonly copiesOk: number;
  /** Attempts that failed. */
  readonly copiesFailed: number;
  /** Batches given up after the retry time; their manifests stand under `errors/manifests/`. */
  readonly copiesSkipped: number;
  readonly rowsCopied: number;
  readonly lastError: string | null;
}

/** An object written, or a COPY that ended. */
export type Delivery =
  | { readonly kind: 'object'; readonly stream: string; readonly url: string; readonly records: number }
  | { readonly kind: 'copied'; readonly stream: string; readonly url: string; readonly rows: number }
  | { readonly kind: 'skipped'; readonly stream: string; readonly url: string; readonly error: string };

export interface Firehose {
  stats(): readonly DeliveryStats[];
  /** True when nothing is buffered and no COPY is waiting or running. */
  isIdle(): boolean;
  /** Calls the listener after each delivery; the answer unsubscribes it. */
  onDelivered(listener: (delivery: Delivery) => void): () => void;
  /** Writes all buffers out at once and ends when their COPYs have ended. */
  flush(): Promise<void>;
}

export interface FirehoseServer extends Firehose {
  readonly service: JsonService;
  createDeliveryStream(definition: DeliveryStreamDefinition): void;
  close(): Promise<void>;
}

export interface FirehosePorts {
  readonly folder: string;
  readonly store: ObjectStore;
  readonly warehouse: Database;
  readonly now: () => Date;
  readonly speed: number;
  readonly refuse: (stream: string, index: number) => boolean;
  readonly beforeCopy: (stream: string, manifestUrl: string) => void | Promise<void>;
  readonly afterCopy: (stream: string, manifestUrl: string) => void | Promise<void>;
}

/** Quotas of Direct PUT (`limits`); a record is counted before base64. */
const LIMITS = { records: 500, callBytes: 4 * 1024 * 1024, recordBytes: 1000 * 1024 };

interface Running {
  readonly stream: DeliveryStream;
  readonly copies: RedshiftDelivery | null;
  readonly stats: { -readonly [Name in keyof DeliveryStats]: DeliveryStats[Name] };
}

export function startFirehose(ports: FirehosePorts): FirehoseServer {
  const streams = new Map<string, Running>();
  const listeners = new Set<(delivery: Delivery) => void>();
  const tell = (delivery: Delivery): void => {
    for (const listener of listeners) {
      try {
        listener(delivery);
      } catch (error) {
        // A listener that throws must not look like a delivery that failed, which would be repeated.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };

  const streamOf = (body: Body): Running => {
    const name = textOf(body, 'DeliveryStreamName');
    const running = streams.get(name);
    if (running === undefined) {
      throw new AwsError('ResourceNotFoundException', `Firehose ${name} under accountId local not found.`);
    }
    return running;
  };

  const put = ({ stream, stats }: Running, records: readonly Buffer[]): readonly object[] => {
    const name = stream.definition.name;
    const refused = records.map((_record, index) => ports.refuse(name, index));
    const accepted = records.filter((_record, index) => !refused[index]);
    stream.accept(accepted);
    stats.records += accepted.length;
    stats.bytes += accepted.reduce((sum, { length }) => sum + length, 0);
    return refused.map((isRefused) =>
      isRefused
        ? { ErrorCode: 'ServiceUnavailableException', ErrorMessage: SLOW_DOWN }
        : { RecordId: randomUUID() },
    );
  };

  return {
    service(action, body) {
      if (action === 'PutRecord') {
        const running = streamOf(body);
        const [answer = {}] = put(running, checkedRecords([body.Record]));
        if (!('RecordId' in answer)) throw new AwsError('ServiceUnavailableException', SLOW_DOWN, 503);
        return { ...answer, Encrypted: false };
      }
      if (action === 'PutRecordBatch') {
        const running = streamOf(body);
        const answers = put(running, checkedRecords(listOf(body, 'Records')));
        const failed = answers.filter((answer) => 'ErrorCode' in answer).length;
        return { FailedPutCount: failed, Encrypted: false, RequestResponses: answers };
      }
      throw unknownAction('firehose', action);
    },
    createDeliveryStream(definition) {
      if (!streams.has(definition.name)) streams.set(definition.name, run(definition, ports, tell));
    },
    stats: () =>
      [...streams.values()].map(({ stream, copies, stats }) => ({
        ...stats,
        bufferedBytes: stream.bufferedBytes,
        waitingForCopy: copies?.pending ?? 0,
      })),
    isIdle: () =>
      [...streams.values()].every(({ stream, copies }) => stream.isWritten && (copies?.pending ?? 0) === 0),
    onDelivered(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async flush() {
      await Promise.all(
        [...streams.values()].map(async ({ stream, copies }) => {
          await stream.flush();
          await copies?.idle();
        }),
      );
    },
    async close() {
      await Promise.all([...streams.values()].map(({ stream }) => stream.close()));
      await Promise.all([...streams.values()].map(({ copies }) => copies?.close()));
    },
  };
}

const SLOW_DOWN = 'Slow down.';

/** Runs a stream; it takes up at once what an earlier process left. */
function run(
  definition: DeliveryStreamDefinition,
  ports: FirehosePorts,
  tell: (delivery: Delivery) => void,
): Running {
  const { name, bucket, destination } = definition;
  const stats: Running['stats'] = {
    stream: name,
    records: 0,
    bytes: 0,
    bufferedBytes: 0,
    objects: 0,
    waitingForCopy: 0,
    copiesOk: 0,
    copiesFailed: 0,
    copiesSkipped: 0,
    rowsCopied: 0,
    lastError: null,
  };
  const copies =
    destination.kind === 's3'
      ? null
      : new RedshiftDelivery({
          definition,
          target: destination,
          store: ports.store,
          warehouse: ports.warehouse,
          now: ports.now,
          speed: ports.speed,
          beforeCopy: (url) => ports.beforeCopy(name, url),
          afterCopy: (url) => ports.afterCopy(name, url),
          onCopied(url, rows) {
            stats.copiesOk += 1;
            stats.rowsCopied += rows;
            tell({ kind: 'copied', stream: name, url, rows });
          },
          onFailed(error) {
            stats.copiesFailed += 1;
            stats.lastError = error.message;
          },
          onSkipped(url, error) {
            stats.copiesSkipped += 1;
            tell({ kind: 'skipped', stream: name, url, error: error.message });
          },
          forget: (object) => stream.forget(object),
        });
  const stream = new DeliveryStream(definition, {
    folder: join(ports.folder, name),
    store: ports.store,
    now: ports.now,
    speed: ports.speed,
    onObject(object) {
      stats.objects += 1;
      tell({ kind: 'object', stream: name, url: `s3://${bucket}/${object.key}`, records: object.records });
      if (copies === null) stream.forget(object);
      else copies.add(object);
    },
    onError(error) {
      stats.lastError = error instanceof Error ? error.message : String(error);
    },
  });
  stream.resume();
  return { stream, copies, stats };
}

/** @throws {AwsError} InvalidArgumentException when the call breaks a quota. */
function checkedRecords(entries: readonly unknown[]): readonly Buffer[] {
  const invalid = (message: string): AwsError => new AwsError('InvalidArgumentException', message);
  if (entries.length === 0 || entries.length > LIMITS.records) {
    throw invalid(`A batch holds 1 to ${LIMITS.records} records, got ${entries.length}`);
  }
  const records = entries.map((entry, index) => {
    const data = typeof entry === 'object' && entry !== null && 'Data' in entry ? entry.Data : null;
    if (typeof data !== 'string') throw invalid(`Record ${index} has no Data`);
    const bytes = Buffer.from(data, 'base64');
    if (bytes.length > LIMITS.recordBytes) {
      throw invalid(`Record ${index} has ${bytes.length} bytes, at most ${LIMITS.recordBytes} are taken`);
    }
    return bytes;
  });
  const size = records.reduce((sum, { length }) => sum + length, 0);
  if (size > LIMITS.callBytes) {
    throw invalid(`A batch holds ${LIMITS.callBytes} bytes, got ${size}`);
  }
  return records;
}
