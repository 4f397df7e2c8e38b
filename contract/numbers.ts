/**
 * JSON without loss of digits.
 *
 * A customer's snowflake id 1834567890123456789 becomes 1834567890123456800 in JSON.parse. Here a number that
 * JavaScript cannot hold exactly becomes the string of its digits, as the vendor wrote them.
 */
import type { JsonValue } from './columns.ts';

/**
 * Parses JSON; numbers that a double cannot hold exactly become strings.
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  // The reviver makes parsing ten times slower, and most texts have no number that needs it.
  if (!hasInexactNumber(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as JsonValue;
}

/** Where a number can begin, and a number of sixteen or more characters or with an exponent. Up to 15 digits are always exact. */
const RISKY_NUMBER = /[[:,\s](-?\d(?:[\d.]{14,}(?:[eE][+-]?\d+)?|[\d.]*[eE][+-]?\d+))/g;

/** True when a number is not exact; also when a string only looks like one, which costs time and nothing else. */
function hasInexactNumber(text: string): boolean {
  if (/^-?\d/.test(text)) return true;
  for (const [, number = ''] of text.matchAll(RISKY_NUMBER)) {
    if (!isExact(number, Number(number))) return true;
  }
  return false;
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return isExact(context.source, value) ? value : context.source;
}

/** True when every JSON reader on the way sees in `value` the number that `source` says. */
export function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  return normalise(source) === normalise(String(value));
}

/** A number as digits without leading or trailing zeros, and the power of ten of the first digit. */
function normalise(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const leading = whole.length + fraction.length - digits.length;
  return `${sign}${digits.replace(/0+$/, '')}e${BigInt(exponent) + BigInt(whole.length - leading)}`;
}
