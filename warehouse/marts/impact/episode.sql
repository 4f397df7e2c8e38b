-- When did a user meet a subject anew? Days that are at most 28 days apart are one episode.
-- Grain: one row per subject, user and episode. Key: subject_id, user_id, first_day.
-- Reader: the passes. Its first day is the index day, if the user was active then.
with before as (
  select subject_id, user_id, day, lag(day) over (partition by subject_id, user_id order by day) as day_before
  from heimdallr_work.exposure
),

numbered as (
  select
    subject_id, user_id, day,
    sum(case when day_before is null or day - day_before > 28 then 1 else 0 end)
      over (partition by subject_id, user_id order by day rows unbounded preceding) as episode
  from before
),

final as (
  select subject_id, user_id, min(day) as first_day, max(day) as last_day
  from numbered
  group by subject_id, user_id, episode
)

select * from final
