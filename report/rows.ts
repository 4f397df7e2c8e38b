/**
 * Rows of a select as typed values. The warehouse answers in text, and Redshift's Data API and Postgres write some of it
 * differently (`true` and `t`): here it becomes one thing.
 */

/** Runs one statement in Redshift's words; every value as text. */
export type Select = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

type Read<T> = (value: string | null) => T;

export type RowOf<C extends Readonly<Record<string, Read<unknown>>>> = {
  readonly [K in keyof C]: ReturnType<C[K]>;
};

/** @param from what follows the list of columns: `from …`, with whatever else. */
export async function rows<const C extends Readonly<Record<string, Read<unknown>>>>(
  select: Select,
  columns: C,
  from: string,
): Promise<readonly RowOf<C>[]> {
  const names = Object.keys(columns);
  const found = await select(`select ${names.join(', ')} ${from}`);
  return found.map(
    (row) =>
      Object.fromEntries(names.map((name, at) => [name, columns[name]?.(row[at] ?? null)])) as RowOf<C>,
  );
}

/** Also what is too large for a number: ids. */
export const text = (value: string | null): string => value ?? '';

/** @throws {RangeError} when it is none: a column that changed its type must not turn into zeros. */
export function number(value: string | null): number {
  const read = Number(value ?? 'null');
  if (!Number.isFinite(read)) throw new RangeError(`expected a number from the warehouse, got ${value}`);
  return read;
}

export const flag = (value: string | null): boolean => value === 't' || value === 'true';

/** A time in UTC as ISO says it, without parts of a second: `2026-11-23T18:30:00Z`. */
export const instant = (value: string | null): string => `${(value ?? '').slice(0, 19).replace(' ', 'T')}Z`;

/** `2026-11-23`. */
export const day = (value: string | null): string => (value ?? '').slice(0, 10);

export const maybe =
  <T>(read: Read<T>): Read<T | null> =>
  (value) =>
    value === null ? null : read(value);

/** Sentences in a SUPER array. */
export function sentences(value: string | null): readonly string[] {
  const read: unknown = value === null ? [] : JSON.parse(value);
  return Array.isArray(read) ? read.map(String) : [];
}
