/** Reading the headers in which vendors say how much may still be asked. */
import type { Quota } from './producer.ts';

/**
 * Seconds until the instant (unix seconds) that a header names, by the answer's own `Date` and never by our clock;
 * null when either cannot be read.
 * @param headers lower-case names.
 */
export function untilReset(headers: Readonly<Record<string, string>>, name: string): number | null {
  const answered = Date.parse(headers.date ?? '') / 1000;
  const reset = numeric(headers[name]);
  return reset === null || Number.isNaN(answered) ? null : reset - answered;
}

/** The number that a header holds; null when it holds none. */
export const numeric = (text: string | undefined): number | null =>
  text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : null;

/**
 * What the headers `<family>-limit` and `<family>-remaining` say; null when one of them cannot be read.
 * @param seconds until the window ends; null when that cannot be read.
 */
export function quotaIn(
  headers: Readonly<Record<string, string>>,
  family: string,
  seconds: number | null,
): Quota | null {
  const limit = numeric(headers[`${family}-limit`]);
  const remaining = numeric(headers[`${family}-remaining`]);
  return limit === null || remaining === null ? null : { limit, remaining, seconds: seconds ?? A_MINUTE };
}

/** Windows are about so long where a vendor does not say when they end. */
const A_MINUTE = 60;
