-- Which user is a person of Rollbar?
-- Grain: one row per person that finds a user. Key: person_key.
-- Reader: met, and the findings of the refresh. A user that is left out (staff, bots, tests) is found and has no user_id.
with people as (
  {{people}}
),

paired as (
  select person_key, min(user_key) as user_key
  from people
  group by person_key
),

users as (
  select distinct user_key from heimdallr_work.activity_day
),

final as (
  select paired.person_key, paired.user_key, app_user.user_id
  from paired
  join users on users.user_key = paired.user_key
  left join heimdallr_work.app_user as app_user on app_user.user_key = paired.user_key
)

select * from final
