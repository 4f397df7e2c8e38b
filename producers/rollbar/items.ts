/**
 * Reads items: those with new occurrences at once, all of them in a slow round.
 *
 * Items change in place and there is no "modified since". A new occurrence changes its item's counts, so such
 * items are asked for by id; a person resolving or merging an item shows nowhere else, so a sweep over all
 * pages comes round every few hours. The order of `/items` is not documented and moves while one reads: an item
 * that slips between two pages is found by the next round.
 */
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { type Context, type Steps, unixNow } from './context.ts';
import type { Cursor } from './cursor.ts';
import { itemOf } from './item.ts';
import { list } from './read.ts';

/** Rollbar answers 100 items a page; fewer ids keep the address short. */
const CHUNK = 50;
const SWEEP_EVERY_SECONDS = 6 * 3600;
const SWEEP_PAGES_PER_RUN = 10;

/** Resolved, muted and archived items are asked for as well, or they would stay active in the warehouse. */
const STATUSES = ['active', 'resolved', 'muted', 'archived'];

/** Reads the items that have new occurrences. An id that Rollbar does not answer is left to the sweep. */
export async function* refreshItems({ http }: Context, from: Cursor): Steps {
  let cursor = from;
  while (cursor.items.pending.length > 0) {
    const ids = cursor.items.pending.slice(0, CHUNK);
    const answer = await http.get('/api/1/items', { ids: ids.join(','), status: STATUSES });
    const records = list(answer, 'items', '/api/1/items?ids=').map(itemOf);
    cursor = { ...cursor, items: { ...cursor.items, pending: cursor.items.pending.slice(CHUNK) } };
    yield { records, cursor };
  }
  return cursor;
}

/** Goes on with the round over all items, or begins one when it is due. */
export async function* sweepItems({ http, now }: Context, from: Cursor): Steps {
  let cursor = from;
  let page = cursor.items.page ?? (unixNow(now) >= cursor.items.sweep_due_at ? 1 : null);
  let before = '';
  for (let read = 0; page !== null && read < SWEEP_PAGES_PER_RUN; read += 1) {
    const rows = list(
      await http.get('/api/1/items', { page, status: STATUSES }),
      'items',
      `/api/1/items?page=${page}`,
    );
    const ids = JSON.stringify(rows.map((row) => at(row, 'id')));
    if (rows.length > 0 && ids === before) {
      throw new PollError(
        'unexpected_response',
        `/api/1/items?page=${page}: the same ${rows.length} items as on the page before, so Rollbar seems to ignore page; compare with its reference`,
      );
    }
    before = ids;
    // Counted from the beginning of the round, so that an overflow of pending items, meanwhile, is not forgotten.
    const due = page === 1 ? unixNow(now) + SWEEP_EVERY_SECONDS : cursor.items.sweep_due_at;
    const isOver = rows.length === 0;
    page = isOver ? null : page + 1;
    const items = { ...cursor.items, page, sweep_due_at: due, was_swept: cursor.items.was_swept || isOver };
    cursor = { ...cursor, items };
    yield { records: rows.map(itemOf), cursor };
  }
  return cursor;
}
