/**
 * Is this text exactly what JSON.stringify would write, and does nothing in it need a closer look?
 *
 * A text of another writer can hide from a parser what COPY would see: a key that stands there twice, `1e2` where
 * an integer is due, a NUL behind an escape. Writing the value again and comparing would show all of it, for half
 * the price of parsing. Here the length that JSON.stringify would need is added up instead: every deviation makes
 * the text longer, except an exponent, so only a text with numbers that an exponent could shorten is written again.
 * The walk meets every value, so on its way it also answers for the limits of a SUPER. It costs a tenth of parsing.
 */
import { MAX_STRING_BYTES } from './columns.ts';
import { MAX_SUPER_DEPTH } from './super.ts';
import { fitsBytes } from './text.ts';

/**
 * True when the text is what JSON.stringify writes for this value, every string in it passes `isSafeText`, and
 * every value in it passes `superProblem`. False is no verdict: it says that each value must be judged by itself
 * and the text be written anew.
 *
 * Below the root's own properties a number may still be written with an exponent (`1e2` is as long as `100`).
 *
 * @param value what the text was parsed to
 * @param bytes the text in UTF-8; null when it is ASCII throughout
 */
export function isPlainlyWritten(text: string, value: object, bytes: Buffer | null): boolean {
  if (bytes !== null && NONCHARACTERS.some((trace) => bytes.includes(trace))) return false;
  const walk: Walk = { isSuspect: false };
  if (nestedLength(value, 0, walk) + escapesLength(text) !== text.length) return false;
  return !walk.isSuspect || JSON.stringify(value) === text;
}

/** Bytes without which no noncharacter can be written: U+FDD0..FDEF, and the last two of each plane. */
const NONCHARACTERS = ['efb7', 'bfbe', 'bfbf'].map((hex) => Buffer.from(hex, 'hex'));

/** Characters that escapes add to a text; NaN when one is not what JSON.stringify writes, or is a NUL. */
function escapesLength(text: string): number {
  let length = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 2)) {
    const escaped = text[at + 1];
    if (escaped === '/') return Number.NaN;
    if (escaped !== 'u') length += 1;
    else if (CONTROL.test(text.slice(at + 2, at + 6))) length += 5;
    else return Number.NaN;
  }
  return length;
}

/** The control characters that JSON.stringify writes as `\u00…`: not NUL, nor \b \t \n \f \r. */
const CONTROL = /^00(?:0[1-7bef]|1[0-9a-f])$/;

interface Walk {
  /** A number was met that is no longer with an exponent than without. */
  isSuspect: boolean;
}

/** Characters of a string that certainly fits a SUPER: a UTF-16 unit becomes at most three bytes. */
const CERTAINLY_FITS = MAX_STRING_BYTES / 3;

/** Characters of a value, its escapes not counted; NaN when it, or a value in it, may break a limit of SUPER. */
function valueLength(value: unknown, depth: number, walk: Walk): number {
  switch (typeof value) {
    case 'string':
      return value.length <= CERTAINLY_FITS || fitsBytes(value, MAX_STRING_BYTES)
        ? value.length + 2
        : Number.NaN;
    case 'number':
      return numberLength(value, depth, walk);
    case 'boolean':
      return value ? 4 : 5;
    default:
      return value === null ? 4 : nestedLength(value as object, depth + 1, walk);
  }
}

function nestedLength(value: object, depth: number, walk: Walk): number {
  if (depth > MAX_SUPER_DEPTH) return Number.NaN;
  return Array.isArray(value) ? arrayLength(value, depth, walk) : objectLength(value, depth, walk);
}

function arrayLength(array: readonly unknown[], depth: number, walk: Walk): number {
  let length = 1;
  for (const value of array) length += 1 + valueLength(value, depth, walk);
  return length === 1 ? 2 : length;
}

// `for … in` makes no array of keys, and what came out of JSON inherits nothing enumerable.
function objectLength(object: object, depth: number, walk: Walk): number {
  let length = 1;
  for (const key in object) {
    if (key.length > CERTAINLY_FITS) return Number.NaN;
    // Two quotes, a colon, and a comma or the closing brace.
    length += key.length + 4 + valueLength(object[key as keyof typeof object], depth, walk);
  }
  return length === 1 ? 2 : length;
}

function numberLength(value: number, depth: number, walk: Walk): number {
  const size = Math.abs(value);
  if (!Number.isInteger(value)) {
    if (size === Number.POSITIVE_INFINITY) return Number.NaN;
    // 1e-3 is shorter than 0.001.
    if (size < 0.01) walk.isSuspect = true;
    return String(value).length;
  }
  if (size > Number.MAX_SAFE_INTEGER) return Number.NaN;
  // 1e3 is shorter than 1000, and 1e2 as long as 100: the root's integers are read by integer columns.
  if (size !== 0 && size % (depth === 0 ? 100 : 1000) === 0) walk.isSuspect = true;
  let length = value < 0 ? 2 : 1;
  for (let limit = 10; size >= limit; limit *= 10) length += 1;
  return length;
}
