-- When did an item appear, and when again after at least 14 silent days?
-- Grain: one row per item and activation that the occurrences show. Key: project_id, item_id, event_at.
-- Reader: bug_event. Members of a merged group count for the group.
with occurred as (
  select
    occurrence.project_id, coalesce(item.group_item_id, occurrence.item_id) as item_id, occurrence.id,
    occurrence.occurred_at, cast(occurrence.occurred_at as date) - date '2000-01-01' as day
  from heimdallr.rollbar_occurrence as occurrence
  left join heimdallr.rollbar_item as item on item.project_id = occurrence.project_id and item.id = occurrence.item_id
  where occurrence.item_id is not null
),

days as (
  select project_id, item_id, day, min(occurred_at) as first_at
  from occurred
  group by project_id, item_id, day
),

spaced as (
  select
    project_id, item_id, day, first_at,
    lag(day) over (partition by project_id, item_id order by day) as day_before
  from days
),

started as (
  select
    project_id, item_id, first_at,
    cast(case when day_before is null then 'introduced' else 'reappeared' end as varchar(16)) as event
  from spaced
  where day_before is null or day - day_before > 14
),

final as (
  select started.project_id, started.item_id, started.event, started.first_at as event_at, min(occurred.id) as occurrence_id
  from started
  join occurred
    on occurred.project_id = started.project_id and occurred.item_id = started.item_id and occurred.occurred_at = started.first_at
  group by started.project_id, started.item_id, started.event, started.first_at
)

select * from final
