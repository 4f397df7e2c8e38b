/**
 * What one poll remembers for the next: always below 4 KB, and it never forgets what is unread.
 *
 * The head of `/instances` is read in every run. Where a walk down from the head is cut short, its remainder is a
 * span: an obligation kept here until it is read, while `newest_id` may already be that of the head. So a crash
 * or a deadline on page 7 repeats at most one page, a backlog of hours never delays the newest rows, and nothing
 * is passed unread. The bounds below bound the cursor.
 */

import type { Open } from '../../contract/open.ts';

/** Ids are digits, times are unix seconds. */
export interface Cursor {
  /** Nothing older than this is wanted: the `since` of the first run. */
  readonly start: number;
  readonly head: {
    /** Largest id seen; null before the first row. */
    readonly newest_id: string | null;
    /** Newest receive time seen, never ahead of our clock: the look-back is counted from here. */
    readonly read_to: number;
    /** When the wide look-back was done last. */
    readonly widened_at: number;
    /** Rows to ask for at the head. */
    readonly limit: number;
  };
  /** Remainders of walks, newest first. */
  readonly spans: readonly Span[];
  readonly items: {
    /** Items that have new occurrences and are to be read again. */
    readonly pending: readonly string[];
    /** The next page of the sweep over all items; null between two sweeps. */
    readonly page: number | null;
    readonly sweep_due_at: number;
    readonly was_swept: boolean;
  };
  readonly deploys: {
    readonly newest_id: string | null;
    readonly read_to: number;
    /** A pass that is under way: pages above `page` are read, and `newest_id` and `read_to` are what it will leave. */
    readonly pass: DeployPass | null;
    readonly was_read: boolean;
    /** Deploys that have not settled: id and start. */
    readonly open: Open;
  };
}

/** A row above the floor is wanted: its id is above `floor_id`, or its time is not before `floor_time`. */
export interface Floor {
  readonly floor_id: string | null;
  readonly floor_time: number;
}

/** The part of the listing from the row `before` down to the floor. */
export interface Span extends Floor {
  readonly before: string;
  /** Rows to ask for. */
  readonly limit: number;
}

export interface DeployPass extends Floor {
  readonly page: number;
  readonly newest_id: string | null;
  readonly read_to: number;
}

export const MAX_SPANS = 5;
export const MAX_PENDING = 100;
export const MAX_OPEN = 20;
/** The smallest answer worth asking for: the head of a quiet project and its look-back. */
export const MIN_LIMIT = 100;

/** The cursor before the first poll. */
export function beginning(start: number, now: number): Cursor {
  return {
    start,
    head: { newest_id: null, read_to: start, widened_at: now, limit: MIN_LIMIT },
    spans: [],
    items: { pending: [], page: 1, sweep_due_at: now, was_swept: false },
    deploys: { newest_id: null, read_to: start, pass: null, was_read: false, open: [] },
  };
}

/** True when nothing that is known to exist is unread. */
export function isCaughtUp({ spans, items, deploys }: Cursor): boolean {
  return (
    spans.length === 0 &&
    items.pending.length === 0 &&
    items.was_swept &&
    deploys.was_read &&
    deploys.pass === null
  );
}

/**
 * Room for one more span: the two newest become one that contains both. What lies between them is read twice,
 * which is the price; which two are merged only decides how much.
 */
export function withRoom(spans: readonly Span[]): readonly Span[] {
  const [newest, next, ...older] = spans;
  if (spans.length < MAX_SPANS || newest === undefined || next === undefined) return spans;
  return withRoom([merged(newest, next), ...older]);
}

function merged(a: Span, b: Span): Span {
  return {
    before: BigInt(a.before) > BigInt(b.before) ? a.before : b.before,
    ...lowerFloor(a, b),
    limit: Math.max(a.limit, b.limit),
  };
}

function lowerFloor(a: Floor, b: Floor): Floor {
  const isNone = a.floor_id === null || b.floor_id === null;
  return {
    floor_id: isNone ? null : BigInt(a.floor_id) < BigInt(b.floor_id) ? a.floor_id : b.floor_id,
    floor_time: Math.min(a.floor_time, b.floor_time),
  };
}

/** The larger of two ids; null is below all. */
export function largest(a: string | null, b: bigint | null): string | null {
  return b !== null && (a === null || b > BigInt(a)) ? String(b) : a;
}

/** Adds items to be read again. When there are too many, the sweep, which reads all, comes at once instead. */
export function withPending(cursor: Cursor, ids: Iterable<string>, now: number): Cursor {
  const all = [...new Set([...cursor.items.pending, ...ids])];
  const items =
    all.length > MAX_PENDING
      ? {
          ...cursor.items,
          pending: all.slice(0, MAX_PENDING),
          sweep_due_at: Math.min(cursor.items.sweep_due_at, now),
        }
      : { ...cursor.items, pending: all };
  return { ...cursor, items };
}
