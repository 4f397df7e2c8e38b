/**
 * Counts at the source: what a vendor says it holds in a span, so that a gap shows.
 *
 * Some vendors count per time, others number what they hold without gaps. Both are a span of one column with a
 * number of facts in it; the loader compares it with the final table and knows nothing of vendors.
 */
import { sourceCount } from './ledger.ts';
import type { Emitted, RecordType } from './record.ts';
import { emit } from './record.ts';

/** The facts of a type whose column is at or above `from` and below `to`. */
export interface SourceCount {
  readonly type: RecordType;
  /** A timestamp, with instants for bounds, or an integer or bigint, with whole numbers. */
  readonly column: string;
  readonly from: Date | number;
  readonly to: Date | number;
  /** Columns that must have these values, as with the app whose releases are counted; none: the rows of the feed. */
  readonly scope?: Readonly<Record<string, string | number>>;
  /** Facts at the source, those included that the tables may not hold: what is rejected explains itself. */
  readonly count: number;
  /** A walk from here on reads the whole span. */
  readonly since: Date;
}

/** Something that its vendor has numbered. */
export interface Numbered {
  readonly number: number;
  readonly createdAt: Date;
}

export interface NumberedSource extends Pick<SourceCount, 'type' | 'column' | 'scope'> {
  /** What the vendor lists, in any order. */
  readonly listed: readonly Numbered[];
  /** Only what was created at or after this… */
  readonly since: Date;
  /** …and so long ago that it can be seen. */
  readonly until: Date;
  /** Asks for one that is not listed; false when the vendor has none of this number. */
  readonly isThere: (number: number) => Promise<boolean>;
}

/** Numbers that a list leaves out and that are asked for one by one; the span begins above the next one. */
const MAX_ASKED = 20;

/** Who creates two at once may number them in another order. */
const OVERLAP_MS = 3_600_000;

/**
 * Counts what a vendor numbers without gaps. The list alone proves nothing, because the polling reads the same one: every
 * number between those that it shows is asked for, and counts unless the vendor has none.
 * @returns one span at most; none when nothing that is listed was created in the time.
 */
export async function countNumbers(source: NumberedSource): Promise<readonly SourceCount[]> {
  const { listed, since, until, isThere, ...span } = source;
  const within = listed.filter(({ createdAt }) => createdAt >= since && createdAt <= until);
  if (within.length === 0) return [];
  const shown = new Set(listed.map(({ number }) => number));
  const to = Math.max(...within.map(({ number }) => number)) + 1;
  const lowest = Math.min(...within.map(({ number }) => number));
  let from = to;
  let count = 0;
  for (let asked = 0; from > lowest; from -= 1) {
    const number = from - 1;
    if (!shown.has(number)) {
      if (asked === MAX_ASKED) break;
      asked += 1;
      if (!(await isThere(number))) continue;
    }
    count += 1;
  }
  const oldest = Math.min(...within.map(({ createdAt }) => createdAt.getTime()));
  return [{ ...span, from, to, count, since: new Date(oldest - OVERLAP_MS) }];
}

/**
 * The record of a count.
 * @throws {TypeError} when it cannot be compared with a table: a mistake of the producer.
 */
export function countRecord(feed: string, counted: SourceCount, countedAt: Date): Emitted {
  const { type, column, from, to, scope = {}, count, since } = counted;
  const fail = (problem: string): never => {
    throw new TypeError(`the count of ${type.name} by ${column}: ${problem}`);
  };
  const kind = type.columns[column]?.type.kind ?? 'not declared';
  const isTime = kind === 'timestamp';
  if (!isTime && kind !== 'integer' && kind !== 'bigint')
    fail(`the column must be a timestamp, an integer or a bigint, it is ${kind}`);
  for (const bound of [from, to]) {
    if (isTime !== bound instanceof Date) fail(`its bounds must be ${isTime ? 'instants' : 'whole numbers'}`);
    if (!Number.isSafeInteger(Number(bound))) fail(`a bound is ${Number(bound)}, it must be whole and safe`);
  }
  if (from >= to) fail('the span is empty: from must be below to');
  if (!Number.isSafeInteger(count) || count < 0) fail(`the number of facts is ${count}`);
  for (const name of Object.keys(scope)) {
    if (type.columns[name] === undefined) fail(`its scope names ${name}, which is not declared`);
  }
  return emit(sourceCount, {
    feed,
    record_type: type.name,
    span_column: column,
    span_from: boundText(from),
    span_to: boundText(to),
    // Sorted, because it is a part of the key.
    scope: JSON.stringify(Object.fromEntries(Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1)))),
    at_source: count,
    walk_since: since.toISOString(),
    counted_at: countedAt.toISOString(),
  });
}

const boundText = (bound: Date | number): string =>
  typeof bound === 'number' ? String(bound) : bound.toISOString();
