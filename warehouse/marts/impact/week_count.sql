-- How many people met an item anew in each ISO week?
-- Grain: one row per subject and week with any. Key: subject_id, week_day (its Monday).
-- Reader: trend, impact_week.
with final as (
  select
    episode.subject_id,
    episode.first_day - mod(episode.first_day + 5, 7) as week_day,
    count(*) as episodes
  from heimdallr_work.episode as episode
  cross join heimdallr_work.bounds as bounds
  join heimdallr_work.user_day as active on active.user_id = episode.user_id and active.day = episode.first_day
  where episode.first_day >= bounds.window_from and episode.first_day <= bounds.through_day
  group by episode.subject_id, episode.first_day - mod(episode.first_day + 5, 7)
)

select * from final
