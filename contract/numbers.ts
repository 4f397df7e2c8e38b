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
  // The reviver makes parsing several times slower; most texts have no number that could need it.
  if (!RISKY_NUMBER.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as JsonValue;
}

/** Sixteen digits in a row (with or without a point), or an exponent. */
const RISKY_NUMBER = /\d[\d.]{15}|\d[eE][+-]?\d/;

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
