/**
 * Reads deployments: the newest page in every run, and each again until it has ended.
 *
 * The list knows no filter by time and its pages are numbered: new deployments push the others down, so that a page
 * read later repeats rows and skips none. GitHub answers a page that has not changed with 304, which costs nothing;
 * a status of its own changes a deployment without changing the page, so those under way are asked for one by one.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { openAfter } from '../../contract/open.ts';
import { PollError } from '../../contract/producer.ts';
import { at, digits, elements, idOf } from '../../contract/read.ts';
import type { Emitted } from '../../contract/record.ts';
import { type Context, type Cursor, OPEN_BOUNDS, type Steps, secondsOf, unixNow } from './cursor.ts';
import { deploymentOf, isUnderWay } from './deployment.ts';
import { HEADERS } from './headers.ts';

/** A page is put on the stream as a whole, after a request for the statuses of each deployment in it. */
const PAGE_ROWS = 30;
const OVERLAP_SECONDS = 3600;
/** The newest page is read whole this often, whatever its ETag says. */
const WHOLE_EVERY_SECONDS = 3600;
const REREADS_PER_RUN = 10;

type State = Cursor['deployments'];

/** Reads the newest page, then what is under way and was not on it. */
export async function* readNewDeployments(context: Context, from: Cursor): Steps {
  const state = from.deployments;
  const now = unixNow(context.now);
  const mayAsk = now - state.whole_at < WHOLE_EVERY_SECONDS;
  const page = await readPage(context, 1, mayAsk ? state.etag : null);
  let cursor = from;
  let shown: ReadonlySet<string> = new Set();
  if (page !== null) {
    const floor = Math.max(from.start, (state.read_to ?? 0) - OVERLAP_SECONDS);
    const { records, open } = await recordsOf(context, page.rows, state, now);
    const unread = restOf(page, 1, floor);
    cursor = withState(from, {
      read_to: newestOf(page.rows, state.read_to, now),
      etag: page.etag,
      whole_at: now,
      // An older remainder lies below this one: what lies between them is read twice.
      rest: unread === null ? state.rest : { ...unread, floor: Math.min(floor, state.rest?.floor ?? floor) },
      open,
    });
    shown = new Set(page.rows.flatMap((row) => keyOf(row) ?? []));
    yield { records, cursor };
  }
  return yield* readOpen(context, cursor, shown);
}

/** Reads what earlier pages, or runs, left unread. */
export async function* readOldDeployments(context: Context, from: Cursor): Steps {
  let cursor = from;
  for (let rest = cursor.deployments.rest; rest !== null; rest = cursor.deployments.rest) {
    const page = await readPage(context, rest.page, null);
    const { records, open } = await recordsOf(
      context,
      page?.rows ?? [],
      cursor.deployments,
      unixNow(context.now),
    );
    cursor = withState(cursor, { open, rest: page === null ? null : restOf(page, rest.page, rest.floor) });
    yield { records, cursor };
  }
  return cursor;
}

/** Asks for some of those under way that were not on the page; the others have their turn next. */
async function* readOpen(context: Context, from: Cursor, shown: ReadonlySet<string>): Steps {
  let cursor = from;
  const turn = from.deployments.open.filter(([id]) => !shown.has(id)).slice(0, REREADS_PER_RUN);
  for (const [id] of turn) {
    const row = await one(context, id);
    const rows = row === null ? [] : [row];
    const { deployments } = cursor;
    const without = { ...deployments, open: deployments.open.filter(([key]) => key !== id) };
    const { records, open } = await recordsOf(context, rows, without, unixNow(context.now));
    cursor = withState(cursor, { open });
    yield { records, cursor };
  }
  return cursor;
}

interface DeploymentPage {
  readonly rows: readonly JsonValue[];
  readonly etag: string | null;
}

/** A page; null when it has not changed. */
async function readPage(
  { http, settings }: Context,
  page: number,
  etag: string | null,
): Promise<DeploymentPage | null> {
  const path = `/repos/${settings.repository}/deployments`;
  const known = etag === null ? {} : { 'If-None-Match': etag };
  const answer = await http.get(path, { per_page: PAGE_ROWS, page }, { ...HEADERS, ...known });
  if (answer.status === 304) return null;
  if (!Array.isArray(answer.body)) {
    throw new PollError(
      'unexpected_response',
      `GET ${path}: expected a list, got status ${answer.status} without one; compare with GitHub's reference`,
    );
  }
  const answered = answer.headers.etag ?? null;
  return { rows: answer.body, etag: answered !== null && answered.length <= MAX_ETAG ? answered : null };
}

const MAX_ETAG = 128;

/** The records of deployments with their statuses, and the open set after them. */
async function recordsOf(context: Context, rows: readonly JsonValue[], { open }: State, now: number) {
  const records: Emitted[] = [];
  const seen: { key: string; isOpen: boolean; since: number }[] = [];
  for (const row of rows) {
    const key = keyOf(row);
    const statuses = key === null ? [] : await statusesOf(context, key);
    records.push(deploymentOf(row, statuses, context.settings.repository));
    const since = secondsOf(at(row, 'created_at')) ?? now;
    if (key !== null) seen.push({ key, isOpen: isUnderWay(statuses), since });
  }
  return { records, open: openAfter(open, seen, now, OPEN_BOUNDS) };
}

/** Statuses of a deployment, the newest first; a deployment has a handful. */
async function statusesOf({ http, settings }: Context, id: string): Promise<readonly JsonValue[]> {
  const path = `/repos/${settings.repository}/deployments/${id}/statuses`;
  const statuses = elements((await http.get(path, { per_page: 100 }, HEADERS)).body);
  // The order is observed, not promised.
  return [...statuses].sort(
    (a, b) => (secondsOf(at(b, 'created_at')) ?? 0) - (secondsOf(at(a, 'created_at')) ?? 0),
  );
}

/** The deployment as it is now; null when it is not there any more, which must not end a run. */
async function one({ http, settings, log }: Context, id: string): Promise<JsonValue> {
  try {
    return (await http.get(`/repos/${settings.repository}/deployments/${id}`, {}, HEADERS)).body;
  } catch (error) {
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
  }
  log('a deployment cannot be read any more', { id });
  return null;
}

/** What is left after a page: nothing after the last one, or once a row is below the floor. */
function restOf({ rows }: DeploymentPage, page: number, floor: number): State['rest'] {
  const reachesFloor = rows.some((row) => (secondsOf(at(row, 'created_at')) ?? Infinity) < floor);
  return rows.length < PAGE_ROWS || reachesFloor ? null : { page: page + 1, floor };
}

/** A time ahead of our clock would lift the floor over rows that are still to come. */
const newestOf = (rows: readonly JsonValue[], before: number | null, now: number): number =>
  rows.reduce<number>(
    (newest, row) => Math.max(newest, Math.min(now, secondsOf(at(row, 'created_at')) ?? 0)),
    before ?? 0,
  );

function keyOf(row: JsonValue): string | null {
  const id = digits(at(row, 'id'));
  return typeof id === 'string' && idOf(id) !== null ? id : null;
}

const withState = (cursor: Cursor, change: Partial<State>): Cursor => ({
  ...cursor,
  deployments: { ...cursor.deployments, ...change },
});
