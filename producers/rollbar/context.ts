/** What every part of the poll gets and gives. */
import type { PollContext } from '../../contract/producer.ts';
import type { Steps as Every } from '../../contract/steps.ts';
import type { Cursor } from './cursor.ts';

export type Context = PollContext<Cursor, { readonly lookback_minutes: number }>;

export type Steps = Every<Cursor>;

/** Unix seconds by our clock. */
export const unixNow = (now: () => Date): number => Math.floor(now().getTime() / 1000);
