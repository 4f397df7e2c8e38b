/**
 * The checks that standard JSON Schema cannot say; compiled validators call them.
 *
 * Each answers one question: would COPY and the merge load this value exactly as it is? Looking at every
 * character of every string costs more than parsing the JSON did. Whoever has the raw text can know from its
 * bytes that nothing in it can be unsafe (`written.ts`); with that knowledge a check skips the look, without it
 * the check is as strict, only slower.
 */

import { recordKey } from './envelope.ts';
import type { Body } from './record.ts';
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

/** True for text that loads unchanged into VARCHAR(bytes). */
export function fitsVarchar(value: unknown, bytes: number, known?: Known): value is string {
  if (typeof value !== 'string' || !fitsBytes(value, bytes)) return false;
  return known?.plainBytes !== undefined || isSafeText(value);
}

/** True for a value other than null, at most `maxBytes` bytes of JSON, that loads unchanged into a SUPER column. */
export function fitsSuper(value: unknown, maxBytes: number, known?: Known): boolean {
  if (value === null) return false;
  const isKnown = known?.plainBytes !== undefined;
  if (isKnown && known.plainBytes <= maxBytes) return true;
  return (isKnown || superProblem(value) === null) && fitsBytes(JSON.stringify(value), maxBytes);
}

/** True for a whole number of so many bits, one of them for the sign. */
export function fitsInteger(value: unknown, bits: number): value is number {
  return Number.isInteger(value) && Number(value) >= -(2 ** (bits - 1)) && Number(value) < 2 ** (bits - 1);
}

/** True for the digits of an exact number: at most `precision` of them, `scale` of them behind the point. */
export function fitsDecimal(value: unknown, [precision = 0, scale = 0]: readonly number[]): boolean {
  if (typeof value !== 'string') return false;
  const [, whole = '', fraction = ''] = /^-?(0|[1-9]\d*)(?:\.(\d+))?$/.exec(value) ?? [];
  const room = precision - scale;
  return whole !== '' && (whole === '0' || whole.length <= room) && fraction.length <= scale;
}

/** True for the digits of a 64-bit integer. */
export function isBigint(value: unknown): value is string {
  if (typeof value !== 'string' || !/^(?:0|-?[1-9]\d{0,18})$/.test(value)) return false;
  const isNegative = value.startsWith('-');
  const digits = isNegative ? value.slice(1) : value;
  // Nineteen digits compare as text in the order of their numbers.
  return digits.length < 19 || digits <= (isNegative ? '9223372036854775808' : '9223372036854775807');
}

/** True for `YYYY-MM-DD` of a day that exists, years 0001 to 9999. */
export function isDate(value: unknown): value is string {
  return typeof value === 'string' && DATE.test(value) && isDay(value);
}

/** True for an instant in UTC with at most microseconds, as in `2026-11-23T18:30:00.123Z`. */
export function isTimestamp(value: unknown): value is string {
  return typeof value === 'string' && TIMESTAMP.test(value) && isDay(value);
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

/**
 * True when an object has no other property than these. Writers keep the order of the declaration, so one step
 * forward per property is enough for them.
 */
export function onlyColumns(body: unknown, names: readonly string[]): boolean {
  if (typeof body !== 'object' || body === null) return false;
  let at = 0;
  for (const name in body) {
    while (at < names.length && names[at] !== name) at += 1;
    if (at === names.length) return Object.keys(body).every((key) => names.includes(key));
    at += 1;
  }
  return true;
}

/** The checks by name, each with what it expects, for whoever is told that a value failed it. */
export const checks = {
  fitsVarchar: {
    check: fitsVarchar,
    expects: 'text of at most {} bytes of UTF-8, without NUL, lone surrogates and noncharacters',
  },
  fitsSuper: {
    check: fitsSuper,
    expects: 'a value that a SUPER holds (text, depth, numbers), not null, at most {} bytes of JSON',
  },
  fitsInteger: { check: fitsInteger, expects: 'a whole number of {} bits' },
  fitsDecimal: { check: fitsDecimal, expects: 'the digits of a decimal({}) as text' },
  isBigint: { check: isBigint, expects: 'the digits of a 64-bit integer as text' },
  isTimestamp: { check: isTimestamp, expects: 'an instant in UTC such as 2026-11-23T18:30:00.123Z' },
  isDate: { check: isDate, expects: 'a day such as 2026-11-23' },
  onlyColumns: { check: onlyColumns, expects: 'the declared columns and no other' },
  hasRecordKey: { check: hasRecordKey, expects: 'the record_key that follows from {}' },
} as const;
