/**
 * Reading values that came from outside: a template, a function's answer.
 *
 * CloudFormation turns `300` and `"300"` into one another as a property needs it, so numbers and booleans are
 * read from text as well.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {TypeError} when it is not text. */
export function text(value: unknown, what = 'a value'): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${what} must be text, got ${kindOf(value)}`);
}

/** The whole number, or `otherwise` when there is none. @throws {TypeError} */
export function integer(value: unknown, what: string, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new TypeError(`${what} must be a whole number, got ${kindOf(value)}`);
}

/** True for `true` and `"true"`. @throws {TypeError} */
export function flag(value: unknown, what: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new TypeError(`${what} must be true or false, got ${kindOf(value)}`);
}

/** The object, empty when there is none. @throws {TypeError} */
export function object(value: unknown, what: string): JsonObject {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw new TypeError(`${what} must be an object, got ${kindOf(value)}`);
}

/** The array, empty when there is none. @throws {TypeError} */
export function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new TypeError(`${what} must be a list, got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return value === undefined ? 'nothing' : typeof value;
}
