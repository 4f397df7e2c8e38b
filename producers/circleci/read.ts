/** CircleCI's times and lists. */
import type { JsonValue } from '../../contract/columns.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import type { Context } from './cursor.ts';

/** Milliseconds since 1970; null when it is no time. */
export function msOf(value: JsonValue): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Milliseconds between two times as digits, for a bigint column; null when one of them is missing. */
export function durationOf(from: JsonValue, to: JsonValue): string | null {
  const [started, stopped] = [msOf(from), msOf(to)];
  return started === null || stopped === null ? null : String(stopped - started);
}

/** Pages of one list: more is a loop that looks different every time. */
const MAX_PAGES = 200;

/**
 * All rows of a list, page by page. A token is good for this walk only, an empty page need not be the last, and a
 * row that was shifted onto the next page comes twice.
 * @throws {PollError} `unexpected_response` when a page is none, or the pages go round in a circle.
 */
export async function* rowsOf(
  { http }: Pick<Context, 'http'>,
  path: string,
  query: Readonly<Record<string, string | boolean>> = {},
): AsyncGenerator<JsonValue> {
  const seen = new Set<string>();
  let token: string | null = null;
  do {
    const { body, status } = await http.get(path, { ...query, 'page-token': token ?? undefined });
    const items = at(body, 'items');
    if (!Array.isArray(items))
      throw unexpected(path, `expected a list items, got status ${status} without one`);
    yield* items;
    const next = at(body, 'next_page_token');
    token = typeof next === 'string' && next !== '' ? next : null;
    if (token !== null && (seen.has(token) || seen.size >= MAX_PAGES))
      throw unexpected(path, 'the pages of the list do not end');
    if (token !== null) seen.add(token);
  } while (token !== null);
}

const unexpected = (path: string, what: string): PollError =>
  new PollError('unexpected_response', `GET ${path}: ${what}; compare with CircleCI's reference`);
