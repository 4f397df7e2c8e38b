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
}

/** How a run ended. */
export type Outcome =
  /** Nothing unread was left at the vendor. */
  | 'caught_up'
  /** The time was up before the vendor had nothing more; the next run goes on. */
  | 'more'
  /** Another run of the feed holds the lease, or the vendor asked to wait: nothing was done. */
  | 'skipped'
  /** The poll could not go on: see `error`. */
  | 'failed';

/** What a producer's function answers. */
export interface RunSummary {
  readonly feed: string;
  readonly run_id: string;
  readonly outcome: Outcome;
  readonly pages: number;
  /** Record type → records put on the stream in this run. */
  readonly emitted: Readonly<Record<string, number>>;
  /** Records read again without change, and therefore not sent again. */
  readonly unchanged: number;
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
