-- Is anything missing? The books of the last seven days: what a run put on the stream must have reached a final
-- table or have been rejected. What is missing an hour after the last page of the run is late.
-- Grain: one row per run and record type. Key: run_id, record_type.
-- Reader: the loader, which counts late runs for the alarm, and whoever looks which run it was.
-- A page whose own poll_page got lost is missing among the poll_pages: the pages of a run are numbered.
-- A put that broke off leaves records behind the last page that was booked; they are no part of the books, or they
-- would make up for records that are missing.
-- A record that was rejected, then sent again and delivered, counts as delivered.
with pages as (
  select run_id, _feed as feed, page, polled_at, emitted
  from heimdallr.poll_page
  where polled_at > getdate() - interval '7 days'
),

runs as (
  select run_id, feed, max(page) as pages, min(polled_at) as first_seen_at, max(polled_at) as last_seen_at
  from pages
  group by run_id, feed
),

page_entries as (
  select booked.run_id, record_type::varchar(64) as record_type, records::integer as records
  from pages as booked, unpivot booked.emitted as records at record_type
),

emitted as (
  select run_id, record_type, sum(records) as records
  from page_entries
  group by run_id, record_type
),

booked as (
  select arrived.run_id, max(arrived.seq) as last_seq
  from heimdallr.receipt as arrived
  join runs on runs.run_id = arrived.run_id
  where arrived.record_type = 'poll_page'
  group by arrived.run_id
),

delivered as (
  select arrived.run_id, arrived.record_type, count(distinct arrived.seq) as records
  from heimdallr.receipt as arrived
  join booked on booked.run_id = arrived.run_id and arrived.seq <= booked.last_seq
  where arrived.observed_at > getdate() - interval '8 days'
  group by arrived.run_id, arrived.record_type
),

rejected as (
  select refused.run_id, coalesce(refused.rejected_type, 'unknown') as record_type, count(*) as records
  from heimdallr.rejected_record as refused
  join booked on booked.run_id = refused.run_id and refused.seq <= booked.last_seq
  left join heimdallr.receipt as arrived on arrived.run_id = refused.run_id and arrived.seq = refused.seq
  where arrived.run_id is null
  group by refused.run_id, coalesce(refused.rejected_type, 'unknown')
),

entries as (
  select run_id, record_type, records as emitted, 0 as delivered, 0 as rejected from emitted
  union all
  select run_id, 'poll_page' as record_type, pages as emitted, 0 as delivered, 0 as rejected from runs
  union all
  select run_id, record_type, 0 as emitted, records as delivered, 0 as rejected from delivered
  union all
  select run_id, record_type, 0 as emitted, 0 as delivered, records as rejected from rejected
),

balances as (
  select
    run_id,
    record_type,
    sum(emitted)::bigint as emitted,
    sum(delivered)::bigint as delivered,
    sum(rejected)::bigint as rejected
  from entries
  group by run_id, record_type
),

final as (
  select
    balances.run_id,
    runs.feed,
    balances.record_type,
    balances.emitted,
    balances.delivered,
    balances.rejected,
    balances.emitted - balances.delivered - balances.rejected as missing,
    runs.first_seen_at,
    runs.last_seen_at,
    case
      when balances.emitted <= balances.delivered + balances.rejected then 'complete'
      when runs.last_seen_at > getdate() - interval '1 hour' then 'in_flight'
      else 'late'
    end as status
  from balances
  join runs on runs.run_id = balances.run_id
)

select * from final
