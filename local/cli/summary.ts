/**
 * What a session did, counted where it counts: in the warehouse.
 *
 * Emitted is the larger of what the producers say they put on the stream and what their `poll_page` rows say,
 * so that a lost `poll_page` cannot hide the loss of its page.
 */
import type { RunSummary } from '../../contract/feed.ts';
import { landingTable, receiptTable, SCHEMA } from '../../contract/redshift.ts';
import type { Query } from '../warehouse/database.ts';

type Counts = Readonly<Record<string, number>>;

export interface Summary {
  /** Record type → records put on the stream. */
  readonly emitted: Counts;
  /** Record type → records that reached their final table. */
  readonly delivered: Counts;
  readonly rejected: Counts;
  /** emitted - delivered - rejected, where that is more than nothing. */
  readonly missing: Counts;
  /** Final table → rows. */
  readonly tables: Counts;
  readonly seconds: number;
}

/** Run ids sort by time and begin with it: the id before all runs that start at `time` or later. */
export function firstRunId(time: Date): string {
  return time.toISOString().replace(/[-:.]/g, '');
}

/**
 * Counts the runs from `firstRun` on.
 * @param runs what the producers answered in this session.
 * @param isDrained whether everything had its time to arrive: what is on its way is not missing.
 */
export async function summarise(
  query: Query,
  firstRun: string,
  runs: readonly RunSummary[],
  seconds: number,
  isDrained: boolean,
): Promise<Summary> {
  const { rows } = await query(
    `select record_type, sum(emitted) as emitted, sum(delivered) as delivered, sum(rejected) as rejected
     from ${SCHEMA}.ledger where run_id >= $1 group by record_type`,
    [firstRun],
  );
  const column = (name: string): Record<string, number> =>
    Object.fromEntries(rows.map((row) => [row.record_type ?? '', Number(row[name] ?? 0)]));
  const [booked, delivered, rejected] = [column('emitted'), column('delivered'), column('rejected')];
  const said = addUp(runs.map((run) => run.emitted));
  const types = [...new Set([...Object.keys(booked), ...Object.keys(said)])].sort();
  const emitted = Object.fromEntries(
    types.map((type) => [type, Math.max(booked[type] ?? 0, said[type] ?? 0)]),
  );
  const missing = types
    .map((type) => [type, (emitted[type] ?? 0) - (delivered[type] ?? 0) - (rejected[type] ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return {
    emitted,
    delivered: withoutNothing(delivered),
    rejected: withoutNothing(rejected),
    missing: isDrained ? Object.fromEntries(missing) : {},
    tables: await rowCounts(query),
    seconds: Math.round(seconds * 10) / 10,
  };
}

/** True when everything that was emitted is accounted for. */
export const isComplete = (summary: Summary): boolean => Object.keys(summary.missing).length === 0;

/** Final table → rows. */
export async function rowCounts(query: Query): Promise<Counts> {
  const { rows } = await query(
    `select table_name from information_schema.tables
     where table_schema = $1 and table_type = 'BASE TABLE' order by table_name`,
    [SCHEMA],
  );
  const names = rows.map((row) => row.table_name ?? '');
  const counts: Record<string, number> = {};
  for (const name of names.filter((name) => name !== landingTable.name && name !== receiptTable.name)) {
    counts[name] = Number((await query(`select count(*) as n from ${SCHEMA}."${name}"`)).rows[0]?.n ?? 0);
  }
  return counts;
}

function addUp(counts: readonly Counts[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of counts) {
    for (const [type, count] of Object.entries(one)) total[type] = (total[type] ?? 0) + count;
  }
  return total;
}

const withoutNothing = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
