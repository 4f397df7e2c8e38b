-- Which days can be judged?
-- Grain: one row; none while one of the two sources is empty. Key: none.
-- Reader: the other models. A day is complete when it is over, the activity table has rows of it or of a later day, and
-- Rollbar was polled on a later day or has occurrences of it.
with active as (
  select min(day) as first_day, max(day) as last_day
  from heimdallr_work.activity_day
),

met as (
  select min(received_day) as first_day, max(received_day) as last_day
  from heimdallr_work.met_day
),

polled as (
  select max(cast(convert_timezone('UTC', {{timeZone}}, polled_at) as date) - date '2000-01-01') - 1 as last_day
  from heimdallr.poll_page
  where producer = 'rollbar' and walk is null
),

through as (
  select
    least(active.last_day, greatest(met.last_day, coalesce(polled.last_day, met.last_day)), {{today}} - 1) as through_day,
    active.first_day as history_from, met.first_day as met_from,
    active.last_day as active_to, greatest(met.last_day, coalesce(polled.last_day, met.last_day)) as met_to
  from active cross join met cross join polled
  where active.last_day is not null and met.last_day is not null
),

final as (
  select through_day, through_day - {{windowDays}} + 1 as window_from, history_from, met_from, active_to, met_to
  from through
)

select * from final
