-- On which days is the activity table incomplete? Fewer than half of the usual users of the same weekday, and by more
-- than chance: a small team's quiet day is no gap.
-- Grain: one row per day that is a gap. Key: day.
-- Reader: the other models, and the warnings of the refresh.
with digits as (
  select 0 as n union all select 1 union all select 2 union all select 3 union all select 4
  union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
),

calendar as (
  select bounds.through_day - (tens.n * 10 + ones.n + hundreds.n * 100) as day
  from digits as ones cross join digits as tens cross join digits as hundreds
  cross join heimdallr_work.bounds as bounds
  where
    bounds.through_day - (tens.n * 10 + ones.n + hundreds.n * 100) >= bounds.window_from
    and bounds.through_day - (tens.n * 10 + ones.n + hundreds.n * 100) >= bounds.history_from
),

users as (
  select day, count(distinct user_key) as users
  from heimdallr_work.activity_day
  group by day
),

counted as (
  select calendar.day, mod(calendar.day, 7) as weekday, coalesce(users.users, 0) as users
  from calendar
  left join users on users.day = calendar.day
),

usual as (
  select weekday, percentile_cont(0.5) within group (order by users) as users
  from counted
  group by weekday
),

final as (
  select counted.day, counted.users, usual.users as usual_users
  from counted
  join usual on usual.weekday = counted.weekday
  where counted.users < 0.5 * usual.users and usual.users - counted.users > 3 * sqrt(usual.users)
)

select * from final
