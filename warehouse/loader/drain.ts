/**
 * Drains the landing table: every record type in a transaction of its own, so that one that cannot be merged
 * keeps no other from its table.
 */
import type { RecordType } from '../../contract/record.ts';
import { mergeStatements, SCHEMA } from '../../contract/redshift.ts';
import type { Ports } from '../ports.ts';

/** What one run of the loader did. */
export interface LoadSummary {
  /** Record type → rows that left the landing table, as counted before; rows that landed meanwhile went with them. */
  readonly merged: Readonly<Record<string, number>>;
  /** Record types whose rows stayed, each with the warehouse's reason. */
  readonly failed: readonly { readonly type: string; readonly reason: string }[];
  /** Rows of record types or versions that this loader does not know; they stay until it does. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** Merges everything that has landed. Failures of single types are in the answer, not thrown. */
export async function drain(
  types: readonly RecordType[],
  { sql, publish }: Pick<Ports, 'sql' | 'publish'>,
): Promise<LoadSummary> {
  const landed = await sql.query(
    `select record_type, record_version, count(*) from ${SCHEMA}.landing group by record_type, record_version order by record_type, record_version`,
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
  const total = (counts: readonly number[]): number => counts.reduce((sum, rows) => sum + rows, 0);
  publish(
    {},
    {
      LandingRows: total(landed.map(([, , count]) => Number(count))),
      LandingUnknown: total(Object.values(unknown)),
      MergeFailed: failed.length,
    },
  );
  return { merged, failed, unknown };
}
