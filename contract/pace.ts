/** Reading the headers in which vendors say how much may still be asked. */

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
