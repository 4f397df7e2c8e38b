-- How active was a user before a day, and did they come back after it?
-- Grain: one row per user and active day of the window. Key: user_id, day.
-- Reader: classed. The counts are of the days before: active28 of the 28 last ones, active90 of the 90 last ones. Each
-- active day adds one and takes it away again when it is over the horizon; on one day what leaves goes first.
-- The pool is that of the newest day, up to this one, whose platform is known; before any, that of the first.
with ahead as (
  select
    user_id, day, events,
    lead(day) over (partition by user_id order by day) as next_day,
    max(case when label is not null then cast(100000 + day as varchar(8)) || label end)
      over (partition by user_id order by day rows unbounded preceding) as newest
  from heimdallr_work.user_day
),

steps as (
  select user_id, day as at_day, 1 as is_active, 1 as in28, 1 as in90, events, next_day, newest from ahead
  union all
  select
    user_id, day + 29 as at_day, 0 as is_active, -1 as in28, 0 as in90,
    0 as events, cast(null as integer) as next_day, cast(null as varchar(140)) as newest
  from ahead
  union all
  select
    user_id, day + 91 as at_day, 0 as is_active, 0 as in28, -1 as in90,
    0 as events, cast(null as integer) as next_day, cast(null as varchar(140)) as newest
  from ahead
),

running as (
  select
    steps.user_id, steps.at_day, steps.is_active, steps.events, steps.next_day, steps.newest,
    sum(steps.in28)
      over (partition by steps.user_id order by steps.at_day, steps.is_active rows unbounded preceding) - 1 as active28,
    sum(steps.in90)
      over (partition by steps.user_id order by steps.at_day, steps.is_active rows unbounded preceding) - 1 as active90
  from steps
  cross join heimdallr_work.bounds as bounds
  where steps.at_day <= bounds.through_day
),

final as (
  select
    running.user_id, running.at_day as day, running.events, running.next_day, pool.pool,
    cast(running.active28 as integer) as active28, cast(running.active90 as integer) as active90
  from running
  cross join heimdallr_work.bounds as bounds
  join heimdallr_work.app_user as app_user on app_user.user_id = running.user_id
  join heimdallr_work.pool as pool on pool.label = coalesce(substring(running.newest, 7, 130), app_user.first_label)
  where running.is_active = 1 and running.at_day >= bounds.window_from
)

select * from final
