/**
 * One page of a list, by Heroku's `Range` header.
 *
 * Without the header Heroku lists by id, which is random, and shows 200 rows: new ones are then never seen. The
 * next page is where `Next-Range` says, word for word. An order that was asked for and not kept would end walks
 * too early, so it is checked.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { type Answer, PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import type { Context, Place } from './cursor.ts';

export const ACCEPT = { Accept: 'application/vnd.heroku+json; version=3' };

/** Rows of a page: a page is put on the stream as a whole, after a request for every new slug in it. */
const PAGE_ROWS = 20;

/** Concurrent builds, or releases, can be created a little out of order. */
export const OVERLAP_SECONDS = 3600;

/** A range or an ETag is a few dozen characters; the cursor must stay small. */
const MAX_RANGE = 300;
const MAX_ETAG = 128;

export interface ListPage {
  readonly rows: readonly JsonValue[];
  /** The range of the next page, word for word; null on the last. */
  readonly next: string | null;
  readonly etag: string | null;
}

/** Ids are random: a range of them has no order that means anything. */
export const UNORDERED = 'id';

export const isOrdered = (range: string): boolean => !range.startsWith(`${UNORDERED} `);

/** The range of the newest page. */
export const newestFirst = (field: string, rows = PAGE_ROWS): string =>
  `${field} ..; max=${rows}, order=desc`;

/**
 * Reads a page; null when Heroku says that it is as it was under this ETag.
 * @throws {PollError} `unexpected_response` when it is no page, or not in the order that was asked for.
 */
export async function readRange(
  { http }: Pick<Context, 'http'>,
  path: string,
  range: string,
  etag: string | null,
): Promise<ListPage | null> {
  const known = etag === null ? {} : { 'If-None-Match': etag };
  const answer = await http.get(path, {}, { ...ACCEPT, Range: range, ...known });
  if (answer.status === 304) return null;
  const rows = answer.body;
  if (!Array.isArray(rows))
    throw unexpected(path, `expected a list, got status ${answer.status} without one`);
  const next = nextRange(path, range, answer);
  if (isOrdered(range)) checkOrder(path, rows);
  const answered = answer.headers.etag ?? null;
  return { rows, next, etag: answered !== null && answered.length <= MAX_ETAG ? answered : null };
}

function nextRange(path: string, range: string, { status, headers }: Answer): string | null {
  if (status !== 206) return null;
  const next = headers['next-range'] ?? '';
  if (next === '') throw unexpected(path, 'status 206 says that there is more, and no Next-Range says where');
  if (next === range)
    throw unexpected(path, 'Next-Range is the range just asked for: the walk would never end');
  if (next.length > MAX_RANGE) throw unexpected(path, `a Next-Range of ${next.length} characters`);
  return next;
}

function checkOrder(path: string, rows: readonly JsonValue[]): void {
  const places = rows.map(placeOf).filter((place) => place !== null);
  places.forEach((place, index) => {
    const above = places[index - 1];
    if (above === undefined) return;
    const isOutOfOrder = place.version > above.version || place.created > above.created + OVERLAP_SECONDS;
    if (isOutOfOrder)
      throw unexpected(path, 'the newest rows do not come first, so Heroku seems to ignore Range');
  });
}

const unexpected = (path: string, what: string): PollError =>
  new PollError('unexpected_response', `GET ${path}: ${what}; compare with Heroku's reference`);

/** Where a row stands; null when it says no time, or no version where its list has them. */
export function placeOf(row: JsonValue): Place | null {
  const created = at(row, 'created_at');
  const ms = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  const version = at(row, 'version');
  if (Number.isNaN(ms)) return null;
  return { version: typeof version === 'number' ? version : 0, created: Math.floor(ms / 1000) };
}
