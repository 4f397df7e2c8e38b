/**
 * JSON whose numbers keep the digits they were written with.
 *
 * Customers put snowflake ids and 64-bit counters into their reports, and Rollbar hands them back digit by
 * digit. `JSON.parse` alone would round them, and a simulator that rounds could not show that a reader does.
 * Numbers therefore stay raw text inside the parsed value; all else is plain JSON.
 */

/** Part of the language since V8 11.4, not yet in TypeScript's library. */
interface SourceAwareJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

// Not outside data: the built-in itself, under the type it has.
const sourceAware = JSON as unknown as SourceAwareJson;

export function parseExact(text: string): unknown {
  return sourceAware.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? rawNumber(source) : value,
  );
}

/** A number with exactly these digits, for `JSON.stringify`. */
export function rawNumber(digits: string): unknown {
  return sourceAware.rawJSON(digits);
}

/** The value under a path of keys, or undefined: how everything a client sent is looked at. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

export function digText(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = dig(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
