-- What did those who met a subject bring in the 28 days before?
-- Grain: one row per subject with index days; none without a revenue in the settings. Key: subject_id.
-- Reader: the result.
with per_person as (
  select episode.subject_id, episode.user_id, episode.first_day, sum(coalesce(paid.revenue, 0)) as revenue
  from heimdallr_work.episode as episode
  cross join heimdallr_work.bounds as bounds
  join heimdallr_work.user_day as active on active.user_id = episode.user_id and active.day = episode.first_day
  left join heimdallr_work.user_day as paid
    on paid.user_id = episode.user_id and paid.day >= episode.first_day - 28 and paid.day < episode.first_day
  where {{hasRevenue}} and episode.first_day >= bounds.window_from and episode.first_day <= bounds.through_day
  group by episode.subject_id, episode.user_id, episode.first_day
),

final as (
  select subject_id, cast(sum(cast(revenue as decimal(30, 6))) as float8) / count(*) as revenue
  from per_person
  group by subject_id
)

select * from final
