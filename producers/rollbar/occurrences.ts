/**
 * Reads `/instances`: first from the head down to the look-back, then what earlier runs left.
 *
 * A row can become visible after rows with higher ids, so each run reads the last minutes again, and once an
 * hour the last hours. What comes later than that is found by comparing counts, not by polling.
 */
import { type Page, PollError } from '../../contract/producer.ts';
import { type Context, type Steps, unixNow } from './context.ts';
import { type Cursor, type Floor, largest, type Span, withPending, withRoom } from './cursor.ts';
import { headLimit, nextLimit, smallerLimit } from './limit.ts';
import { type Reading, readPage } from './page.ts';
import { D_SECONDS, nextStep, type Position } from './walk.ts';

const WIDE_EVERY_SECONDS = 3600;
const WIDE_LOOKBACK_SECONDS = 2 * 3600;

/** Under the third reading of `lastId` an inversion can look as if it were ignored, but not three times in a row. */
const MAX_STUCK = 3;

/** Reads the newest rows, down to the look-back; once an hour, the wide one. */
export async function* readHead(context: Context, from: Cursor): Steps {
  const { head, start } = from;
  const isWide = unixNow(context.now) - head.widened_at >= WIDE_EVERY_SECONDS;
  const lookback = head.read_to - context.settings.lookback_minutes * 60;
  const wide = Math.min(head.widened_at, head.read_to) - WIDE_LOOKBACK_SECONDS;
  const floor = {
    // Where there was no row before, every row is new; the first sweep, which reads all items, is over by then.
    floor_id: head.newest_id ?? (from.items.was_swept ? '0' : null),
    floor_time: Math.max(start, isWide ? Math.min(wide, lookback) : lookback),
  };
  return yield* walk(context, { ...from, spans: withRoom(from.spans) }, null, floor, isWide);
}

/** Reads what is left of earlier walks, newest first. */
export async function* readBacklog(context: Context, from: Cursor): Steps {
  let cursor = from;
  for (const span of from.spans) cursor = yield* walk(context, cursor, span, span, false);
  return cursor;
}

/**
 * Walks down to the floor, from the head or from where a span begins. After every page the rest of the way stands
 * in the cursor as a span, in the place of what was left before.
 */
async function* walk(
  context: Context,
  from: Cursor,
  span: Span | null,
  { floor_id, floor_time }: Floor,
  isWide: boolean,
): Steps {
  const rowsCount = counted(context.settings.lookback_minutes * 60 + 2 * D_SECONDS);
  let cursor = from;
  let left = span;
  let position: Position = {
    before: span === null ? null : BigInt(span.before),
    limit: span?.limit ?? from.head.limit,
    floor: { floor_id, floor_time },
    known: new Set(),
  };
  let items: readonly string[] = [];
  let stuck = 0;
  for (;;) {
    const asked = unixNow(context.now);
    const reading = yield* readOrNull(context, position, withSmallerPage(cursor, left, position));
    if (reading === null) {
      position = { ...position, limit: smallerLimit(position.limit) ?? position.limit };
      continue;
    }
    const recent = rowsCount(reading, position);
    const known = new Set(reading.sightings.map(({ id }) => id));
    items = [...items, ...reading.items];
    const step = nextStep(position, reading.sightings, reading.size);
    if (step.kind === 'wider') {
      if (reading.rest.length > 0) yield { records: reading.rest, cursor };
      position = { ...position, limit: step.limit, known: new Set([...position.known, ...known]) };
      continue;
    }
    stuck = step.kind === 'down' && step.isStuck ? stuck + 1 : 0;
    if (stuck === MAX_STUCK) throw ignoredLastId(position);
    if (step.kind === 'down' && step.isDegraded) {
      context.log('a minute has more rows than the largest page: late rows in it can be missed', {
        before: String(step.before),
      });
    }
    const limit = nextLimit(position.limit, oldest(reading), floor_time, bytesPerRow(reading));
    const rest = step.kind === 'end' ? null : { before: String(step.before), floor_id, floor_time, limit };
    const head = headAfter(cursor.head, reading, position.before === null ? { asked, isWide } : null);
    const nextHead = span === null ? headLimit(recent, bytesPerRow(reading)) : head.limit;
    const spans = replaced(cursor.spans, left, rest);
    cursor = withPending({ ...cursor, head: { ...head, limit: nextHead }, spans }, items, asked);
    left = rest;
    items = [];
    if (rest !== null || reading.rest.length > 0)
      yield { records: reading.rest, cursor, ...reachedBy(reading, from.start) };
    if (rest === null) return cursor;
    position = { ...position, before: BigInt(rest.before), limit, known };
  }
}

