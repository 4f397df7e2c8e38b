-- How often was an item met in the window, by whom, and can that be measured?
-- Grain: one row per item. Key: project_id, item_id.
-- Reader: the result.
with met as (
  select
    met.project_id, met.item_id, met.user_id, met.occurrences,
    case when met.received_day > met.day then met.occurrences else 0 end as late
  from heimdallr_work.met as met
  cross join heimdallr_work.bounds as bounds
  where met.day >= bounds.window_from and met.day <= bounds.through_day
),

final as (
  select
    project_id, item_id, sum(occurrences) as occurrences, count(distinct user_id) as users,
    sum(case when user_id is null then 0 else occurrences end) as known,
    cast(sum(late) as float8) / sum(occurrences) as late_share
  from met
  group by project_id, item_id
)

select * from final
