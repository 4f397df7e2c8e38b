/**
 * What one poll remembers for the next: always below 4 KB, and it never forgets what is unread.
 *
 * CircleCI's page tokens are good for minutes, but its pipelines are numbered: what is unread, unsettled or due for
 * another look is kept as numbers, and a number can be asked for at any time.
 */
import type { PollContext } from '../../contract/producer.ts';
import type { Steps as Every } from '../../contract/steps.ts';

export type Context = PollContext<Cursor, { readonly project: string; readonly with_credits: boolean }>;
export type Steps = Every<Cursor>;

/** Times are unix seconds, pipelines are their numbers. */
export interface Cursor {
  /** Nothing older is asked for: the `since` of the first run. */
  readonly start: number;
  /** Largest number seen; null before the first run has read the list. */
  readonly newest: number | null;
  /** Pipelines that have not been read yet, newest first. */
  readonly spans: readonly Span[];
  /** Pipelines that have not settled, each with the time when it was read last, in the order of their turns. */
  readonly open: readonly (readonly [number: number, read: number])[];
  /** Looks back for workflows that were run again, the shortest first. */
  readonly looks: readonly Look[];
  /** When credits are read again. */
  readonly usage_at: number;
}

/** Pipelines from `next` down to `last`, or to the first one that was created before `until`. */
export type Span = readonly [next: number, last: number, until: number];

/** One of the looks back. */
export interface Look {
  readonly due_at: number;
  /** When the one before began: jobs of workflows that had ended by then have been read. */
  readonly before: number;
  /** When this one began. */
  readonly began: number;
  /** What is left of it; null between two. */
  readonly span: Span | null;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** How often one looks back, and how far: a workflow can be run again for 90 days. */
export const LOOKS = [
  { every: 600, seconds: DAY },
  { every: DAY, seconds: 14 * DAY },
  { every: 7 * DAY, seconds: 90 * DAY },
] as const;

/** After so long nothing of a pipeline changes any more. */
export const FINAL_SECONDS = 90 * DAY;
/** A pipeline without a workflow after so long had nothing to run. */
export const EMPTY_SECONDS = DAY;

export const MAX_OPEN = 60;
export const MAX_SPANS = 6;

/** The cursor before the first poll. */
export function beginning(start: number, now: number): Cursor {
  const looks = LOOKS.map(({ every }) => ({ due_at: now + every, before: now, began: now, span: null }));
  return { start, newest: null, spans: [], open: [], looks, usage_at: now };
}

/** True when nothing that is known to exist is unread. */
export const isCaughtUp = ({ newest, spans }: Cursor): boolean => newest !== null && spans.length === 0;

/** Unix seconds by our clock. */
export const unixNow = (now: () => Date): number => Math.floor(now().getTime() / 1000);

/** Room for one more span: the two newest become one, and what lies between them is read twice. */
export function withRoom(spans: readonly Span[]): readonly Span[] {
  const [newest, next, ...older] = spans;
  if (spans.length < MAX_SPANS || newest === undefined || next === undefined) return spans;
  return [
    [Math.max(newest[0], next[0]), Math.min(newest[1], next[1]), Math.min(newest[2], next[2])],
    ...older,
  ];
}

/**
 * The open set after a pipeline was read. Of too many the oldest give way: the looks back find them again, later
 * than a minute but before anything is lost.
 */
export function openAfter(
  open: Cursor['open'],
  number: number,
  isSettled: boolean,
  now: number,
): Cursor['open'] {
  const others = open.filter(([one]) => one !== number);
  if (isSettled) return others;
  const all: Cursor['open'] = [...others, [number, now]];
  if (all.length <= MAX_OPEN) return all;
  const oldest = Math.min(...all.map(([one]) => one));
  return all.filter(([one]) => one !== oldest);
}
