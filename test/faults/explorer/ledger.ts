/** The ledger over the model of the tables: what `warehouse/marts/ledger.sql` says, in a few lines of code. */
import { pollPage, rejectedRecord } from '../../../contract/ledger.ts';
import type { Row, Tables } from './statements.ts';

/** One line of the ledger. */
export interface Balance {
  readonly run_id: string;
  readonly record_type: string;
  readonly emitted: number;
  readonly delivered: number;
  readonly rejected: number;
}

export const rowsOf = ({ finals }: Tables, table: string): readonly Row[] =>
  [...(finals.get(table)?.values() ?? [])].flat();

/** The balances of all runs of which a page has arrived, in the order of run and type. */
export function ledgerOf(tables: Tables): readonly Balance[] {
  const balances = new Map<string, { -readonly [Name in keyof Balance]: Balance[Name] }>();
  const balance = (run_id: string, record_type: string) => {
    const id = `${run_id} ${record_type}`;
    const known = balances.get(id) ?? { run_id, record_type, emitted: 0, delivered: 0, rejected: 0 };
    balances.set(id, known);
    return known;
  };
  const pages = Map.groupBy(rowsOf(tables, pollPage.name), ({ run_id }) => String(run_id));
  const receipts = [...tables.receipts.values()]
    .map(([receipt]) => receipt)
    .filter((one) => one !== undefined);
  const lastBooked = new Map<string, number>();
  for (const { run_id, seq, record_type } of receipts) {
    if (record_type === pollPage.name) lastBooked.set(run_id, Math.max(seq, lastBooked.get(run_id) ?? 0));
  }
  const isBooked = (run_id: string, seq: number): boolean => seq <= (lastBooked.get(run_id) ?? 0);
  for (const [runId, ofRun] of pages) {
    balance(runId, pollPage.name).emitted += Math.max(...ofRun.map(({ page }) => Number(page)));
    for (const [type, records] of ofRun.flatMap(({ emitted }) => Object.entries(emitted ?? {})))
      balance(runId, type).emitted += Number(records);
  }
  for (const { run_id, seq, record_type } of receipts) {
    if (pages.has(run_id) && isBooked(run_id, seq)) balance(run_id, record_type).delivered += 1;
  }
  for (const { run_id, seq, rejected_type } of rowsOf(tables, rejectedRecord.name)) {
    const isDelivered = tables.receipts.has(`${run_id} ${seq}`);
    if (pages.has(String(run_id)) && isBooked(String(run_id), Number(seq)) && !isDelivered)
      balance(String(run_id), String(rejected_type ?? 'unknown')).rejected += 1;
  }
  return [...balances].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}
