-- What happened to an item: introduced, reappeared, resolved?
-- Grain: one row per item and event. Key: project_id, item_id, event, event_at.
-- Reader: bug_release. Rollbar keeps only the newest resolve and activation of an item: what was seen before is kept
-- from the lineage that is there. What Rollbar tells within 15 minutes of what the occurrences show is the same event.
with items as (
  select project_id, id as item_id, first_occurrence_id, first_occurrence_at, activating_occurrence_id, last_activated_at, last_resolved_at, resolved_in_version
  from heimdallr.rollbar_item
  where coalesce(group_item_id, id) = id
),

seen as (
  select
    activation.project_id, activation.item_id, activation.event,
    case
      when activation.event = 'introduced' and items.first_occurrence_at < activation.event_at then items.first_occurrence_at
      else activation.event_at
    end as event_at,
    case
      when activation.event = 'introduced' and items.first_occurrence_at < activation.event_at then items.first_occurrence_id
      else activation.occurrence_id
    end as occurrence_id,
    cast(null as varchar(256)) as code_version
  from heimdallr_work.activation as activation
  left join items on items.project_id = activation.project_id and items.item_id = activation.item_id
),

told as (
  select
    items.project_id, items.item_id, cast('introduced' as varchar(16)) as event, items.first_occurrence_at as event_at,
    items.first_occurrence_id as occurrence_id, cast(null as varchar(256)) as code_version
  from items
  left join heimdallr_work.activation as activation
    on activation.project_id = items.project_id and activation.item_id = items.item_id
  where items.first_occurrence_at is not null and activation.item_id is null
  union all
  select
    items.project_id, items.item_id, cast('reappeared' as varchar(16)) as event, items.last_activated_at as event_at,
    items.activating_occurrence_id as occurrence_id, cast(null as varchar(256)) as code_version
  from items
  where
    items.last_activated_at > items.last_resolved_at
    and (items.first_occurrence_at is null or items.last_activated_at > items.first_occurrence_at)
  union all
  select
    items.project_id, items.item_id, cast('resolved' as varchar(16)) as event, items.last_resolved_at as event_at,
    cast(null as bigint) as occurrence_id, cast(items.resolved_in_version as varchar(256)) as code_version
  from items
  where items.last_resolved_at is not null
),

kept as (
  select
    lineage.project_id, lineage.item_id, lineage.event, lineage.event_at, lineage.occurrence_id,
    case when lineage.event = 'resolved' then lineage.code_version end as code_version
  from heimdallr.bug_lineage as lineage
  join items on items.project_id = lineage.project_id and items.item_id = lineage.item_id
  where
    (lineage.event = 'resolved' and lineage.event_at < items.last_resolved_at)
    or (lineage.event = 'reappeared' and lineage.event_at < items.last_activated_at)
),

together as (
  select project_id, item_id, event, event_at, occurrence_id, code_version, 1 as place from seen
  union all
  select project_id, item_id, event, event_at, occurrence_id, code_version, 2 as place from told
  union all
  select project_id, item_id, event, event_at, occurrence_id, code_version, 3 as place from kept
),

placed as (
  select
    together.project_id, together.item_id, together.event, together.event_at, together.occurrence_id, together.code_version,
    row_number() over (
      partition by together.project_id, together.item_id, together.event, together.event_at
      order by together.place, together.occurrence_id
    ) as nth
  from together
  left join seen
    on together.place > 1 and seen.project_id = together.project_id and seen.item_id = together.item_id
    and seen.event = together.event and seen.event_at >= together.event_at - interval '15 minutes'
    and seen.event_at <= together.event_at + interval '15 minutes'
  where seen.item_id is null
),

final as (
  select project_id, item_id, event, event_at, occurrence_id, code_version
  from placed
  where nth = 1
)

select * from final
