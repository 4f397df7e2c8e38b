-- Which users are there?
-- Grain: one row per user of the activity table who is not left out. Key: user_id, a number that is good for this refresh
-- only.
-- Reader: the other models. first_label is the platform, and the segment where the settings name one, of the first day.
with days as (
  select
    user_key, signup_day, platform || '/' || segment as label,
    row_number() over (partition by user_key order by day) as place
  from heimdallr_work.activity_day
  where user_key <> '' and user_key not in ({{excludedUsers}})
),

users as (
  select
    user_key, min(signup_day) as signup_day, max(case when place = 1 then label end) as first_label
  from days
  group by user_key
),

final as (
  select row_number() over (order by user_key) as user_id, user_key, signup_day, first_label
  from users
)

select * from final