/** The cursor within a page: a run that ends there, because the page takes too long, leaves a smaller one to the next. */
function withSmallerPage(cursor: Cursor, left: Span | null, position: Position): Cursor {
  const limit = smallerLimit(position.limit) ?? position.limit;
  if (left === null) return { ...cursor, head: { ...cursor.head, limit } };
  return { ...cursor, spans: replaced(cursor.spans, left, { ...left, limit }) };
}

/** The head after a page; only the first page of a walk from the head says how far the head was read. */
function headAfter(
  head: Cursor['head'],
  { sightings }: Reading,
  first: { readonly asked: number; readonly isWide: boolean } | null,
): Cursor['head'] {
  const newest_id = sightings.reduce((id, sighting) => largest(id, sighting.id), head.newest_id);
  if (first === null) return { ...head, newest_id };
  const newest = sightings.reduce((latest, { seconds }) => Math.max(latest, seconds), 0);
  return {
    ...head,
    newest_id,
    read_to: Math.max(head.read_to, Math.min(first.asked, newest)),
    widened_at: first.isWide ? first.asked : head.widened_at,
  };
}

/** Counts, page by page, the rows of a walk that are at most `window` seconds older than its newest. */
function counted(window: number): (reading: Reading, position: Position) => number {
  let newest: number | null = null;
  let count = 0;
  return ({ sightings }, { known }) => {
    newest ??= sightings.reduce((latest, { seconds }) => Math.max(latest, seconds), 0);
    const since = newest - window;
    count += sightings.filter(({ id, seconds }) => seconds >= since && !known.has(id)).length;
    return count;
  };
}

const oldest = ({ sightings }: Reading): number =>
  sightings.reduce((least, { seconds }) => Math.min(least, seconds), Number.POSITIVE_INFINITY);

/** How far back a page reaches, not beyond what is wanted. */
function reachedBy(reading: Reading, start: number): { readonly reached?: Date } {
  const seconds = Math.max(oldest(reading), start);
  return Number.isFinite(seconds) ? { reached: new Date(seconds * 1000) } : {};
}

const bytesPerRow = ({ bytes, size }: Reading): number => (size === 0 ? 0 : bytes / size);

/** The page, or null when it broke off and is worth asking for in smaller pieces. */
async function* readOrNull(
  { http, log }: Context,
  position: Position,
  cursor: Cursor,
): AsyncGenerator<Page<Cursor>, Reading | null> {
  try {
    return yield* readPage(http, position, cursor);
  } catch (error) {
    const isTooLarge = error instanceof PollError && error.kind === 'unavailable';
    if (!isTooLarge || smallerLimit(position.limit) === null) throw error;
    log('a page could not be read, asking for a smaller one', { limit: position.limit });
    return null;
  }
}

/** The spans with a walk's rest in place of what was left of it before; the rest of the head comes first. */
function replaced(spans: readonly Span[], left: Span | null, rest: Span | null): readonly Span[] {
  const now = rest === null ? [] : [rest];
  return left === null ? [...now, ...spans] : spans.flatMap((span) => (span === left ? now : [span]));
}

function ignoredLastId({ before, limit }: Position): PollError {
  return new PollError(
    'unexpected_response',
    `/api/1/instances?lastId=${before}&limit=${limit}: ${MAX_STUCK} answers in a row held nothing below lastId that the page before did not hold, so Rollbar seems to ignore lastId; compare with its reference`,
  );
}
