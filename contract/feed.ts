/**
 * A feed: one thing polled with one credential and one cursor, and what passes between its schedule and the
 * function that polls it.
 */
import { isDate } from './checks.ts';
import type { PollErrorKind } from './producer.ts';

/** What a schedule sends to a producer's function. It holds addresses of secrets, never secrets. */
export interface FeedEvent {
  /** `producer:name` */
  readonly feed: string;
  readonly baseUrl: string;
  readonly secretArn: string;
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** How far back the very first poll reaches, as `parseSince` reads it. */
  readonly since: string;
  /** What happens to whatever identifies a person; `hash` needs a `personKey` in the secret. */
  readonly people: 'keep' | 'hash' | 'drop';
  /** Left out: the feed's own polling. */
  readonly walk?: Walk;
  /** Left out: poll. `reconcile` counts at the source, and first walks back to what the counts showed missing. */
  readonly task?: 'reconcile';
}

/** A way through the past beside the feed's own polling: same poll, same records, but a cursor and a lease of its own. */
export interface Walk {
  /** Its cursor is kept under `feed#name`; the same name goes on where the last run stopped. */
  readonly name: string;
  /** How far back it goes, as `parseSince` reads it. It counts when the walk begins, not when it goes on. */
  readonly since: string;
  /** Begins anew a walk that has been finished; one that has not goes on. */
  readonly again?: boolean;
}

/** The walk that repairs what reconciliation found missing; the loader leaves its spans under the same key. */
export const REPAIR = 'repair';

/** A span that a repair is to read again, as the loader leaves it for the producer. */
export interface RepairSpan {
  readonly record_type: string;
  readonly from: string;
  readonly to: string;
  readonly missing: number;
  /** A walk from here on (ISO) reads the whole span. */
  readonly since: string;
}

/** The key under which the state of a feed's walk is kept. */
export const walkKey = (feed: string, walk: string): string => `${feed}#${walk}`;

/** How a run ended. */
export type Outcome =
  /** Nothing unread was left at the vendor. */
  | 'caught_up'
  /** The time was up before the vendor had nothing more; the next run goes on. */
  | 'more'
  /** Another run of the feed, or of the walk, holds the lease, or the vendor asked to wait: nothing was done. */
  | 'skipped'
  /** The poll could not go on: see `error`. */
  | 'failed';

/** What a producer's function answers. */
export interface RunSummary {
  readonly feed: string;
  /** Name of the walk; null for the feed's own polling. */
  readonly walk: string | null;
  readonly run_id: string;
  readonly outcome: Outcome;
  readonly pages: number;
  /** Record type → records put on the stream in this run. */
  readonly emitted: Readonly<Record<string, number>>;
  /** Records read again without change, and therefore not sent again. */
  readonly unchanged: number;
  /** The oldest time that the feed or its walk has reached, ISO; null when the producer does not say. */
  readonly reached: string | null;
  /** A run before this instant (ISO) would be skipped; null when the next can start at once. */
  readonly not_before: string | null;
  readonly error: { readonly kind: PollErrorKind; readonly message: string } | null;
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Reads `90m`, `24h`, `7d` or a day such as `2026-01-01` (UTC).
 * @throws {RangeError} when the text is none of these, or lies in the future.
 */
export function parseSince(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const since =
    count === undefined
      ? new Date(isDate(text) ? `${text}T00:00:00Z` : Number.NaN)
      : new Date(now.getTime() - Number(count) * UNITS[unit as keyof typeof UNITS]);
  if (Number.isNaN(since.getTime()) || since > now) {
    throw new RangeError(
      `since must be like 90m, 24h, 7d or 2026-01-01 and not in the future, got ${JSON.stringify(text)}`,
    );
  }
  return since;
}
