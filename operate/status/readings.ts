/** What is read of a running pipeline to say how it is: from its schedules, its table of cursors, its warehouse and its bucket. */
import { PREFIX } from '../../contract/archive.ts';
import type { FeedEvent } from '../../contract/feed.ts';
import { SCHEMA } from '../../contract/redshift.ts';
import { SqlError } from '../../warehouse/sql.ts';
import type { FeedItem, Pipeline } from '../ports.ts';

export interface FeedReading {
  readonly feed: string;
  /** Since its newest run was alive; null when none ever was. */
  readonly cursorAgeSeconds: number | null;
  /** The vendor asked to be left alone for so long. */
  readonly waitsSeconds: number | null;
  /** What can still change and is read again with every poll. */
  readonly open: number;
  /** Since the newest of its polls that is in the warehouse; null when none is. */
  readonly freshnessSeconds: number | null;
  /** Since its newest fact; null without one in a week. */
  readonly newestFactSeconds: number | null;
  /** How long facts took to their rows, for 95 of 100; null without any in a day. */
  readonly p95Seconds: number | null;
  readonly ledger: Readonly<Record<LedgerStatus, number>>;
  /** Records that are missing from runs that are late. */
  readonly missing: number;
  /** Spans in which its vendor holds more than the warehouse. */
  readonly differing: number;
}

/** Runs by what the books say. */
export type LedgerStatus = 'complete' | 'in_flight' | 'late';

export interface Readings {
  readonly feeds: readonly FeedReading[];
  /** Rejected in the last day and not delivered since. */
  readonly rejects: readonly { readonly type: string; readonly reason: string; readonly records: number }[];
  /** Manifests of batches that Firehose skipped and nobody has loaded. */
  readonly skipped: readonly string[];
  /** Objects with batches that the transform gave up on. */
  readonly givenUp: number;
  /** Rows that have landed and are not in their final tables. */
  readonly landed: number;
}

/** @throws {Error} in one line that says what to do. */
export async function readPipeline(pipeline: Pipeline, now: Date): Promise<Readings> {
  const sql = pipeline.warehouse();
  const bucket = pipeline.bucket(pipeline.output('ArchiveBucketName'));
  const everything = new Date(0);
  const [starts, states, fresh, books, differing, rejects, landed] = await Promise.all([
    pipeline.starts(),
    pipeline.states(),
    sql.query(FRESHNESS),
    sql.query(BOOKS),
    sql.query(DIFFERING),
    sql.query(REJECTS),
    sql.query(LANDED),
  ]).catch(unanswered);
  const [skipped, skippedBelow, givenUp] = await Promise.all(
    [PREFIX.skipped, `${PREFIX.landing}${PREFIX.skipped}`, PREFIX.givenUp].map((prefix) =>
      bucket.list(prefix, everything),
    ),
  );
  const feeds = starts.map(({ input }) => feedOf(input)).filter((feed) => feed !== null);
  return {
    feeds: feeds.sort().map((feed) => readingOf(feed, { states, fresh, books, differing, now })),
    rejects: rejects.map(([type, reason, records]) => ({
      type: type ?? 'unknown',
      reason: reason ?? '',
      records: Number(records),
    })),
    skipped: [...(skipped ?? []), ...(skippedBelow ?? [])],
    givenUp: givenUp?.length ?? 0,
    landed: Number(landed[0]?.[0] ?? 0),
  };
}

/** A warehouse that is away leaves nothing to say of the feeds: in the middle of the night that must be said in words. */
function unanswered(error: unknown): never {
  if (!(error instanceof SqlError)) throw error;
  throw new Error(
    `the warehouse answers no question, so nothing can be said of the feeds: ${error.message}. Nothing is lost while it is away, and the next run of the loader goes on; docs/runbook.md, loader-errors, says what to do`,
    { cause: error },
  );
}

