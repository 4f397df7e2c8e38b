-- Which users are there, and with whom is each compared?
-- Grain: one row per user of the activity table. Key: user_id, a number that is good for this refresh only.
-- Reader: the other models. A pool is a platform, and a segment where the settings name one; a user belongs to the one
-- with the most active days.
with days as (
  select user_key, platform, segment, count(*) as days
  from heimdallr_work.activity_day
  where user_key <> '' and user_key not in ({{excludedUsers}})
  group by user_key, platform, segment
),

placed as (
  select
    user_key, platform, segment,
    row_number() over (partition by user_key order by days desc, platform, segment) as place
  from days
),

since as (
  select user_key, min(signup_day) as signup_day
  from heimdallr_work.activity_day
  group by user_key
),

final as (
  select
    placed.user_key,
    row_number() over (order by placed.user_key) as user_id,
    dense_rank() over (order by placed.platform, placed.segment) as pool,
    placed.platform, placed.segment, since.signup_day
  from placed
  join since on since.user_key = placed.user_key
  where placed.place = 1
)

select * from final
