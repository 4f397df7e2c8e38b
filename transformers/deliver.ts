/**
 * Puts packs on delivery streams until every one of them has been taken, or the time is up.
 *
 * PutRecordBatch answers 200 while it refuses some of the records, when a stream is over its quota. Only those are
 * sent again. What is left at the end is the caller's to report: the event source sends the batch again from
 * there, and the repeats that causes are removed when rows are merged.
 */
import type { Pack } from './pack.ts';
import type { Ports } from './ports.ts';

/** A pack on its way. */
export interface Delivery {
  readonly stream: string;
  readonly pack: Pack;
}

export interface Delivered {
  readonly failed: readonly Delivery[];
  /** Records that were sent more than once, counted each time. */
  readonly retried: number;
}

/** PutRecordBatch takes 500 records and 4 MiB a call. */
const MAX_RECORDS = 500;
const MAX_BYTES = 4 * 1024 * 1024;

/** Quotas are per second: a stream takes up again with every new one. */
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 3_000;

/** Left for the last call's time-out and the answer. */
const RESERVE_MS = 12_000;

/** @param remaining milliseconds until the function is stopped */
export async function deliver(
  deliveries: readonly Delivery[],
  ports: Pick<Ports, 'firehose' | 'clock' | 'random' | 'log'>,
  remaining: () => number,
): Promise<Delivered> {
  let pending = deliveries;
  let retried = 0;
  for (let attempt = 0; ; attempt += 1) {
    const answers = await Promise.all(calls(pending).map((call) => put(call, ports)));
    pending = answers.flat();
    if (pending.length === 0) return { failed: [], retried };
    const wait = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempt) * (0.5 + ports.random() / 2);
    if (remaining() - wait < RESERVE_MS) return { failed: pending, retried };
    await ports.clock.sleep(wait);
    retried += pending.length;
  }
}

/** One call; answers what it did not put. */
async function put(
  call: readonly Delivery[],
  { firehose, log }: Pick<Ports, 'firehose' | 'log'>,
): Promise<readonly Delivery[]> {
  const stream = call[0]?.stream ?? '';
  try {
    const codes = await firehose.put(
      stream,
      call.map(({ pack }) => pack.data),
    );
    const failed = call.filter((_, index) => codes[index] !== null);
    if (failed.length > 0) {
      const reasons = [...new Set(codes.filter((code) => code !== null))].join();
      log.warn('delivery stream refused records', { stream, records: failed.length, reasons });
    }
    return failed;
  } catch (error) {
    // A call that failed as a whole may still have been carried out: repeats are removed later, losses are not.
    log.warn('delivery stream did not answer', {
      stream,
      records: call.length,
      error: error instanceof Error ? error : String(error),
    });
    return call;
  }
}

/** Deliveries by stream, in calls as large as they may be. */
function calls(deliveries: readonly Delivery[]): readonly (readonly Delivery[])[] {
  const made: Delivery[][] = [];
  for (const ofStream of Map.groupBy(deliveries, ({ stream }) => stream).values()) {
    let call: Delivery[] = [];
    let bytes = 0;
    for (const delivery of ofStream) {
      const size = delivery.pack.data.length;
      if (call.length > 0 && (call.length === MAX_RECORDS || bytes + size > MAX_BYTES)) {
        made.push(call);
        call = [];
        bytes = 0;
      }
      call.push(delivery);
      bytes += size;
    }
    made.push(call);
  }
  return made;
}
