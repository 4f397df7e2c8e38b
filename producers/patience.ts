/**
 * How long to wait: what a vendor asks for, and what is wise when it says nothing.
 *
 * A vendor's clock and ours differ, so an instant in a header is only ever compared with the vendor's own
 * `Date`. Every wait is clamped: a wrong header must neither hammer a vendor nor silence a feed for a day.
 */

import { backoff } from '../contract/backoff.ts';

/** Headers of an answer, lower-case names. */
export type Headers = Readonly<Record<string, string>>;

/** A wait up to here is sat out within the run; a longer one ends it, and the next run starts later. */
export const SHORT_WAIT_MS = 5_000;

/** Seconds that a vendor may make us wait. */
const MIN_WAIT_SECONDS = 1;
const MAX_WAIT_SECONDS = 15 * 60;

/** Back-off doubles from here; the third wait of a request is at most four times as long. */
const BACKOFF_MS = 500;

/** A wait in seconds, within 1 s and 15 min; null when it is no number. */
export function clampWait(seconds: number | null): number | null {
  if (seconds === null || Number.isNaN(seconds)) return null;
  return Math.min(Math.max(Math.ceil(seconds), MIN_WAIT_SECONDS), MAX_WAIT_SECONDS);
}

/** How long to wait when the vendor does not say, in milliseconds. @param attempt counts the failures so far, from 1. */
export const patience = (attempt: number, random: () => number): number =>
  backoff(attempt, random, BACKOFF_MS, SHORT_WAIT_MS);

/** Seconds in a `Retry-After` header, a number or a date; null when there is none that can be read. */
export function retryAfterSeconds(headers: Headers, now: Date): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Number(text);
  const until = Date.parse(text);
  if (Number.isNaN(until)) return null;
  const there = Date.parse(headers.date ?? '');
  return (until - (Number.isNaN(there) ? now.getTime() : there)) / 1000;
}
