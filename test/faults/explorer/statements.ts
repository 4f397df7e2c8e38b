/**
 * What the loader's statements mean to the model of the tables.
 *
 * They are recognised by their exact text, which comes from the functions that make it: a statement that was changed is
 * then unknown, and the model must be looked at again. That it is right, the same runs on a real database show.
 */
import type { Envelope } from '../../../contract/envelope.ts';
import { ledgerRecords, rejectedRecord } from '../../../contract/ledger.ts';
import type { Body, RecordType } from '../../../contract/record.ts';
import { finalTable, mergeStatements } from '../../../contract/redshift.ts';
import { keepBooks } from '../../../warehouse/loader/books.ts';
import { drain } from '../../../warehouse/loader/drain.ts';
import { reconcile } from '../../../warehouse/loader/reconcile.ts';

/** A row of a final table. */
export type Row = Body;

/** A row of the landing table; every COPY makes rows of its own. */
export interface Landed {
  readonly envelope: Envelope;
}

/** A receipt: what it is for, and its type. */
export interface Receipt {
  readonly run_id: string;
  readonly seq: number;
  readonly record_type: string;
  readonly observed_at: string;
}

/** The tables at one moment; what is in it never changes, a commit makes a new one. */
export interface Tables {
  readonly landing: readonly Landed[];
  /** Table → key → rows; more than one row of a key is what must never be. */
  readonly finals: ReadonlyMap<string, ReadonlyMap<string, readonly Row[]>>;
  /** Run and number → receipts. */
  readonly receipts: ReadonlyMap<string, readonly Receipt[]>;
}

/** A transaction: what it sees, and what it will change. */
export interface Transaction {
  tables: Tables;
  batch: Map<string, Row>;
  readonly deleted: Set<Landed>;
  readonly booked: Receipt[];
  /** Table → key → rows as they will be. */
  readonly merged: Map<string, Map<string, readonly Row[]>>;
}

export type Step = 'lock' | ((transaction: Transaction) => void);

/** Every statement of the loader's transactions, by its text. */
export function statementsOf(types: readonly RecordType[]): ReadonlyMap<string, Step> {
  const steps = new Map<string, Step>();
  for (const type of types) {
    const texts = mergeStatements(type);
    const meanings = meaningsOf(type);
    if (texts.length !== meanings.length)
      throw new Error(
        `the merge of ${type.name} has ${texts.length} statements, the model knows ${meanings.length}`,
      );
    for (const [index, text] of texts.entries()) steps.set(text, meanings[index] ?? 'lock');
  }
  return steps;
}

/** The questions of the loader: what has landed, and those whose answers only become metrics. */
export async function questions(): Promise<{
  readonly landed: string;
  readonly metrics: ReadonlySet<string>;
}> {
  const asked: string[] = [];
  const sql = {
    run: async () => undefined,
    query: async (statement: string) => {
      asked.push(statement);
      // One run is late, so that the books go on to ask which.
      return statement.includes('count(distinct run_id)') ? [['1', '1']] : [];
    },
  };
  await drain([], { sql, publish: () => undefined });
  const [landed, ...more] = asked.splice(0);
  if (landed === undefined || more.length > 0)
    throw new Error(`the model knows a drain that asks one question, it asks ${1 + more.length}`);
  const quiet = () => undefined;
  const noon = { sql, publish: quiet, log: quiet, now: () => new Date('2026-11-23T12:00:00Z') };
  await keepBooks(noon);
  // No producer here counts, so there is nothing to compare.
  await reconcile(ledgerRecords, { ...noon, repairs: { leave: async () => undefined } });
  return { landed, metrics: new Set(asked) };
}

/** The rows of the question what has landed. */
export function landedCounts({ landing }: Tables): readonly (readonly string[])[] {
  const label = ({ envelope }: Landed): string => `${envelope.record_type}\n${envelope.record_version}`;
  const counts = Map.groupBy(landing, label);
  return [...counts].sort().map(([name, rows]) => [...name.split('\n'), String(rows.length)]);
}

/** The meaning of each statement of a merge, in the order of `mergeStatements`. */
function meaningsOf(type: RecordType): readonly Step[] {
  const { name: table, columns } = finalTable(type);
  const names = Object.keys(columns);
  const keyOf = (row: Row): string => JSON.stringify(type.key.map((name) => row[name]));
  const isWanted = ({ envelope }: Landed): boolean =>
    envelope.record_type === type.name && envelope.record_version === type.version;
  const targetOf = ({ tables, merged }: Transaction): ReadonlyMap<string, readonly Row[]> =>
    merged.get(table) ?? tables.finals.get(table) ?? new Map();
  const nothing = (): void => undefined;

  const fill = (transaction: Transaction): void => {
    const newest = new Map<string, Envelope>();
    for (const { envelope } of transaction.tables.landing.filter(isWanted)) {
      const known = newest.get(envelope.record_key);
      if (known === undefined || isNewer(envelope, known)) newest.set(envelope.record_key, envelope);
    }
    for (const { body, feed, observed_at, run_id } of newest.values()) {
      const all: Body = { ...body, _feed: feed, _observed_at: observed_at, _run_id: run_id };
      const row = Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
      transaction.batch.set(keyOf(row), row);
    }
  };
  const receipts = ({ tables, booked }: Transaction): void => {
    const latest = new Map<string, Receipt>();
    for (const { envelope } of tables.landing.filter(isWanted)) {
      const { run_id, seq, record_type, observed_at } = envelope;
      const id = `${run_id} ${seq}`;
      if (tables.receipts.has(id)) continue;
      const known = latest.get(id)?.observed_at ?? '';
      latest.set(id, { run_id, seq, record_type, observed_at: observed_at > known ? observed_at : known });
    }
    booked.push(...latest.values());
  };
  const stale = (transaction: Transaction): void => {
    for (const [key, row] of transaction.batch) {
      const rows = targetOf(transaction).get(key) ?? [];
      if (rows.some((known) => isAtLeast(known, row))) transaction.batch.delete(key);
    }
  };
  const merge = (transaction: Transaction): void => {
    const target = new Map(targetOf(transaction));
    for (const [key, row] of transaction.batch) {
      const matched = target.get(key) ?? [];
      target.set(key, matched.length === 0 ? [row] : matched.map(() => row));
    }
    transaction.merged.set(table, target);
  };
  const clear = ({ tables, deleted }: Transaction): void => {
    for (const row of tables.landing) if (isWanted(row)) deleted.add(row);
  };
  const drop = ({ batch }: Transaction): void => batch.clear();
  const books = type.name === rejectedRecord.name ? [] : [receipts];
  return ['lock', nothing, nothing, fill, ...books, stale, merge, clear, drop];
}

function isNewer(one: Envelope, other: Envelope): boolean {
  if (one.observed_at !== other.observed_at) return one.observed_at > other.observed_at;
  return one.run_id === other.run_id ? one.seq > other.seq : one.run_id > other.run_id;
}

function isAtLeast(known: Row, row: Row): boolean {
  const [seen, then] = [String(known._observed_at), String(row._observed_at)];
  return seen === then ? String(known._run_id) >= String(row._run_id) : seen > then;
}
