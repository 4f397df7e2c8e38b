/** What every part of the poll gets and gives. */
import type { Page, PollContext } from '../../contract/producer.ts';
import type { Cursor } from './cursor.ts';

export type Context = PollContext<Cursor, { readonly lookback_minutes: number }>;

/** Yields pages, returns the cursor: the last yielded, or one that only leaves out what is done since. */
export type Steps = AsyncGenerator<Page<Cursor>, Cursor>;

/** Unix seconds by our clock. */
export const unixNow = (now: () => Date): number => Math.floor(now().getTime() / 1000);
