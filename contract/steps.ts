/**
 * Polls the lists of one vendor in turn, so that one that cannot be read keeps no other from being read.
 */
import { type Page, PollError } from './producer.ts';

/** Yields pages, returns the cursor: the last yielded, or one that only leaves out what is done since. */
export type Steps<Cursor> = AsyncGenerator<Page<Cursor>, Cursor>;

/**
 * Runs steps one after another, each with the cursor that the one before left; yields all of their pages and a
 * last one without records that says whether anything is known to be unread.
 * @throws {PollError} at the end, the first one that concerned one step only; at once, one that concerns them all.
 */
export async function* inTurn<Cursor>(
  steps: readonly ((cursor: Cursor) => Steps<Cursor>)[],
  from: Cursor,
  isCaughtUp: (cursor: Cursor) => boolean,
): AsyncGenerator<Page<Cursor>> {
  let cursor = from;
  let trouble: PollError | null = null;
  let hasRead = false;
  for (const step of steps) {
    const pages = step(cursor);
    try {
      let next = await pages.next();
      for (; next.done !== true; next = await pages.next()) {
        cursor = next.value.cursor;
        hasRead = true;
        yield next.value;
      }
      cursor = next.value;
    } catch (error) {
      if (!(error instanceof PollError) || !concernsOneStep(error, hasRead)) throw error;
      trouble ??= error;
    } finally {
      await pages.return(cursor);
    }
  }
  if (trouble !== null) throw trouble;
  yield { records: [], cursor, isCaughtUp: isCaughtUp(cursor) };
}

/**
 * A refused token or a full quota concerns all steps, and so does silence before anything was read: then the vendor
 * is down, and is not asked once more for every step.
 */
const concernsOneStep = ({ kind }: PollError, hasRead: boolean): boolean =>
  kind === 'unexpected_response' || kind === 'not_found' || (kind === 'unavailable' && hasRead);
