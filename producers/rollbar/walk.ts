/**
 * How to walk down `/instances` without losing a row, as a pure function of what a page showed.
 *
 * The listing has no time filter and no ascending order, and what `lastId` means is not certain. Three readings
 * of the documents are possible: rows with a smaller id by id (H1), rows with a smaller id by timestamp (H2),
 * rows after that row by timestamp (H3). Ids follow time only nearly. Under H2 every obvious cursor (the last
 * row's id, the smallest id, the first known id) loses rows whose id is high and whose timestamp is old: the
 * order cuts them off the page, then the filter shuts them out.
 *
 * So the cursor overlaps: it goes down to the smallest id of the rows more than D seconds newer than the oldest
 * row of the page, and the last D seconds are read again. That is right under all three readings as long as a
 * higher id is never more than D older. Nor does a known id or a short page end the walk: only a page that lies
 * below the floor altogether, or an empty one.
 */
import type { Floor } from './cursor.ts';

/** The margin that Rollbar's own example keeps for "id order only approximates time". */
export const D_SECONDS = 60;

/** The most rows that Rollbar returns. */
export const MAX_LIMIT = 5000;

/** A row as the walk sees it. */
export interface Sighting {
  readonly id: bigint;
  /** When it was received, unix seconds. */
  readonly seconds: number;
}

/** What was asked for. */
export interface Position {
  /** `lastId`; null at the head. */
  readonly before: bigint | null;
  readonly limit: number;
  readonly floor: Floor;
  /** Ids of the page before this one. */
  readonly known: ReadonlySet<bigint>;
}

export type Step =
  /** Nothing unread is left above the floor. */
  | { readonly kind: 'end' }
  /** The whole page lies within D seconds: ask again from the same place for more rows. */
  | { readonly kind: 'wider'; readonly limit: number }
  | {
      readonly kind: 'down';
      readonly before: bigint;
      /** Even the largest page lies within D seconds, so the overlap is narrower than it should be. */
      readonly isDegraded: boolean;
      /** The page showed nothing new below the cursor and gave no way down: `lastId` may be ignored. */
      readonly isStuck: boolean;
    };

/** True when a row above the floor may be news. */
export function isWanted({ id, seconds }: Sighting, { floor_id, floor_time }: Floor): boolean {
  return seconds >= floor_time || (floor_id !== null && id > BigInt(floor_id));
}

/**
 * Where to go after a page.
 * @param size rows on the page, including those without a readable id or time.
 */
export function nextStep(
  { before, limit, floor, known }: Position,
  page: readonly Sighting[],
  size: number,
): Step {
  // D once more: at the floor, too, a wanted row can stand below one that is not.
  const margin = { ...floor, floor_time: floor.floor_time - D_SECONDS };
  if (page.every((row) => !isWanted(row, margin))) return { kind: 'end' };
  const oldest = page.reduce((least, { seconds }) => Math.min(least, seconds), Number.POSITIVE_INFINITY);
  const newer = page.filter(({ seconds }) => seconds > oldest + D_SECONDS);
  const isFull = size >= limit;
  if (newer.length === 0 && limit < MAX_LIMIT) {
    // A short page is the listing's end, or rows were taken out of it after they had been counted: one look tells.
    return { kind: 'wider', limit: isFull ? Math.min(2 * limit, MAX_LIMIT) : MAX_LIMIT };
  }
  const isDegraded = newer.length === 0 && isFull;
  const next = smallest(newer.length === 0 ? page : newer);
  if (before === null || next < before) return { kind: 'down', before: next, isDegraded, isStuck: false };
  const lowest = smallest(page);
  return {
    kind: 'down',
    before: lowest < before ? lowest : before - 1n,
    isDegraded,
    isStuck: !page.some(({ id }) => id < before && !known.has(id)),
  };
}

function smallest(rows: readonly Sighting[]): bigint {
  return rows.reduce((least, { id }) => (id < least ? id : least), ID_CEILING);
}

/** Above every 64-bit id. */
const ID_CEILING = 2n ** 64n;
