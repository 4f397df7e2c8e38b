-- Is anything missing? Double-entry bookkeeping of every run.
-- Grain: one row per run and record type. Key: run_id, record_type.
-- Reader: the on-call engineer, and the alarm on late runs.
-- emitted = delivered + rejected + missing. A run is late when something is missing an hour after its last page.
with pages as (
  select run_id, _feed as feed, page, polled_at, emitted
  from heimdallr.poll_page
),
emitted_facts as (
  select
    pages.run_id, pages.feed, entry::varchar(64) as record_type,
    sum(amount::integer) as emitted, min(pages.polled_at) as first_seen, max(pages.polled_at) as last_seen
  from pages, unpivot pages.emitted as amount at entry
  group by pages.run_id, pages.feed, entry
),
emitted_pages as (
  select
    run_id, feed, 'poll_page' as record_type,
    max(page) as emitted, min(polled_at) as first_seen, max(polled_at) as last_seen
  from pages
  group by run_id, feed
),
delivered as (
  select
    run_id, feed, record_type,
    count(*) as delivered, min(observed_at) as first_seen, max(observed_at) as last_seen
  from heimdallr.receipt
  group by run_id, feed, record_type
),
rejected as (
  select
    run_id, _feed as feed, coalesce(rejected_type, 'unknown') as record_type,
    count(distinct seq) as rejected, min(rejected_at) as first_seen, max(rejected_at) as last_seen
  from heimdallr.rejected_record
  group by run_id, _feed, coalesce(rejected_type, 'unknown')
),
entries as (
  select run_id, feed, record_type, emitted, 0 as delivered, 0 as rejected, first_seen, last_seen from emitted_facts
  union all
  select run_id, feed, record_type, emitted, 0 as delivered, 0 as rejected, first_seen, last_seen from emitted_pages
  union all
  select run_id, feed, record_type, 0 as emitted, delivered, 0 as rejected, first_seen, last_seen from delivered
  union all
  select run_id, feed, record_type, 0 as emitted, 0 as delivered, rejected, first_seen, last_seen from rejected
),
books as (
  select
    run_id, feed, record_type,
    sum(emitted) as emitted, sum(delivered) as delivered, sum(rejected) as rejected,
    min(first_seen) as first_seen, max(last_seen) as last_seen
  from entries
  group by run_id, feed, record_type
),
final as (
  select
    run_id, feed, record_type, emitted, delivered, rejected,
    emitted - delivered - rejected as missing,
    first_seen, last_seen,
    case
      when emitted = delivered + rejected then 'complete'
      when last_seen < getdate() - interval '1 hour' then 'late'
      else 'in_flight'
    end as status
  from books
)
select * from final
