/**
 * SUPER values: what Redshift takes, and how a vendor's JSON is made to fit.
 *
 * Redshift limits every string inside a SUPER to 65,535 bytes, the nesting to 1,000, and COPY has the same
 * trouble with text here as in a VARCHAR. A value that breaks a limit fails the COPY of everybody's rows.
 */
import { type JsonValue, MAX_STRING_BYTES } from './columns.ts';
import { byteLength, cutToBytes, fitsBytes, isSafeText, repairText } from './text.ts';

/** Nesting that is let through; Redshift's own limit is 1,000, JSON writers on the way have lower ones. */
export const MAX_SUPER_DEPTH = 500;

/** Why a value cannot be loaded into a SUPER column, or null when it can. The size is not judged here. */
export function superProblem(value: unknown, depth = 0): string | null {
  if (typeof value === 'string') {
    if (!isSafeText(value)) return 'a string holds NUL, a lone surrogate or a noncharacter';
    return fitsBytes(value, MAX_STRING_BYTES) ? null : `a string is longer than ${MAX_STRING_BYTES} bytes`;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'a number is not finite';
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded ? 'a whole number is beyond 2^53: send its digits as a string' : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_SUPER_DEPTH) return `nested deeper than ${MAX_SUPER_DEPTH}`;
  if (Array.isArray(value)) {
    for (const element of value) {
      const problem = superProblem(element, depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    const problem = superProblem(key) ?? superProblem((value as Record<string, unknown>)[key], depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

/** A value made to fit, and whether anything was cut. */
export interface Fitted {
  readonly value: JsonValue;
  readonly wasCut: boolean;
}

/** Widths to which long strings are cut, one after another, until the whole value fits. */
const STRING_WIDTHS = [MAX_STRING_BYTES, 8192, 1024, 256];

/** Lengths to which long arrays are cut, when narrow strings alone do not help. */
const ARRAY_LENGTHS = [Number.POSITIVE_INFINITY, 1000, 100, 10];

/**
 * Repairs the text in a value and makes it fit `maxBytes` bytes of JSON: first strings are cut to fewer and
 * fewer bytes, then arrays to fewer elements; what still does not fit becomes null.
 */
export function fitSuper(value: JsonValue, maxBytes: number): Fitted {
  for (const length of ARRAY_LENGTHS) {
    for (const width of STRING_WIDTHS) {
      const cut = { happened: false };
      const fitted = shorten(value, width, length, 0, cut);
      if (fitsBytes(JSON.stringify(fitted), maxBytes)) return { value: fitted, wasCut: cut.happened };
    }
  }
  return { value: null, wasCut: true };
}

function shorten(
  value: JsonValue,
  width: number,
  length: number,
  depth: number,
  cut: { happened: boolean },
): JsonValue {
  if (typeof value === 'string') {
    const repaired = repairText(value);
    if (fitsBytes(repaired, width)) return repaired;
    cut.happened = true;
    return cutToBytes(repaired, width);
  }
  if (typeof value === 'number') {
    if (Number.isFinite(value))
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(value) : value;
    cut.happened = true;
    return null;
  }
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth >= MAX_SUPER_DEPTH) {
    cut.happened = true;
    return null;
  }
  if (Array.isArray(value)) {
    if (value.length > length) cut.happened = true;
    return value.slice(0, length).map((element) => shorten(element, width, length, depth + 1, cut));
  }
  // Defined, not assigned: a vendor's key may be "__proto__".
  const fitted: Record<string, JsonValue> = {};
  for (const [key, element] of Object.entries(value)) {
    const name = cutToBytes(repairText(key), MAX_STRING_BYTES);
    Object.defineProperty(fitted, name, {
      value: shorten(element, width, length, depth + 1, cut),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return fitted;
}

/** Size in bytes of a value written as JSON. */
export function jsonBytes(value: JsonValue): number {
  return byteLength(JSON.stringify(value));
}
