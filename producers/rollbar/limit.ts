/**
 * How many rows to ask for. Never a question of correctness: the walk is right with any size of page.
 *
 * At the head one answer should cover the look-back, so that a run costs two requests. On a long way down the
 * steps grow. Where the floor is near, a small page is enough to see that nothing above it is left. And an answer
 * should stay small enough to be read again from its beginning when the connection breaks.
 */
import { MIN_LIMIT } from './cursor.ts';
import { D_SECONDS, MAX_LIMIT } from './walk.ts';

const PAGE_BYTES = 32_000_000;

/** Below so many rows, a page that cannot be read is not asked for in smaller pieces. */
const SMALLEST_LIMIT = 20;

/** Rows for the next head: those down to where the small page below starts, and a fifth more. */
export function headLimit(rowsInLookback: number, bytesPerRow: number): number {
  return within(Math.ceil(rowsInLookback * 1.2), bytesPerRow);
}

/** Rows for the next page of a walk that has just read down to the time `oldest`. */
export function nextLimit(limit: number, oldest: number, floorTime: number, bytesPerRow: number): number {
  return within(oldest < floorTime - 2 * D_SECONDS ? MIN_LIMIT : 2 * limit, bytesPerRow);
}

/** Rows to ask for after an answer that broke off, or null when it was small enough. */
export function smallerLimit(limit: number): number | null {
  return limit <= SMALLEST_LIMIT ? null : Math.max(SMALLEST_LIMIT, Math.ceil(limit / 10));
}

function within(limit: number, bytesPerRow: number): number {
  const rows = Math.max(SMALLEST_LIMIT, Math.floor(PAGE_BYTES / Math.max(1, bytesPerRow)));
  return Math.min(Math.max(limit, MIN_LIMIT), MAX_LIMIT, rows);
}
