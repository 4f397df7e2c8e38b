/**
 * Counts at the source: what a vendor says it holds in a span, so that a gap shows.
 *
 * Some vendors count per time, others number what they hold. Both are a span of one column with a
 * number of facts in it; the loader compares it with the final table and knows nothing of vendors.
 */
import { sourceCount } from './ledger.ts';
import type { PollContext } from './producer.ts';
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
  /** The newest ones, in any order; none is left out on purpose. */
  readonly listed: readonly Numbered[];
  /** Only hours that begin at or after this… */
  readonly since: Date;
  /** …and have ended by then. */
  readonly until: Date;
  /** Asks for one that is not listed; false when the vendor has none of this number. */
  readonly isThere: (number: number) => Promise<boolean>;
  readonly log: PollContext<unknown, never>['log'];
}

const HOUR_MS = 3_600_000;

/** Numbers that a list leaves out and that are asked for one by one; hours before the next one are left alone. */
const MAX_ASKED = 20;

/**
 * Counts what a vendor numbers one after the other, a span for each hour in which something was created: such a span is
 * the same an hour later. The list alone proves nothing, because the polling reads the same one: every number between those
 * that it shows is asked for, and counts unless the vendor has none.
 * @returns the newest hour first.
 */
export async function countNumbers(source: NumberedSource): Promise<readonly SourceCount[]> {
  const { listed, since, until, isThere, log, ...common } = source;
  const shown = new Set(listed.map(({ number }) => number));
  const spans: SourceCount[] = [];
  let asked = 0;
  for (const { start, before, from, to } of hoursOf(listed).toReversed()) {
    if (start < since.getTime() || start + HOUR_MS > until.getTime()) continue;
    let count = 0;
    for (let number = from; number < to; number += 1) {
      if (!shown.has(number)) {
        if (asked === MAX_ASKED) {
          log('more numbers are missing from the list than are asked for; what is older is not counted', {
            number,
          });
          return spans;
        }
        asked += 1;
        if (!(await isThere(number))) continue;
      }
      count += 1;
    }
    // Who creates two at once may number them in another order.
    spans.push({ ...common, from, to, count, since: new Date(before - HOUR_MS) });
  }
  return spans;
}

interface Hour {
  /** Milliseconds since 1970. */
  readonly start: number;
  /** Start of the hour in which the number below `from` was created: those between were created since then. */
  readonly before: number;
  readonly from: number;
  readonly to: number;
}

/** Hours and their numbers; the oldest hour is left out when nobody knows where it begins. */
function hoursOf(listed: readonly Numbered[]): readonly Hour[] {
  const hours: Hour[] = [];
  for (const { number, createdAt } of listed.toSorted((one, other) => one.number - other.number)) {
    const last = hours.at(-1);
    const own = Math.floor(createdAt.getTime() / HOUR_MS) * HOUR_MS;
    if (last !== undefined && own <= last.start) hours[hours.length - 1] = { ...last, to: number + 1 };
    else hours.push({ start: own, before: last?.start ?? own, from: last?.to ?? number, to: number + 1 });
  }
  return hours[0]?.from === 1 ? hours : hours.slice(1);
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
