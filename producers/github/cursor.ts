/** What one poll remembers for the next: always below 4 KB, and it never forgets what is unread. */
import type { Open } from '../../contract/open.ts';
import type { PollContext } from '../../contract/producer.ts';
import type { Steps as Every } from '../../contract/steps.ts';

export type Context = PollContext<Cursor, { readonly repository: string }>;
export type Steps = Every<Cursor>;

/** Times are unix seconds. */
export interface Cursor {
  /** Nothing older is asked for: the `since` of the first run. */
  readonly start: number;
  readonly runs: {
    /** Runs created before then have been read, or stand in `spans`. */
    readonly read_to: number;
    /** Windows that are unread, in the order in which they are read. */
    readonly spans: readonly Span[];
    /** Ids of runs that are not completed. */
    readonly open: Open;
    /** When completed runs of the last days, and of the last month, are looked through for new attempts. */
    readonly rescan_at: number;
    readonly long_rescan_at: number;
  };
  readonly deployments: {
    /** Created time of the newest one seen; null before the first pass. */
    readonly read_to: number | null;
    readonly etag: string | null;
    /** When the newest page was read without asking whether it has changed. */
    readonly whole_at: number;
    /** Remainder of a pass: the page that comes next, and down to when. */
    readonly rest: { readonly page: number; readonly floor: number } | null;
    /** Ids of those that have not ended. */
    readonly open: Open;
  };
}

/** Runs created in a window, both ends included, from a page on. */
export type Span = readonly [from: number, to: number, page: number];

/** A run, or a deployment, that nobody finished in so long never will be: GitHub ends a run after 35 days. */
export const OPEN_BOUNDS = { count: 40, seconds: 35 * 86_400 };

/** The cursor before the first poll. */
export function beginning(start: number, now: number): Cursor {
  return {
    start,
    runs: { read_to: start, spans: [], open: [], rescan_at: now + 3600, long_rescan_at: now + 86_400 },
    deployments: { read_to: null, etag: null, whole_at: 0, rest: null, open: [] },
  };
}

/** True when nothing that is known to exist is unread. */
export const isCaughtUp = ({ runs, deployments }: Cursor): boolean =>
  runs.spans.length === 0 && deployments.read_to !== null && deployments.rest === null;

/** Unix seconds by our clock. */
export const unixNow = (now: () => Date): number => Math.floor(now().getTime() / 1000);

/** Unix seconds of a time as GitHub writes it; null when it is none. */
export function secondsOf(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}
