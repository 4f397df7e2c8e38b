/**
 * Reads pipelines: the newest in every run, those that have not settled, and what earlier runs left.
 *
 * Only the first page of the list is read. It shows the newest number, and a number is all that is needed: in which
 * order the list comes, and how far a page reaches, is nowhere promised.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { type Context, type Cursor, openAfter, type Span, type Steps, unixNow, withRoom } from './cursor.ts';
import { expand, pipelineByNumber, projectPath } from './expand.ts';
import { pipelineOf } from './pipeline.ts';
import { msOf } from './read.ts';

/** Unsettled pipelines that are read again in one run. */
const REREADS_PER_RUN = 20;

/** A pipeline can be seen so much later than its number says: of a young one nothing is taken for read. */
export const LATE_SECONDS = 3600;

/** So many numbers that lead nowhere, and what lies below them is gone: kept no longer, or never there. */
export const MISSING_IN_A_ROW = 10;

type Rows = ReadonlyMap<number, JsonValue>;

/** Reads the first page, and every pipeline above the newest one known. */
export async function* readNewest(context: Context, from: Cursor): Steps {
  const rows = await firstPage(context);
  const numbers = [...rows.keys()];
  const newest = Math.max(from.newest ?? 0, ...numbers);
  const span: Span = [newest, (from.newest ?? 0) + 1, from.start];
  const isNews = newest > (from.newest ?? 0);
  let cursor: Cursor = { ...from, newest, spans: isNews ? [span, ...withRoom(from.spans)] : from.spans };
  // A pipeline can change by itself: its errors come a little later.
  yield { records: [...rows.values()].map(pipelineOf), cursor };
  if (isNews) cursor = yield* readSpan(context, cursor, rows);
  return yield* readOpen(context, cursor, rows);
}

/** Reads what earlier runs left unread. */
export async function* readRest(context: Context, from: Cursor): Steps {
  let cursor = from;
  while (cursor.spans.length > 0) cursor = yield* readSpan(context, cursor, new Map());
  return cursor;
}

/** Reads the first span to its end. */
async function* readSpan(context: Context, from: Cursor, rows: Rows): Steps {
  let cursor = from;
  const [span, ...others] = from.spans;
  let missing = 0;
  for (let left: Span | null = span ?? null; left !== null; ) {
    const { records, after, settled } = await readNext(context, left, rows, 0);
    missing = settled === null ? missing + 1 : 0;
    const number = left[0];
    left = missing === MISSING_IN_A_ROW ? null : after;
    const spans = left === null ? others : [left, ...others];
    cursor = { ...cursor, spans, open: openWith(context, cursor, number, settled) };
    if (settled !== null || left === null) yield { records, cursor };
  }
  return cursor;
}

export interface NextPipeline {
  readonly records: Awaited<ReturnType<typeof expand>>['records'];
  /** What is left of the span; null when it has ended. */
  readonly after: Span | null;
  /** Whether the pipeline has settled; null when there is none of this number, or it is too old. */
  readonly settled: boolean | null;
}

/** Reads the next pipeline of a span. @param lastRead when all of the span was read before; 0 for never. */
export async function readNext(
  context: Context,
  [next, last, until]: Span,
  rows: Rows,
  lastRead: number,
): Promise<NextPipeline> {
  const after: Span | null = next > last ? [next - 1, last, until] : null;
  if (next < last) return { records: [], after: null, settled: null };
  const pipeline = rows.get(next) ?? (await pipelineByNumber(context, next));
  if (pipeline === null) return { records: [], after, settled: null };
  const created = msOf(at(pipeline, 'created_at'));
  if (created !== null && created / 1000 < until) return { records: [], after: null, settled: null };
  const isOld = created !== null && created / 1000 < lastRead - LATE_SECONDS;
  const { records, isSettled } = await expand(context, pipeline, isOld ? lastRead : 0);
  return { records, after, settled: isSettled };
}

/** The open set after a pipeline was read, with a word when it is full. */
export function openWith(
  { now, log }: Context,
  { open }: Cursor,
  number: number,
  settled: boolean | null,
): Cursor['open'] {
  if (settled === null) return open;
  const after = openAfter(open, number, settled, unixNow(now));
  if (!settled && after.length === open.length && !open.some(([one]) => one === number))
    log('more pipelines are open than are followed every minute; the oldest wait for the next look back', {
      followed: after.length,
    });
  return after;
}

/** Reads some of the pipelines that have not settled; the others have their turn next. */
async function* readOpen(context: Context, from: Cursor, rows: Rows): Steps {
  let cursor = from;
  const now = unixNow(context.now);
  // Those that this very run has read are not due.
  const turn = from.open.filter(([, read]) => read < now).slice(0, REREADS_PER_RUN);
  for (const [number, read] of turn) {
    const pipeline = rows.get(number) ?? (await pipelineByNumber(context, number));
    const { records, isSettled } =
      pipeline === null ? { records: [], isSettled: true } : await expand(context, pipeline, read);
    cursor = { ...cursor, open: openAfter(cursor.open, number, isSettled, unixNow(context.now)) };
    yield { records, cursor };
  }
  return cursor;
}

/** The pipelines of the first page, by number. */
async function firstPage({ http, settings }: Context): Promise<Rows> {
  const path = `${projectPath(settings.project)}/pipeline`;
  const { body, status } = await http.get(path);
  const items = at(body, 'items');
  if (!Array.isArray(items)) {
    throw new PollError(
      'unexpected_response',
      `GET ${path}: expected a list items, got status ${status} without one; compare with CircleCI's reference`,
    );
  }
  const rows = new Map<number, JsonValue>();
  for (const row of items as readonly JsonValue[]) {
    const number = at(row, 'number');
    if (typeof number === 'number' && Number.isSafeInteger(number)) rows.set(number, row);
  }
  if (items.length > 0 && rows.size === 0) {
    throw new PollError(
      'unexpected_response',
      `GET ${path}: none of ${items.length} pipelines has a number; compare with CircleCI's reference`,
    );
  }
  return rows;
}