/** The feed that a schedule polls; null for one that does something else. */
function feedOf(input: string): string | null {
  const { feed, task }: Partial<FeedEvent> = JSON.parse(input);
  return feed === undefined || task !== undefined ? null : feed;
}

type Rows = readonly (readonly (string | null)[])[];

interface Sources {
  readonly states: ReadonlyMap<string, FeedItem>;
  readonly fresh: Rows;
  readonly books: Rows;
  readonly differing: Rows;
  readonly now: Date;
}

function readingOf(feed: string, { states, fresh, books, differing, now }: Sources): FeedReading {
  const state = states.get(feed);
  const since = (time: number): number => Math.max(0, Math.round((now.getTime() - time) / 1000));
  const [, freshness = null, fact = null, p95 = null] = fresh.find(([name]) => name === feed) ?? [];
  const runs = books.filter(([name]) => name === feed);
  const runsOf = (wanted: LedgerStatus): number =>
    Number(runs.find(([, status]) => status === wanted)?.[2] ?? 0);
  const wait = (state?.notBefore ?? 0) - now.getTime();
  return {
    feed,
    cursorAgeSeconds: typeof state?.observedAt === 'string' ? since(Date.parse(state.observedAt)) : null,
    waitsSeconds: wait > 0 ? Math.round(wait / 1000) : null,
    open: openIn(state?.cursor ?? null),
    freshnessSeconds: whole(freshness),
    newestFactSeconds: whole(fact),
    p95Seconds: whole(p95),
    ledger: { complete: runsOf('complete'), in_flight: runsOf('in_flight'), late: runsOf('late') },
    missing: Number(runs.find(([, status]) => status === 'late')?.[3] ?? 0),
    differing: Number(differing.find(([name]) => name === feed)?.[1] ?? 0),
  };
}

const whole = (text: string | null): number | null => (text === null ? null : Math.round(Number(text)));

/** Every producer keeps what is open as lists in its cursor. */
function openIn(cursor: string | null): number {
  if (cursor === null) return 0;
  const count = (value: unknown): number => {
    if (Array.isArray(value)) return value.length;
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce<number>((sum, inner) => sum + count(inner), 0);
  };
  return count(JSON.parse(cursor));
}

const FRESHNESS = `select
  feed, seconds_since_poll, datediff(second, newest_fact_at, getdate()) as seconds_since_fact, p95_seconds
from ${SCHEMA}.feed_freshness`;

/** A run is late when one of its record types is, and in flight when none is late and one is. */
const BOOKS = `with runs as (
  select
    feed,
    run_id,
    max(case status when 'late' then 2 when 'in_flight' then 1 else 0 end) as worst,
    sum(case status when 'late' then missing else 0 end) as missing
  from ${SCHEMA}.ledger
  group by feed, run_id
),

final as (
  select
    feed,
    case worst when 2 then 'late' when 1 then 'in_flight' else 'complete' end as status,
    count(*) as runs,
    sum(missing) as missing
  from runs
  group by feed, worst
)

select * from final`;

const DIFFERING = `select feed, count(*) as spans
from ${SCHEMA}.reconciliation
where status in ('differs', 'stays')
group by feed`;

/** The first reason of each; a record that was sent again and delivered has a receipt. */
const REJECTS = `with refused as (
  select
    coalesce(rejected.rejected_type, 'unknown') as record_type,
    split_part(rejected.reasons, chr(10), 1) as reason
  from ${SCHEMA}.rejected_record as rejected
  left join ${SCHEMA}.receipt as arrived on arrived.run_id = rejected.run_id and arrived.seq = rejected.seq
  where rejected.rejected_at > getdate() - interval '1 day' and arrived.run_id is null
),

final as (
  select record_type, reason, count(*) as records
  from refused
  group by record_type, reason
)

select * from final order by records desc, record_type, reason limit 20`;

const LANDED = `select count(*) as rows_landed from ${SCHEMA}.landing`;
