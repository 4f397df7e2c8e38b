/**
 * Keeps the books after a load: how old the newest page of each feed is, whether a run misses records, and the
 * end of entries that nobody compares any more.
 */
import { pollPage } from '../../contract/ledger.ts';
import { finalTable, quoted, receiptTable, SCHEMA } from '../../contract/redshift.ts';
import type { Ports } from '../ports.ts';

/** The ledger compares the runs of a week, and the rest of a month is for whoever looks back. */
const KEPT_DAYS = 30;

const pages = `${SCHEMA}.${quoted(finalTable(pollPage).name)}`;

/** Publishes freshness and what is missing; prunes now and then. */
export async function keepBooks(ports: Pick<Ports, 'sql' | 'publish' | 'now' | 'log'>): Promise<void> {
  await freshness(ports);
  await missing(ports);
  await prune(ports);
}

/**
 * Seconds since the newest page in the warehouse was polled, by feed: the age of everything, end to end. Walks do
 * not count: one can go on while the polling has stopped. Nothing is said of a feed that has been silent for a week;
 * while it is configured its alarm sounds, because silence is trouble to it.
 */
async function freshness({ sql, publish, now }: Pick<Ports, 'sql' | 'publish' | 'now'>): Promise<void> {
  const feeds = await sql.query(
    `select _feed, max(polled_at)::varchar(32) from ${pages} where walk is null and polled_at > getdate() - interval '7 days' group by _feed`,
  );
  for (const [feed, newest] of feeds) {
    const polledAt = Date.parse(`${newest?.replace(' ', 'T')}Z`);
    const age = Math.max(0, (now().getTime() - polledAt) / 1000);
    publish({ feed: feed ?? '' }, { FreshnessSeconds: age });
  }
}

/** Named in the log; of more only the number is told, and the view has them all. */
const MAX_NAMED = 10;

/** Runs that miss records although their last page is an hour old. */
async function missing({ sql, publish, log }: Pick<Ports, 'sql' | 'publish' | 'log'>): Promise<void> {
  const [late] = await sql.query(
    `select count(distinct run_id), coalesce(sum(missing), 0) from ${SCHEMA}.ledger where status = 'late'`,
  );
  const runs = Number(late?.[0] ?? 0);
  publish({}, { RunsLate: runs, RecordsMissing: Number(late?.[1] ?? 0) });
  if (runs === 0) return;
  const named = await sql.query(
    `select feed, run_id, record_type, missing from ${SCHEMA}.ledger where status = 'late' order by last_seen_at desc, run_id, record_type limit ${MAX_NAMED}`,
  );
  for (const [feed = '', run_id = '', record_type = '', missed] of named)
    log('a run is late', {
      feed: feed ?? '',
      run_id: run_id ?? '',
      record_type: record_type ?? '',
      missing: Number(missed),
    });
}

/**
 * In the hour after midnight UTC, by every run in it: the second finds nothing, and nobody has to remember when
 * it was done last. Receipts and pages go together; pages without receipts would look like losses.
 */
async function prune({ sql, now }: Pick<Ports, 'sql' | 'now'>): Promise<void> {
  if (now().getUTCHours() !== 0) return;
  const before = `getdate() - interval '${KEPT_DAYS} days'`;
  await sql.run([
    `delete from ${SCHEMA}.${receiptTable.name} where observed_at < ${before}`,
    `delete from ${pages} where polled_at < ${before}`,
  ]);
}
