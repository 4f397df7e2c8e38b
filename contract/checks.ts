/**
 * The checks that standard JSON Schema cannot say; compiled validators call them.
 *
 * Each answers one question: would COPY and the merge load this value exactly as it is? Looking at every
 * character of every string costs more than parsing the JSON did. Whoever has the raw text can know from its
 * bytes that nothing in it can be unsafe (`written.ts`); with that knowledge a check skips the look, without it
 * the check is as strict, only slower.
 */
import type { Body } from './conform.ts';
import { recordKey } from './envelope.ts';
import { superProblem } from './super.ts';
import { fitsBytes, isSafeText } from './text.ts';

/**
 * What is known of an envelope before its values are judged; a validator gets it as its `this`. It exists only
 * for a text in which every string passes `isSafeText` and every value passes `superProblem`.
 */
export interface Known {
  /** Size of the whole text in bytes; no value in it, written as JSON, is larger. */
  readonly plainBytes: number;
}

/** True when the text loads unchanged into VARCHAR(bytes). */
export function fitsVarchar(text: string, bytes: number, known?: Known): boolean {
  return fitsBytes(text, bytes) && (known?.plainBytes !== undefined || isSafeText(text));
}

/** True when the value, at most `maxBytes` bytes of JSON, loads unchanged into a SUPER column. */
export function fitsSuper(value: unknown, maxBytes: number, known?: Known): boolean {
  const isKnown = known?.plainBytes !== undefined;
  if (isKnown && known.plainBytes <= maxBytes) return true;
  return (isKnown || superProblem(value) === null) && fitsBytes(JSON.stringify(value), maxBytes);
}

/** True when an envelope's `record_key` is the one that follows from these columns of its body. */
export function hasRecordKey(envelope: unknown, key: readonly string[]): boolean {
  if (!isObject(envelope)) return false;
  const { body, record_key } = envelope;
  return isKeyed(body, key) && recordKey({ key }, body) === record_key;
}

/** True when these columns hold what a key can be made of; a key of nested values could be of any depth. */
function isKeyed(body: unknown, key: readonly string[]): body is Body {
  return isObject(body) && key.every((name) => typeof body[name] !== 'object' && body[name] !== undefined);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** True for the digits of a 64-bit integer. */
export function isBigint(text: string): boolean {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return false;
  const isNegative = text.startsWith('-');
  const digits = isNegative ? text.slice(1) : text;
  // Nineteen digits compare as text in the order of their numbers.
  return digits.length < 19 || digits <= (isNegative ? '9223372036854775808' : '9223372036854775807');
}

/** True for `YYYY-MM-DD` of a day that exists, years 0001 to 9999. */
export function isDate(text: string): boolean {
  return DATE.test(text) && isDay(text);
}

/** True for an instant in UTC with at most microseconds, as in `2026-11-23T18:30:00.123Z`. */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text) && isDay(text);
}

const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIMESTAMP =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;

/** True when the text, which starts like a date, starts with a day that exists. */
function isDay(text: string): boolean {
  if (text.startsWith('0000')) return false;
  // No month is shorter, and 48 is the code of the digit 0.
  if ((text.charCodeAt(8) - 48) * 10 + text.charCodeAt(9) - 48 <= 28) return true;
  // Day 0 of the next month is the last day of this one; the year 2000 + y keeps Date's two-digit years away.
  const last = new Date(Date.UTC((Number(text.slice(0, 4)) % 400) + 2000, Number(text.slice(5, 7)), 0));
  return Number(text.slice(8, 10)) <= last.getUTCDate();
}
