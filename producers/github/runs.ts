/**
 * Reads workflow runs, by windows of their time of creation.
 *
 * A search shows at most 1,000 runs and says nothing about the rest, so a window that holds that many is read in
 * halves. Within a window that has ended no new run can shift the pages. A completed run can be run again for a
 * month, without any list of what has changed: recent windows are looked through again, hourly and daily.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { openAfter, type Seen } from '../../contract/open.ts';
import { PollError } from '../../contract/producer.ts';
import { at, digits, idOf } from '../../contract/read.ts';
import type { Emitted } from '../../contract/record.ts';
import {
  type Context,
  type Cursor,
  OPEN_BOUNDS,
  type Span,
  type Steps,
  secondsOf,
  unixNow,
} from './cursor.ts';
import { HEADERS } from './headers.ts';
import { workflowRunOf } from './run.ts';

const PAGE_ROWS = 100;
/** A search with a filter shows so many. */
const MAX_RESULTS = 1000;
/** Every run reads so much again: a run appears a little after it was created. */
const OVERLAP_SECONDS = 600;
const RESCAN = { every: 3600, seconds: 2 * 86_400 };
const LONG_RESCAN = { every: 86_400, seconds: 31 * 86_400 };
/** Old windows take turns with everything else. */
const REST_PAGES_PER_RUN = 20;
const REREADS_PER_RUN = 10;
/** Earlier attempts of a run that are read with it. */
const MAX_EARLIER = 5;

/** Reads the runs created since the last time, then those that are not completed. */
export async function* readNewRuns(context: Context, from: Cursor): Steps {
  const now = unixNow(context.now);
  const { runs } = from;
  const window: Span = [Math.max(from.start, runs.read_to - OVERLAP_SECONDS), now, 1];
  let cursor = withRuns(from, {
    read_to: Math.max(now, runs.read_to),
    spans: [window, ...runs.spans, ...dueRescans(from, now)],
    rescan_at: now >= runs.rescan_at ? now + RESCAN.every : runs.rescan_at,
    long_rescan_at: now >= runs.long_rescan_at ? now + LONG_RESCAN.every : runs.long_rescan_at,
  });
  const older = cursor.runs.spans.length - 1;
  const shown = new Set<string>();
  while (cursor.runs.spans.length > older) {
    const { records, cursor: after, ids } = await readSpan(context, cursor);
    cursor = after;
    for (const id of ids) shown.add(id);
    yield { records, cursor };
  }
  return yield* readOpen(context, cursor, shown);
}

/** Reads windows that earlier runs left, and those that are looked through again. */
export async function* readOldRuns(context: Context, from: Cursor): Steps {
  let cursor = from;
  for (let pages = 0; cursor.runs.spans.length > 0 && pages < REST_PAGES_PER_RUN; pages += 1) {
    const { records, cursor: after } = await readSpan(context, cursor);
    cursor = after;
    yield { records, cursor };
  }
  return cursor;
}

/** Windows whose completed runs may have new attempts. */
function dueRescans({ start, runs }: Cursor, now: number): readonly Span[] {
  const windows: Span[] = [];
  const add = (from: number, to: number): void => {
    if (Math.max(start, from) < to) windows.push([Math.max(start, from), to, 1]);
  };
  if (now >= runs.rescan_at) add(now - RESCAN.seconds, now - OVERLAP_SECONDS);
  if (now >= runs.long_rescan_at) add(now - LONG_RESCAN.seconds, now - RESCAN.seconds);
  // One of each at most: windows that are still waiting will be read, and the next turn comes.
  return windows.filter(([from, to]) => !runs.spans.some(([a, b]) => a <= to && b >= from));
}

interface SpanPage {
  readonly records: readonly Emitted[];
  readonly cursor: Cursor;
  readonly ids: readonly string[];
}

