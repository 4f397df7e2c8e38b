/**
 * Reads deploys: the newest page in every run, and each deploy again until it has settled.
 *
 * A deploy is first `started` and later `succeeded`, `failed` or `timed_out` under the same id. Most of those that
 * are open stand on the first page anyway; the others are asked for one by one, a few in each run. Deploys are few,
 * cannot be deleted, and new ones only push rows down: pages by number repeat rows but skip none.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { type Open, openAfter, type Seen } from '../../contract/open.ts';
import { PollError } from '../../contract/producer.ts';
import { at, digits, idOf, unixSeconds } from '../../contract/read.ts';
import { type Context, type Steps, unixNow } from './context.ts';
import { type Cursor, type DeployPass, largest, MAX_OPEN } from './cursor.ts';
import { deployOf } from './deploy.ts';
import { list } from './read.ts';

const PAGE_ROWS = 100;
/** A deploy can appear so much later than one with a higher id. */
const OVERLAP_SECONDS = 3600;
const OPEN_BOUNDS = { count: MAX_OPEN, seconds: 7 * 86_400 };
const REREADS_PER_RUN = 5;

/** Reads new deploys down to the last one known, and open ones again. */
export async function* readDeploys(context: Context, from: Cursor): Steps {
  const { http, now } = context;
  let cursor = from;
  let pass = cursor.deploys.pass ?? firstPage(cursor);
  const shown = new Set<JsonValue>();
  for (;;) {
    const rows = list(
      await http.get('/api/1/deploys', { page: pass.page, limit: PAGE_ROWS }),
      'deploys',
      `/api/1/deploys?page=${pass.page}`,
    );
    const isOver = rows.length === 0 || reachesFloor(rows, pass);
    for (const row of rows) shown.add(digits(at(row, 'id')));
    const asked = unixNow(now);
    const wanted = rows.filter((row) => isWanted(row, pass, cursor.deploys.open));
    const open = openAfter(cursor.deploys.open, seenIn(wanted, asked), asked, OPEN_BOUNDS);
    pass = after(pass, rows, asked);
    const deploys = isOver
      ? { newest_id: pass.newest_id, read_to: pass.read_to, pass: null, was_read: true, open }
      : { ...cursor.deploys, pass, open };
    cursor = { ...cursor, deploys };
    if (wanted.length > 0 || !isOver) yield { records: wanted.map(deployOf), cursor };
    if (isOver) return yield* readOpen(context, cursor, shown);
  }
}

function firstPage({ deploys, start }: Cursor): DeployPass {
  const { newest_id, read_to } = deploys;
  const floor = { floor_id: newest_id, floor_time: Math.max(start, read_to - OVERLAP_SECONDS) };
  return { page: 1, newest_id, read_to, ...floor };
}

/** The pass after a page; what it leaves for the next pass comes from its first page only. */
function after(pass: DeployPass, rows: readonly JsonValue[], now: number): DeployPass {
  if (pass.page > 1) return { ...pass, page: pass.page + 1 };
  const newest = rows.reduce<number>((latest, row) => Math.max(latest, startOf(row) ?? 0), 0);
  return {
    ...pass,
    page: 2,
    newest_id: rows.reduce<string | null>((id, row) => largest(id, idOf(at(row, 'id'))), pass.newest_id),
    read_to: Math.max(pass.read_to, Math.min(now, newest)),
  };
}

const startOf = (row: JsonValue): number | null => unixSeconds(at(row, 'start_time'));

/** True for a deploy above the floor, or one that may have settled. What cannot be judged is passed on. */
function isWanted(row: JsonValue, { floor_id, floor_time }: DeployPass, open: Open): boolean {
  const id = idOf(at(row, 'id'));
  const started = startOf(row);
  if (id === null || started === null || started >= floor_time) return true;
  return (floor_id !== null && id > BigInt(floor_id)) || open.some(([one]) => one === String(id));
}

/** True when the page holds a row below the floor; the overlap allows for those that are out of order. */
const reachesFloor = (rows: readonly JsonValue[], pass: DeployPass): boolean =>
  rows.some((row) => !isWanted(row, pass, []));

const isOpen = (row: JsonValue): boolean => at(row, 'status') === 'started';

/** What these rows say about the open set; a row without an id says nothing. */
function* seenIn(rows: readonly JsonValue[], now: number): Generator<Seen> {
  for (const row of rows) {
    const key = digits(at(row, 'id'));
    if (typeof key !== 'string' || idOf(key) === null) continue;
    yield { key, isOpen: isOpen(row), since: startOf(row) ?? now };
  }
}

/** Asks for some of the open deploys that were not on the pages just read; the others have their turn next. */
async function* readOpen(context: Context, from: Cursor, shown: ReadonlySet<JsonValue>): Steps {
  const turn = from.deploys.open.filter(([id]) => !shown.has(id)).slice(0, REREADS_PER_RUN);
  let cursor = from;
  for (const entry of turn) {
    const [id] = entry;
    const row = await reread(context, id);
    const others = cursor.deploys.open.filter(([one]) => one !== id);
    const open = row !== null && isOpen(row) ? [...others, entry] : others;
    cursor = { ...cursor, deploys: { ...cursor.deploys, open } };
    // A deploy that is still open has not changed.
    if (row !== null && !isOpen(row)) yield { records: [deployOf(row)], cursor };
  }
  return cursor;
}

/** The deploy as it is now, or null when Rollbar does not give it any more: one lost deploy must not end a run. */
async function reread({ http, log }: Context, id: string): Promise<JsonValue> {
  try {
    const { body } = await http.get(`/api/1/deploy/${id}`);
    if (at(body, 'result') !== null) return at(body, 'result');
  } catch (error) {
    if (!(error instanceof PollError) || !['not_found', 'unexpected_response'].includes(error.kind))
      throw error;
  }
  log('a deploy that had not settled cannot be read any more', { id });
  return null;
}
