-- On which days was a user active? What the activity table says, and days on which they met an error in the foreground:
-- an error that blocks the login hides its victims from the activity table.
-- Grain: one row per user and day. Key: user_id, day. label is null where the platform is not known of the day itself.
-- Reader: the other models.
with active as (
  select
    app_user.user_id, activity.day, activity.events, activity.revenue,
    activity.platform || '/' || activity.segment as label
  from heimdallr_work.activity_day as activity
  join heimdallr_work.app_user as app_user on app_user.user_key = activity.user_key
),

met as (
  select met.user_id, met.day, 0 as events, cast(null as float8) as revenue,
    cast(null as varchar(130)) as label
  from heimdallr_work.met as met
  where met.user_id is not null and met.is_foreground = 1 and met.day >= {{keptFrom}}
),

days as (
  select user_id, day, events, revenue, label from active
  union all
  select user_id, day, events, revenue, label from met
),

final as (
  select
    days.user_id, days.day, cast(sum(days.events) as integer) as events, sum(days.revenue) as revenue,
    max(days.label) as label
  from days
  cross join heimdallr_work.bounds as bounds
  where days.day <= bounds.through_day
  group by days.user_id, days.day
)

select * from final