/** Reads one page of the first window, or halves the window. */
async function readSpan(context: Context, cursor: Cursor): Promise<SpanPage> {
  const [span, ...others] = cursor.runs.spans;
  if (span === undefined) throw new RangeError('no window is left to read');
  const [from, to, page] = span;
  const path = `/repos/${context.settings.repository}/actions/runs`;
  const query = { created: `${iso(from)}..${iso(to)}`, per_page: PAGE_ROWS, page };
  const { body, status } = await context.http.get(path, query, HEADERS);
  const rows = at(body, 'workflow_runs');
  const total = at(body, 'total_count');
  if (!Array.isArray(rows) || typeof total !== 'number') {
    throw new PollError(
      'unexpected_response',
      `GET ${path}: expected total_count and a list workflow_runs, got status ${status} without them; compare with GitHub's reference`,
    );
  }
  if (total >= MAX_RESULTS && to > from) {
    const middle = from + Math.floor((to - from) / 2);
    return {
      records: [],
      ids: [],
      cursor: withRuns(cursor, { spans: [[middle + 1, to, 1], [from, middle, 1], ...others] }),
    };
  }
  if (total >= MAX_RESULTS) context.log('more runs within a second than a search shows', { total });
  const isMore = rows.length > 0 && page * PAGE_ROWS < Math.min(total, MAX_RESULTS);
  const records = await recordsOf(context, rows);
  return {
    records,
    ids: rows.flatMap((row) => keyOf(row) ?? []),
    cursor: seen(
      withRuns(cursor, { spans: isMore ? [[from, to, page + 1], ...others] : others }),
      rows,
      unixNow(context.now),
    ),
  };
}

/** The records of these runs and of their earlier attempts, which no list shows any more. */
async function recordsOf(context: Context, rows: readonly JsonValue[]): Promise<readonly Emitted[]> {
  const records: Emitted[] = [];
  for (const row of rows) {
    const attempt = Number(at(row, 'run_attempt') ?? 1);
    for (let n = Math.max(1, attempt - MAX_EARLIER); n < attempt; n += 1) {
      const earlier = await ask(context, `/actions/runs/${keyOf(row)}/attempts/${n}`);
      if (earlier !== null) records.push(workflowRunOf(earlier));
    }
    records.push(workflowRunOf(row));
  }
  return records;
}

/** Asks for some of the runs that are not completed and were in no window; the others have their turn next. */
async function* readOpen(context: Context, from: Cursor, shown: ReadonlySet<string>): Steps {
  let cursor = from;
  const turn = from.runs.open.filter(([id]) => !shown.has(id)).slice(0, REREADS_PER_RUN);
  for (const entry of turn) {
    const [id] = entry;
    const row = await ask(context, `/actions/runs/${id}`);
    const others = cursor.runs.open.filter(([one]) => one !== id);
    const isStill = row !== null && isOpen(row);
    cursor = withRuns(cursor, { open: isStill ? [...others, entry] : others });
    if (row !== null) yield { records: await recordsOf(context, [row]), cursor };
  }
  return cursor;
}

/** What is there under a path of the repository; null when it is not there any more, which must not end a run. */
async function ask({ http, settings, log }: Context, path: string): Promise<JsonValue> {
  try {
    return (await http.get(`/repos/${settings.repository}${path}`, {}, HEADERS)).body;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
  }
  log('a run cannot be read any more', { path });
  return null;
}

const isOpen = (row: JsonValue): boolean => at(row, 'status') !== 'completed';

function keyOf(row: JsonValue): string | null {
  const id = digits(at(row, 'id'));
  return typeof id === 'string' && idOf(id) !== null ? id : null;
}

function seen(cursor: Cursor, rows: readonly JsonValue[], now: number): Cursor {
  const states = rows.flatMap((row): Seen[] => {
    const key = keyOf(row);
    return key === null ? [] : [{ key, isOpen: isOpen(row), since: secondsOf(at(row, 'created_at')) ?? now }];
  });
  return withRuns(cursor, { open: openAfter(cursor.runs.open, states, now, OPEN_BOUNDS) });
}

const withRuns = (cursor: Cursor, change: Partial<Cursor['runs']>): Cursor => ({
  ...cursor,
  runs: { ...cursor.runs, ...change },
});

const iso = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
