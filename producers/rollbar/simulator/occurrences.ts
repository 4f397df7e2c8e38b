/**
 * The occurrences one can see, and the order in which the vendor lists them.
 *
 * How Rollbar orders `/instances` is not certain: three readings of its documents and code are possible, and a
 * poller must lose nothing under any of them. So the simulator can be all three:
 *
 *   H1  rows with id < lastId, by id, newest first
 *   H2  rows with id < lastId, by timestamp: a row with a high id and an old timestamp is cut off the page by the
 *       order and then shut out by the filter, which is what loses rows with every obvious cursor
 *   H3  rows that follow the row lastId in the order by timestamp
 *
 * Where the order is by timestamp, rows of one second come in an order that has nothing to do with their ids.
 */
import { hash32 } from '../../../simulation/random.ts';

export const orderings = ['H1', 'H2', 'H3'] as const;
export type Ordering = (typeof orderings)[number];

export interface Occurrence {
  readonly id: number;
  /** When it was received, seconds. */
  readonly timestamp: number;
  /** When it can be seen, milliseconds. */
  readonly visibleAt: number;
  readonly uuid: string | null;
  readonly environment: string;
  readonly level: string;
  readonly billable: 0 | 1;
  /** The item it was grouped into; null until it can be seen. */
  itemId: number | null;
  /** The text of `data`, written anew at every call: keeping it would cost gigabytes. */
  data(): string;
}

export interface PageRequest {
  readonly lastId?: number | undefined;
  readonly page: number;
  readonly limit: number;
  readonly itemId?: number | undefined;
}

export interface Occurrences {
  add(occurrence: Occurrence): void;
  page(request: PageRequest): Occurrence[];
  get(id: number): Occurrence | undefined;
  withUuid(uuid: string): Occurrence | undefined;
  visible(): Iterable<Occurrence>;
}

export function createOccurrences(ordering: Ordering): Occurrences {
  const byId = new Map<number, Occurrence>();
  const byUuid = new Map<string, Occurrence>();
  // Oldest first, so that a new row is nearly always appended.
  const sorted: Occurrence[] = [];
  const isBefore = ordering === 'H1' ? isBeforeById : isBeforeByTime;

  /** The position up to which rows are older than lastId, and whether ids must be smaller as well. */
  function start(lastId: number | undefined): { end: number; below: number } {
    if (lastId === undefined) return { end: sorted.length, below: Number.POSITIVE_INFINITY };
    if (ordering === 'H2') return { end: sorted.length, below: lastId };
    const last = byId.get(lastId);
    if (last) return { end: positionOf(sorted, last, isBefore), below: Number.POSITIVE_INFINITY };
    if (ordering === 'H1') return { end: sorted.length, below: lastId };
    // H3 with an id nobody has: it takes the place of the next lower one, which is not documented.
    const lower = sorted.reduce<Occurrence | undefined>(
      (best, row) => (row.id < lastId && row.id > (best?.id ?? 0) ? row : best),
      undefined,
    );
    return { end: lower ? positionOf(sorted, lower, isBefore) + 1 : 0, below: Number.POSITIVE_INFINITY };
  }

  return {
    add(occurrence) {
      byId.set(occurrence.id, occurrence);
      if (occurrence.uuid !== null) byUuid.set(occurrence.uuid, occurrence);
      const newest = sorted.at(-1);
      if (!newest || isBefore(newest, occurrence)) sorted.push(occurrence);
      else sorted.splice(positionOf(sorted, occurrence, isBefore), 0, occurrence);
    },
    page({ lastId, page, limit, itemId }) {
      const { end, below } = start(lastId);
      const rows: Occurrence[] = [];
      let skip = lastId === undefined ? (page - 1) * limit : 0;
      for (let i = end - 1; i >= 0 && rows.length < limit; i -= 1) {
        const row = sorted[i];
        if (!row || row.id >= below || (itemId !== undefined && row.itemId !== itemId)) continue;
        if (skip > 0) skip -= 1;
        else rows.push(row);
      }
      return rows;
    },
    get: (id) => byId.get(id),
    withUuid: (uuid) => byUuid.get(uuid),
    visible: () => byId.values(),
  };
}

function isBeforeById(a: Occurrence, b: Occurrence): boolean {
  return a.id < b.id;
}

function isBeforeByTime(a: Occurrence, b: Occurrence): boolean {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp;
  const [left, right] = [hash32(String(a.id)), hash32(String(b.id))];
  return left === right ? a.id < b.id : left < right;
}

/** How many rows come before this one. */
function positionOf(
  sorted: readonly Occurrence[],
  row: Occurrence,
  isBefore: (a: Occurrence, b: Occurrence) => boolean,
): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const candidate = sorted[middle];
    if (candidate && isBefore(candidate, row)) low = middle + 1;
    else high = middle;
  }
  return low;
}
