/**
 * Reads a list: its newest page in every run, what is open again until it has settled, and what is left below.
 *
 * New rows only push the others down, and the next page is named by Heroku, so nothing is skipped. The floor moves
 * when the newest page is on the stream; whatever lies between is then a remainder, which no crash forgets.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { openAfter, type Seen } from '../../contract/open.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import type { Emitted } from '../../contract/record.ts';
import {
  type Context,
  type Cursor,
  type Floor,
  type ListState,
  OPEN_BOUNDS,
  type Place,
  type Steps,
  unixNow,
} from './cursor.ts';
import {
  ACCEPT,
  isOrdered,
  type ListPage,
  newestFirst,
  OVERLAP_SECONDS,
  placeOf,
  readRange,
  UNORDERED,
} from './range.ts';

/** One of the lists of an app. */
export interface List {
  readonly name: 'releases' | 'builds';
  /** What its rows are ordered by. */
  readonly field: string;
  /** What a row is asked for by. */
  readonly key: 'version' | 'id';
  /** The records of rows, with the cursor that making them left. */
  readonly records: (
    context: Context,
    rows: readonly JsonValue[],
    cursor: Cursor,
  ) => Promise<{ readonly records: readonly Emitted[]; readonly cursor: Cursor }>;
}

/** The newest page is read whole this often, whatever its ETag says. */
const WHOLE_EVERY_SECONDS = 3600;
const REREADS_PER_RUN = 5;

/** Every row, in an order that says nothing. */
const EVERYTHING: ListState['rest'] = {
  range: `${UNORDERED} ..; max=1000`,
  floor: { version: 0, created: 0 },
};

/** Reads the newest page, then what is open and was not on it. */
export async function* readNewest(context: Context, list: List, from: Cursor): Steps {
  const state = from[list.name];
  const now = unixNow(context.now);
  // What is open may have changed without the page; and a wrong ETag must not blind the feed for ever.
  const isDue = now - state.whole_at >= WHOLE_EVERY_SECONDS;
  if (state.is_unordered && !isDue) return yield* readOpen(context, list, from, new Set());
  const page = await readNewestPage(context, list, isDue || state.open.length > 0 ? null : state.etag);
  if (page === 'unchanged') return from;
  if (page === 'refused') {
    return withList(from, list, (before) => ({
      ...before,
      is_unordered: true,
      whole_at: now,
      rest: before.rest ?? EVERYTHING,
    }));
  }
  const { records, cursor } = await list.records(context, page.rows, from);
  const read = withList(cursor, list, (before) => afterNewest(before, page, list, from.start, now));
  yield { records, cursor: read };
  return yield* readOpen(context, list, read, new Set(page.rows.map((row) => keyOf(row, list))));
}

/**
 * The newest page. Only Heroku's schema says that builds can be ranged by their start: where that is refused, the
 * list is read as a whole, by id, once an hour.
 */
async function readNewestPage(
  context: Context,
  list: List,
  etag: string | null,
): Promise<ListPage | 'unchanged' | 'refused'> {
  try {
    return (await readRange(context, pathOf(context, list), newestFirst(list.field), etag)) ?? 'unchanged';
  } catch (error) {
    if (list.key !== 'id' || !(error instanceof PollError) || ![400, 416].includes(error.status ?? 0))
      throw error;
    context.log('the newest rows cannot be asked for, all are read once an hour', { list: list.name });
    return 'refused';
  }
}

/** Reads what earlier pages, or runs, left unread. */
export async function* readRest(context: Context, list: List, from: Cursor): Steps {
  let cursor = from;
  for (let rest = cursor[list.name].rest; rest !== null; rest = cursor[list.name].rest) {
    const { range, floor } = rest;
    const page = await readRange(context, pathOf(context, list), range, null);
    // Without an ETag there is no "unchanged".
    if (page === null)
      throw new PollError('unexpected_response', `GET ${pathOf(context, list)}: status 304 without an ETag`);
    const wanted = page.rows.filter(
      (row) => (placeOf(row)?.created ?? from.start) >= from.start || isOrdered(range),
    );
    const made = await list.records(context, wanted, cursor);
    const now = unixNow(context.now);
    cursor = withList(made.cursor, list, (state) => ({
      ...state,
      newest: newestOf(page.rows, state.newest, now),
      rest: restOf(page, floor),
      open: openAfter(state.open, seenIn(page.rows, list, now), now, OPEN_BOUNDS),
    }));
    yield { records: made.records, cursor };
  }
  return cursor;
}

