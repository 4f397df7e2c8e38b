/**
 * Reconciliation, the loader's half: compares what the source has counted with the final tables.
 *
 * A false alarm is worse than a late one. So a count is compared only when everything that the source held then had
 * its chance to arrive: a later page of the feed's polling, with nothing unread behind it, is in the warehouse, and
 * no run of the feed up to that page has records under way. A refused record explains a missing one. What still differs is
 * left for the producer, which reads the span again and counts once more; what differs after that is a metric.
 */
import type { RepairSpan } from '../../contract/feed.ts';
import { pollPage, rejectedRecord, sourceCount } from '../../contract/ledger.ts';
import type { RecordType } from '../../contract/record.ts';
import { finalTable, quoted, reconciliationTable, SCHEMA } from '../../contract/redshift.ts';
import type { Ports, Repairs } from '../ports.ts';
import { compareStatements, type SpanGroup, sameSpan } from './compare.ts';

/** A count of a span is repeated as long as its vendor can count it; after so many hours without, nobody asks. */
const RECENT = "getdate() - interval '6 hours'";
const KEPT_DAYS = 30;
/** Spans in a list: one item holds 400 KB, and a walk goes back to the oldest anyway. */
const MAX_SPANS = 100;

const table = (name: string): string => `${SCHEMA}.${quoted(name)}`;
const counts = table(finalTable(sourceCount).name);
const pages = table(finalTable(pollPage).name);
const reconciliation = table(reconciliationTable.name);

/**
 * Compares the counts that are due, tells the producers what to read again, publishes what stays missing.
 * @param types whose landed rows are all in their final tables.
 */
export async function reconcile(
  types: readonly RecordType[],
  ports: Pick<Ports, 'sql' | 'publish' | 'now'> & { readonly repairs: Repairs },
): Promise<void> {
  const { sql } = ports;
  if (![pollPage, rejectedRecord, sourceCount].every(({ name }) => types.some((type) => type.name === name)))
    return;
  const compared = new Set<string>();
  for (const group of await due(types, ports)) {
    await sql.run(compareStatements(group));
    compared.add(group.feed);
  }
  await leaveRepairs(compared, ports);
  await publishMissing(ports);
  await prune(ports);
}

/** The counts that can be compared, in groups that one statement can compare. */
async function due(types: readonly RecordType[], { sql }: Pick<Ports, 'sql'>): Promise<readonly SpanGroup[]> {
  const rows = await sql.query(
    [
      `with under_way as (select feed, min(first_seen_at) as seen_at from ${SCHEMA}.ledger where status = 'in_flight' group by feed),`,
      'settled as (',
      `  select page._feed as feed, max(page.polled_at) as polled_at from ${pages} as page`,
      '  left join under_way on under_way.feed = page._feed',
      '  where page.walk is null and page.is_caught_up',
      '    and (under_way.feed is null or page.polled_at < under_way.seen_at)',
      '  group by page._feed',
      ')',
      'select counted.feed, counted.record_type, counted.span_column, counted.scope, counted.span_from, counted.span_to',
      `from ${counts} as counted`,
      'join settled on settled.feed = counted.feed and settled.polled_at > counted.counted_at',
      `left join ${reconciliation} as known on ${sameSpan('known', 'counted')} and known.counted_at >= counted.counted_at`,
      'where known.feed is null',
    ].join('\n'),
  );
  const groups = new Map<string, SpanGroup>();
  for (const [feed, name, column, scope, from, to] of rows) {
    const type = types.find((known) => known.name === name);
    // Types of an older deployment, or with rows that could not be merged: they can wait.
    if (type === undefined || feed == null || column == null || scope == null || from == null || to == null)
      continue;
    const key = JSON.stringify([feed, name, column, scope]);
    const spans = [...(groups.get(key)?.spans ?? []), { from, to }];
    groups.set(key, { feed, type, column, scope, spans });
  }
  return [...groups.values()];
}

/** Leaves each feed that was compared the list of what differs now: it replaces the one before. */
async function leaveRepairs(
  feeds: ReadonlySet<string>,
  { sql, repairs }: Pick<Ports, 'sql'> & { readonly repairs: Repairs },
): Promise<void> {
  if (feeds.size === 0) return;
  const rows = await sql.query(
    [
      'select feed, record_type, span_from, span_to, missing, walk_since::varchar(32)',
      `from ${reconciliation} where status = 'differs' and counted_at > ${RECENT} order by walk_since`,
    ].join('\n'),
  );
  for (const feed of feeds) {
    const spans = rows
      .filter(([of]) => of === feed)
      .slice(0, MAX_SPANS)
      .map(
        ([, type, from, to, missing, since]): RepairSpan => ({
          record_type: type ?? '',
          from: from ?? '',
          to: to ?? '',
          missing: Number(missing),
          since: new Date(`${since?.replace(' ', 'T')}Z`).toISOString(),
        }),
      );
    await repairs.leave(feed, spans);
  }
}

/** Facts that are missing although their span was read again, by feed and in all. */
async function publishMissing({ sql, publish }: Pick<Ports, 'sql' | 'publish'>): Promise<void> {
  const rows = await sql.query(
    `select feed, sum(missing) from ${reconciliation} where status = 'stays' and counted_at > ${RECENT} group by feed`,
  );
  for (const [feed, missing] of rows) publish({ feed: feed ?? '' }, { RecordsUnreconciled: Number(missing) });
  publish({}, { RecordsUnreconciled: rows.reduce((sum, [, missing]) => sum + Number(missing), 0) });
}

/** In the hour after midnight UTC, as with the other books. */
async function prune({ sql, now }: Pick<Ports, 'sql' | 'now'>): Promise<void> {
  if (now().getUTCHours() !== 0) return;
  const before = `getdate() - interval '${KEPT_DAYS} days'`;
  await sql.run([counts, reconciliation].map((name) => `delete from ${name} where counted_at < ${before}`));
}
