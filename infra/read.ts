/**
 * Readers of configuration: each takes a value as somebody wrote it and returns it checked and typed, or says
 * where it stands, what was got and what is expected.
 *
 * A schema library would do the same with a dependency and with messages that name its own concepts; the
 * configuration has some twenty keys.
 */

/** Checks the value found at `path` and returns it typed. */
export type Reader<T> = (value: unknown, path: string) => T;

/** A configuration that cannot be installed; the message is the line to print. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** @throws {ConfigurationError} always. */
export function wrong(path: string, got: string, expected: string): never {
  const where = path === '' ? 'the installation' : path;
  throw new ConfigurationError(`${where}: got ${got}, expected ${expected}`);
}

/** A value as it is shown in a message: short, and nothing of an object but that it is one. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export const text =
  (pattern: RegExp, expected: string): Reader<string> =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? value : wrong(path, show(value), expected);

/** An ARN. What stands there instead is not shown: it may be the secret itself. */
export const arn =
  (service: string, expected: string): Reader<string> =>
  (value, path) => {
    const isArn = typeof value === 'string' && new RegExp(`^arn:aws[a-z-]*:${service}:`).test(value);
    return isArn ? value : wrong(path, value === undefined ? 'nothing' : 'something else', expected);
  };

/** A whole number between two bounds, both included. */
export const whole =
  (from: number, to: number, why?: string): Reader<number> =>
  (value, path) => {
    const isWhole = typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
    const reason = why === undefined ? '' : ` (${why})`;
    return isWhole ? value : wrong(path, show(value), `a whole number from ${from} to ${to}${reason}`);
  };

export const oneOf =
  <const T extends string | number>(choices: readonly T[]): Reader<T> =>
  (value, path) =>
    choices.find((choice) => choice === value) ??
    wrong(path, show(value), choices.map((choice) => JSON.stringify(choice)).join(' or '));

/**
 * The values of all of these, or every problem of any of them: whoever mends one should not meet the next at the
 * next try.
 * @throws {ConfigurationError} with a line for each problem.
 */
export function allOf<T>(readings: readonly (() => T)[]): readonly T[] {
  const problems: string[] = [];
  const values = readings.flatMap((read) => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  return values;
}

export const list =
  <T>(element: Reader<T>): Reader<readonly T[]> =>
  (value, path) =>
    Array.isArray(value)
      ? allOf(value.map((each, index) => () => element(each, `${path}[${index}]`)))
      : wrong(path, show(value), 'a list');

/** Each value once. @param at the path of the value of that index. @throws {ConfigurationError} at the first that was there before. */
export function unique(values: readonly string[], at: (index: number) => string, expected: string): void {
  const repeated = values.findIndex((value, index) => values.indexOf(value) < index);
  if (repeated >= 0) wrong(at(repeated), `${show(values[repeated])} a second time`, expected);
}

/** The same, with what stands there when nothing was written. */
export const optional =
  <T, F>(inner: Reader<T>, fallback: F): Reader<T | F> =>
  (value, path) =>
    value === undefined ? fallback : inner(value, path);

/** What was written, key by key. @throws {ConfigurationError} for what is no object. */
function written(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  return wrong(path, show(value), `an object with ${known.join(', ')}`);
}

/** The same; a key that nobody reads is an error, because it is a misspelt one. */
export function keysOf(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
  const keys = written(value, path, known);
  allOf(
    Object.keys(keys)
      .filter((key) => !known.includes(key))
      .map((key) => () => wrong(join(path, key), 'an unknown key', knownAs(key, known))),
  );
  return keys;
}

function knownAs(key: string, known: readonly string[]): string {
  if (known.length === 0) return 'no keys';
  const meant = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2);
  const all = `one of ${known.join(', ')}`;
  return meant === undefined ? all : `${meant}, if that was meant, or ${all}`;
}

/** Letters to change, add or leave out to make one word of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** An object of exactly these keys. */
export const object =
  <S extends Readonly<Record<string, Reader<unknown>>>>(
    shape: S,
  ): Reader<{ readonly [Key in keyof S]: ReturnType<S[Key]> }> =>
  (value, path) => {
    const known = Object.keys(shape);
    const keys = written(value, path, known);
    const entries: [string, unknown][] = [];
    allOf<unknown>([
      () => keysOf(value, path, known),
      ...Object.entries(shape).map(
        ([key, read]) =>
          () =>
            entries.push([key, read(keys[key], join(path, key))]),
      ),
    ]);
    // Every key of the shape was read by its own reader just now.
    return Object.fromEntries(entries) as { readonly [Key in keyof S]: ReturnType<S[Key]> };
  };

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