/** Asks for some of what is open and was not on the page; the others have their turn next. */
async function* readOpen(
  context: Context,
  list: List,
  from: Cursor,
  shown: ReadonlySet<string | null>,
): Steps {
  let cursor = from;
  const turn = from[list.name].open.filter(([key]) => !shown.has(key)).slice(0, REREADS_PER_RUN);
  for (const entry of turn) {
    const [key] = entry;
    const row = await reread(context, list, key);
    const made = await list.records(context, row === null ? [] : [row], cursor);
    const isStill = row !== null && isOpen(row);
    cursor = withList(made.cursor, list, (state) => {
      const others = state.open.filter(([one]) => one !== key);
      return { ...state, open: isStill ? [...others, entry] : others };
    });
    // What is still open has not changed.
    if (!isStill) yield { records: made.records, cursor };
  }
  return cursor;
}

/** The row as it is now; null when it is not there any more, which must not end a run. */
async function reread({ http, settings, log }: Context, list: List, key: string): Promise<JsonValue> {
  try {
    return (await http.get(`/apps/${settings.app}/${list.name}/${key}`, {}, ACCEPT)).body;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
  }
  log('what had not settled cannot be read any more', { list: list.name, key });
  return null;
}

const pathOf = ({ settings }: Context, { name }: List): string => `/apps/${settings.app}/${name}`;

/** The cursor with one of its lists changed. */
function withList(cursor: Cursor, { name }: List, change: (state: ListState) => ListState): Cursor {
  return { ...cursor, [name]: { ...cursor[name], ...change(cursor[name]) } };
}

function afterNewest(state: ListState, page: ListPage, list: List, start: number, now: number): ListState {
  const floor = floorOf(state, list, start);
  const unread = restOf(page, floor);
  return {
    newest: newestOf(page.rows, state.newest, now),
    etag: page.etag,
    whole_at: now,
    is_unordered: false,
    // An older remainder lies below this one: what lies between them is read twice.
    rest: unread === null ? state.rest : { ...unread, floor: lower(floor, state.rest?.floor ?? floor) },
    open: openAfter(state.open, seenIn(page.rows, list, now), now, OPEN_BOUNDS),
  };
}

function floorOf({ newest }: ListState, { key }: List, start: number): Floor {
  if (newest === null) return { version: 0, created: start };
  if (key === 'version') return { version: newest.version, created: start };
  return { version: 0, created: Math.max(start, newest.created - OVERLAP_SECONDS) };
}

const lower = (a: Floor, b: Floor): Floor => ({
  version: Math.min(a.version, b.version),
  created: Math.min(a.created, b.created),
});

/** What is left after a page: nothing after the last one, or once a row is below the floor. */
function restOf({ rows, next }: ListPage, floor: Floor): ListState['rest'] {
  const isOver = next === null || rows.map(placeOf).some((place) => place !== null && isBelow(place, floor));
  return isOver ? null : { range: next, floor };
}

const isBelow = (place: Place, floor: Floor): boolean =>
  (place.version > 0 && place.version <= floor.version) || place.created < floor.created;

/** A time ahead of our clock would lift the floor over rows that are still to come. */
function newestOf(rows: readonly JsonValue[], before: Place | null, now: number): Place {
  return rows.map(placeOf).reduce<Place>(
    (newest, place) => ({
      version: Math.max(newest.version, place?.version ?? 0),
      created: Math.max(newest.created, Math.min(now, place?.created ?? 0)),
    }),
    before ?? { version: 0, created: 0 },
  );
}

const isOpen = (row: JsonValue): boolean => at(row, 'status') === 'pending';

function keyOf(row: JsonValue, { key }: List): string | null {
  const value = at(row, key);
  return typeof value === 'string' || typeof value === 'number'
    ? encodeURIComponent(String(value)).slice(0, 64)
    : null;
}

function* seenIn(rows: readonly JsonValue[], list: List, now: number): Generator<Seen> {
  for (const row of rows) {
    const key = keyOf(row, list);
    if (key !== null) yield { key, isOpen: isOpen(row), since: placeOf(row)?.created ?? now };
  }
}
