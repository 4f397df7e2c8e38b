/** Exponential back-off with full jitter, in milliseconds. @param attempt counts the failures so far, from 1. */
export function backoff(attempt: number, random: () => number, baseMs: number, maxMs: number): number {
  return random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1));
}
