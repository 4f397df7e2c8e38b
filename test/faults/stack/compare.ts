/** Compares the final tables, row by row, with what the vendor holds. */
import type { Database } from '../../../local/services/index.ts';
import type { Fact } from './vendor.ts';

export interface Difference {
  /** Facts of the slice. */
  facts: number;
  /** Facts without a row. */
  lost: number;
  /** Rows beyond the first of a fact. */
  doubled: number;
  /** Rows that say something else than the vendor. */
  wrong: number;
  /** A few of all these, for whoever looks for the cause. */
  readonly examples: string[];
}

const MAX_EXAMPLES = 5;

/** The differences by slice; rows of nothing that the vendor holds are wrong rows of slice 0. */
export async function compare(
  warehouse: Database,
  facts: readonly Fact[],
): Promise<ReadonlyMap<number, Difference>> {
  const bySlice = new Map<number, Difference>();
  const of = (slice: number): Difference => {
    const known = bySlice.get(slice) ?? nothing();
    bySlice.set(slice, known);
    return known;
  };
  for (const [table, ofTable] of Map.groupBy(facts, (fact) => fact.table)) {
    const columns = Object.keys(ofTable[0]?.values ?? {});
    const { values: rows } = await warehouse.query(`select ${columns.join(', ')} from heimdallr.${table}`);
    const found = Map.groupBy(rows, (row) => row[columns.indexOf('id')]);
    for (const { slice, values } of ofTable) {
      const difference = of(slice);
      difference.facts += 1;
      const rowsOf = found.get(values.id ?? null) ?? [];
      const note = (what: string): void => {
        if (difference.examples.length < MAX_EXAMPLES)
          difference.examples.push(`${table} ${values.id}: ${what}`);
      };
      if (rowsOf.length === 0) difference.lost += 1;
      if (rowsOf.length !== 1) note(`${rowsOf.length} rows`);
      difference.doubled += Math.max(0, rowsOf.length - 1);
      for (const row of rowsOf) {
        const column = columns.find((name, index) => row[index] !== values[name]);
        if (column === undefined) continue;
        difference.wrong += 1;
        note(`${column} is ${row[columns.indexOf(column)]}, the vendor says ${values[column]}`);
      }
      found.delete(values.id ?? null);
    }
    of(0).wrong += [...found.values()].flat().length;
  }
  return bySlice;
}

export const nothing = (): Difference => ({ facts: 0, lost: 0, doubled: 0, wrong: 0, examples: [] });
