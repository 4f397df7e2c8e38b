-- How many people met a subject anew, and how many of them were active then?
-- Grain: one row per subject. Key: subject_id.
-- Reader: the result.
with final as (
  select
    episode.subject_id,
    count(*) as candidates,
    count(active.user_id) as episodes,
    sum(case when active.user_id is not null and episode.first_day > bounds.through_day - 28 then 1 else 0 end) as episodes_4w
  from heimdallr_work.episode as episode
  cross join heimdallr_work.bounds as bounds
  left join heimdallr_work.user_day as active on active.user_id = episode.user_id and active.day = episode.first_day
  where episode.first_day >= bounds.window_from and episode.first_day <= bounds.through_day
  group by episode.subject_id
)

select * from final
