/**
 * The checks that standard JSON Schema cannot say; compiled validators call them.
 *
 * Each answers one question: would COPY and the merge load this value exactly as it is?
 */
import { superProblem } from './super.ts';
import { fitsBytes, isSafeText } from './text.ts';

/** True when the text loads unchanged into VARCHAR(bytes). */
export function fitsVarchar(text: string, bytes: number): boolean {
  return fitsBytes(text, bytes) && isSafeText(text);
}

/** True when the value loads unchanged into a SUPER column. `undefined` cannot come out of JSON. */
export function fitsSuper(value: unknown): boolean {
  return superProblem(value) === null;
}

/** True for the digits of a 64-bit integer. */
export function isBigint(text: string): boolean {
  return /^(?:0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** True for `YYYY-MM-DD` of a day that exists, years 0001 to 9999. */
export function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined || year === '0000') return false;
  // Day 0 of the next month is the last day of this one; the year 2000 + y keeps Date's two-digit years away.
  const days = new Date(Date.UTC((Number(year) % 400) + 2000, Number(month), 0)).getUTCDate();
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
}

/** True for an instant in UTC with at most microseconds, as in `2026-11-23T18:30:00.123Z`. */
export function isTimestamp(text: string): boolean {
  return text[10] === 'T' && TIME.test(text.slice(11)) && isDate(text.slice(0, 10));
}

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;
