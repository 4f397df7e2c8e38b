/**
 * One answer of `/instances`, read while it arrives.
 *
 * A page of a hundred rows can be a hundred megabytes, and the function has a few hundred. So rows are handed
 * over in parts of about 2 MB, each with the cursor from before the page: a crash then repeats the page.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { type Page, type PollContext, PollError } from '../../contract/producer.ts';
import { at, digits, idOf, unixSeconds } from '../../contract/read.ts';
import type { Emitted } from '../../contract/record.ts';
import type { Cursor } from './cursor.ts';
import { occurrenceOf } from './occurrence.ts';
import { isWanted, type Position, type Sighting } from './walk.ts';

/** Bytes of JSON handed over at once; a row is at most about 1 MB. */
export const PART_BYTES = 2_000_000;

export interface Reading {
  readonly sightings: readonly Sighting[];
  /** Rows, including those without a readable id or time. */
  readonly size: number;
  /** Estimated bytes of JSON. */
  readonly bytes: number;
  /** Items of rows that no earlier poll has seen. */
  readonly items: ReadonlySet<string>;
  /** The part that is to be handed over with the new cursor. */
  readonly rest: readonly Emitted[];
}

/**
 * Reads a page and yields all of its wanted rows but the last part.
 * @throws {PollError} `unexpected_response` when a full or a first page has rows and none has an id and a time.
 */
export async function* readPage(
  http: PollContext['http'],
  { before, limit, floor, known }: Position,
  cursor: Cursor,
): AsyncGenerator<Page<Cursor>, Reading> {
  const sightings: Sighting[] = [];
  const items = new Set<string>();
  let part: Emitted[] = [];
  let partBytes = 0;
  let bytes = 0;
  let size = 0;
  const query = { limit, lastId: before === null ? undefined : String(before) };
  for await (const row of http.stream('/api/1/instances', query, 'instances')) {
    const sighting = sightingOf(row);
    const rowBytes = roughBytes(row);
    size += 1;
    bytes += rowBytes;
    if (sighting !== null) {
      sightings.push(sighting);
      if (known.has(sighting.id) || !isWanted(sighting, floor)) continue;
      const itemId = digits(at(row, 'item_id'));
      // On the very first walk everything is new, and the first sweep reads every item anyway.
      const isNew = floor.floor_id !== null && sighting.id > BigInt(floor.floor_id);
      if (isNew && typeof itemId === 'string' && idOf(itemId) !== null) items.add(itemId);
    }
    if (partBytes + rowBytes > PART_BYTES && part.length > 0) {
      yield { records: part, cursor };
      part = [];
      partBytes = 0;
    }
    // A row without an id or a time goes on as well: it is refused in the open, not dropped.
    part.push(occurrenceOf(row));
    partBytes += rowBytes;
  }
  // The last rows of all, and none can be read: they are refused in the open, and the walk ends here.
  if (sightings.length === 0 && before !== null && size < limit) {
    return { sightings, size: 0, bytes, items, rest: part };
  }
  if (size > 0 && sightings.length === 0) {
    throw new PollError(
      'unexpected_response',
      `/api/1/instances: none of ${size} rows has a numeric id and timestamp; compare with Rollbar's reference`,
    );
  }
  return { sightings, size, bytes, items, rest: part };
}

function sightingOf(row: JsonValue): Sighting | null {
  const id = idOf(at(row, 'id'));
  const seconds = unixSeconds(at(row, 'timestamp'));
  return id === null || seconds === null ? null : { id, seconds };
}

/** About the bytes of a value as JSON: exact for ASCII without escapes, up to a third otherwise. */
export function roughBytes(value: JsonValue, depth = 0): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 6;
  // Redaction cuts deeper values off.
  if (depth > 600) return 4;
  if (Array.isArray(value)) {
    return value.reduce((sum: number, element) => sum + 1 + roughBytes(element, depth + 1), 2);
  }
  return Object.entries(value).reduce(
    (sum, [key, element]) => sum + key.length + 4 + roughBytes(element, depth + 1),
    2,
  );
}
