/**
 * Reads loosely typed JSON, as vendors send it.
 *
 * A version arrives as a number, a line number as text, a whole substructure as null or not at all. Each
 * reader turns what can only mean one thing into the value of its column and hands on everything else as it
 * came: whether that fits is judged once, for all producers, by the contract, which says so in the row.
 */
import type { JsonValue } from './columns.ts';
import type { Columns, Emitted, RecordType } from './record.ts';

/** The value under a path of keys and indexes; null when anything on the way is absent or of another type. */
export function at(value: JsonValue, ...path: readonly (string | number)[]): JsonValue {
  let inner: JsonValue = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return null;
    inner = (inner as Readonly<Record<string | number, JsonValue>>)[key] ?? null;
  }
  return inner;
}

/** The elements of an array; none when it is not one. */
export function elements(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The last element of an array: of a stack, the most recent call. */
export function last(value: JsonValue): JsonValue {
  return elements(value).at(-1) ?? null;
}

/** Text; numbers and booleans become their text. */
export function text(value: JsonValue): JsonValue {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

/** Text, where empty text says nothing. */
export function filled(value: JsonValue): JsonValue {
  return value === '' ? null : text(value);
}

/** Digits of a 64-bit integer, for a bigint column. */
export function digits(value: JsonValue): JsonValue {
  return Number.isSafeInteger(value) ? String(value) : value;
}

/** A whole number, for an integer column. */
export function whole(value: JsonValue): JsonValue {
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

/** Digits of a duration in milliseconds; browsers measure fractions. */
export function milliseconds(value: JsonValue): JsonValue {
  return typeof value === 'number' ? digits(Math.round(value)) : value;
}

/** A boolean, from the spellings that notifiers use. */
export function flag(value: JsonValue): JsonValue {
  if (value === 1 || value === '1' || value === 'true') return true;
  return value === 0 || value === '0' || value === 'false' ? false : value;
}

/** An instant as ISO text, from unix seconds. */
export function instant(value: JsonValue): JsonValue {
  const seconds = unixSeconds(value);
  const isInRange = seconds !== null && Math.abs(seconds) <= MAX_SECONDS;
  const iso = isInRange ? new Date(Math.round(seconds * 1000)).toISOString() : '';
  // Outside the years 0 to 9999 a Date writes a sign and six digits.
  return /^\d/.test(iso) ? iso : value;
}

/** Whole unix seconds as digits, for a bigint column. */
export function secondDigits(value: JsonValue): JsonValue {
  const seconds = unixSeconds(value);
  return seconds === null ? value : digits(Math.floor(seconds));
}

/**
 * Unix seconds, or null when the value is no number.
 *
 * Rollbar's reference calls a timestamp milliseconds where every sample has seconds: beyond 1e11 (the year 5138)
 * it must be milliseconds.
 */
export function unixSeconds(value: JsonValue): number | null {
  const isNumeric = typeof value === 'string' && /^\d{1,15}(?:\.\d{1,30})?$/.test(value);
  const number = isNumeric ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  return Math.abs(number) > 1e11 ? number / 1000 : number;
}

/** The latest a Date can say, in seconds. */
const MAX_SECONDS = 8.64e12;

/** An id for comparing, or null when the value is none. Ids are below 2^53 today; beyond, they arrive as text. */
export function idOf(value: JsonValue): bigint | null {
  const asText = digits(value);
  return typeof asText === 'string' && /^\d{1,19}$/.test(asText) ? BigInt(asText) : null;
}

/** Name of an enumeration's value where Rollbar sent its number; an unknown number becomes its text. */
export function named(names: Readonly<Record<number, string>>, value: JsonValue): JsonValue {
  return typeof value === 'number' ? (names[value] ?? String(value)) : text(value);
}

/** A record whose values are as the vendor sent them; the compiler checks that every column is there. */
export function asSent<C extends Columns>(
  type: RecordType<C>,
  values: { readonly [Name in Exclude<keyof C, 'truncated_fields'>]: JsonValue },
): Emitted {
  return { type, values };
}
