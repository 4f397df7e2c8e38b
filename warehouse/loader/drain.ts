/**
 * Drains the landing table: every record type in a transaction of its own, so that one that cannot be merged
 * keeps no other from its table.
 */
import { pollPage } from '../../contract/ledger.ts';
import type { RecordType } from '../../contract/record.ts';
import { finalTable, mergeStatements, quoted, SCHEMA } from '../../contract/redshift.ts';
import type { Ports } from '../ports.ts';

/** What one run of the loader did. */
export interface LoadSummary {
  /** Record type → rows that left the landing table. */
  readonly merged: Readonly<Record<string, number>>;
  /** Record types whose rows stayed, each with the warehouse's reason. */
  readonly failed: readonly { readonly type: string; readonly reason: string }[];
  /** Rows of record types or versions that this loader does not know; they stay until it does. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** Receipts older than this are not compared any more: a run is late after an hour. */
const RECEIPT_DAYS = 30;

/** Merges everything that has landed. Failures of single types are in the answer, not thrown. */
export async function drain(types: readonly RecordType[], ports: Ports): Promise<LoadSummary> {
  const { sql, publish } = ports;
  const landed = await sql.query(
    `select record_type, record_version, count(*) from ${SCHEMA}.landing group by record_type, record_version`,
  );
  const merged: Record<string, number> = {};
  const unknown: Record<string, number> = {};
  const failed: { type: string; reason: string }[] = [];
  for (const [name, version, count] of landed) {
    const label = `${name} version ${version}`;
    const type = types.find((known) => known.name === name && known.version === Number(version));
    const rows = Number(count);
    if (type === undefined) {
      unknown[label] = rows;
      continue;
    }
    try {
      await sql.run(mergeStatements(type));
      merged[type.name] = (merged[type.name] ?? 0) + rows;
      publish({ record_type: type.name }, { RowsMerged: rows });
    } catch (error) {
      failed.push({ type: label, reason: error instanceof Error ? error.message : String(error) });
      publish({ record_type: type.name }, { MergeFailed: 1 });
    }
  }
  const waiting = Object.values(unknown).reduce((total, rows) => total + rows, 0);
  publish({}, { LandingUnknown: waiting, ...(await freshness(ports)) });
  await prune(ports);
  return { merged, failed, unknown };
}

/** Seconds since the newest page in the warehouse was polled: the age of everything, end to end. */
async function freshness({ sql, now }: Ports): Promise<Readonly<Record<string, number>>> {
  const table = `${SCHEMA}.${quoted(finalTable(pollPage).name)}`;
  const [row] = await sql.query(`select max(polled_at)::varchar(32) from ${table}`);
  const newest = row?.[0];
  if (newest === null || newest === undefined) return {};
  return { FreshnessSeconds: (now().getTime() - Date.parse(`${newest.replace(' ', 'T')}Z`)) / 1000 };
}

/** Receipts are pruned in the first run after midnight UTC that falls into its first quarter of an hour. */
async function prune({ sql, now }: Ports): Promise<void> {
  const time = now();
  if (time.getUTCHours() !== 0 || time.getUTCMinutes() >= 15) return;
  const before = new Date(time.getTime() - RECEIPT_DAYS * 86_400_000)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ');
  await sql.run([`delete from ${SCHEMA}.receipt where observed_at < '${before}'`]);
}
