-- How active was a user before a day, and did they come back after it?
-- Grain: one row per user and active day of the window. Key: user_id, day.
-- Reader: scored. The counts are of the days before: active28 of the 28 last ones, active90 of the 90 last ones. Each
-- active day adds one and takes it away again when it is over the horizon; on one day what leaves goes first.
with steps as (
  select user_id, day as at_day, 1 as is_active, 1 as in28, 1 as in90 from heimdallr_work.user_day
  union all
  select user_id, day + 29 as at_day, 0 as is_active, -1 as in28, 0 as in90 from heimdallr_work.user_day
  union all
  select user_id, day + 91 as at_day, 0 as is_active, 0 as in28, -1 as in90 from heimdallr_work.user_day
),

running as (
  select
    user_id, at_day, is_active,
    sum(in28) over (partition by user_id order by at_day, is_active rows unbounded preceding) - 1 as active28,
    sum(in90) over (partition by user_id order by at_day, is_active rows unbounded preceding) - 1 as active90
  from steps
),

ahead as (
  select user_id, day, events, lead(day) over (partition by user_id order by day) as next_day
  from heimdallr_work.user_day
),

final as (
  select
    ahead.user_id, ahead.day, ahead.events, ahead.next_day,
    cast(running.active28 as integer) as active28, cast(running.active90 as integer) as active90
  from ahead
  join running on running.user_id = ahead.user_id and running.at_day = ahead.day and running.is_active = 1
  cross join heimdallr_work.bounds as bounds
  where ahead.day >= bounds.window_from and ahead.day <= bounds.through_day
)

select * from final
