-- How often was an item met in the window, by whom, and can that be measured?
-- Grain: one row per item. Key: project_id, item_id.
-- Reader: the result.
with met as (
  select
    met.project_id, coalesce(item.group_item_id, met.item_id) as item_id, app_user.user_id, met.occurrences,
    case when met.received_day > met.day then met.occurrences else 0 end as late
  from heimdallr_work.met_day as met
  cross join heimdallr_work.bounds as bounds
  left join heimdallr_work.app_user as app_user on app_user.user_key = met.user_key
  left join heimdallr.rollbar_item as item on item.project_id = met.project_id and item.id = met.item_id
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
