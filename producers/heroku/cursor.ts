/**
 * What one poll remembers for the next: always below 4 KB, and it never forgets what is unread.
 *
 * The newest page of each list is read in every run. Where a walk down from it is cut short, its remainder stays
 * here until it is read, while `newest` may already be that of the first page.
 */
import type { Open } from '../../contract/open.ts';
import type { PollContext } from '../../contract/producer.ts';
import type { Steps as Every } from '../../contract/steps.ts';

export type Context = PollContext<Cursor, { readonly app: string }>;
export type Steps = Every<Cursor>;

export interface Cursor {
  /** Nothing older is asked for, unix seconds: the `since` of the first run. */
  readonly start: number;
  readonly releases: ListState & {
    /** Version of the release that ran when the list was read last; 0 before. */
    readonly current: number;
    /** Commits of the slugs of the newest releases, each with the newest version that runs it. */
    readonly slugs: readonly (readonly [id: string, commit: string | null, version: number])[];
  };
  readonly builds: ListState;
}

export interface ListState {
  /** Of the newest row seen; null before the first. */
  readonly newest: Place | null;
  /** Of the newest page, as it was answered last. */
  readonly etag: string | null;
  /** When the newest page was read without asking whether it has changed, unix seconds. */
  readonly whole_at: number;
  /** True when Heroku refused to list the newest first. */
  readonly is_unordered: boolean;
  /** Remainder of a walk: the range that comes next, and down to where. */
  readonly rest: { readonly range: string; readonly floor: Floor } | null;
  /** Rows that can still change, by version or id. */
  readonly open: Open;
}

/** Where a row stands in its list. */
export interface Place {
  /** Of a release; 0 for a build, which has none. */
  readonly version: number;
  /** When it was created, unix seconds. */
  readonly created: number;
}

/** A row at or below this version, or created before this time, is below the floor: a walk ends at the first. */
export type Floor = Place;

/** A build or a release command that nobody finished in a week never will be. */
export const OPEN_BOUNDS = { count: 15, seconds: 7 * 86_400 };
export const MAX_SLUGS = 22;

/** The cursor before the first poll. */
export function beginning(start: number): Cursor {
  const list = { newest: null, etag: null, whole_at: 0, is_unordered: false, rest: null, open: [] };
  return { start, releases: { ...list, current: 0, slugs: [] }, builds: list };
}

/** True when nothing that is known to exist is unread. */
export const isCaughtUp = ({ releases, builds }: Cursor): boolean =>
  [releases, builds].every(({ whole_at, rest }) => whole_at > 0 && rest === null);

/** Unix seconds by our clock. */
export const unixNow = (now: () => Date): number => Math.floor(now().getTime() / 1000);
