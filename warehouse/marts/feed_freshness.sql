-- How fresh is each feed? When it was polled last, what the newest fact is, and how long a fact takes to its row.
-- Grain: one row per feed that was polled in the last seven days. Key: feed.
-- Reader: whoever asks whether the numbers are of today; the loader measures the age of the newest poll for the alarm.
-- The seconds are from the moment in which a fact happened to the one in which its row could be read, over what was
-- loaded in the last day. Facts that were seen more than an hour after they happened are left out: they were polled
-- from the past, or changed long after they began. Walks of the past count for neither.
with polls as (
  select _feed as feed, max(polled_at) as newest_poll_at, max(newest_fact_at) as newest_fact_at
  from heimdallr.poll_page
  where polled_at > getdate() - interval '7 days' and walk is null
  group by _feed
),

arrivals as (
  select feed, datediff(second, happened_at, loaded_at) as seconds
  from heimdallr.receipt
  where loaded_at > getdate() - interval '1 day'
    and record_type not in ('poll_page', 'source_count')
    and happened_at is not null
    and observed_at < happened_at + interval '1 hour'
),

timed as (
  select
    feed, count(*) as facts,
    percentile_cont(0.5) within group (order by seconds) as p50_seconds,
    percentile_cont(0.95) within group (order by seconds) as p95_seconds
  from arrivals
  group by feed
),

final as (
  select
    polls.feed,
    polls.newest_poll_at,
    polls.newest_fact_at,
    datediff(second, polls.newest_poll_at, getdate()) as seconds_since_poll,
    coalesce(timed.facts, 0) as facts_timed,
    timed.p50_seconds,
    timed.p95_seconds
  from polls
  left join timed on timed.feed = polls.feed
)

select * from final
