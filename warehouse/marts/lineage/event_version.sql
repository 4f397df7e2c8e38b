-- Which versions of the app did an item show in the first 24 hours after it appeared?
-- Grain: one row per event and version; for a resolve, the version in which it was resolved. Key: project_id, item_id, event, event_at, code_version.
-- Reader: bug_release.
with occurred as (
  select
    occurrence.project_id, coalesce(item.group_item_id, occurrence.item_id) as item_id, occurrence.occurred_at,
    lower(trim(coalesce(occurrence.code_version, occurrence.server_code_version, occurrence.client_code_version))) as code_version,
    case
      when occurrence.environment is null then null
      when {{isRehearsal occurrence.environment}} then 0
      else 1
    end as is_production
  from heimdallr.rollbar_occurrence as occurrence
  left join heimdallr.rollbar_item as item on item.project_id = occurrence.project_id and item.id = occurrence.item_id
),

final as (
  select
    event.project_id, event.item_id, event.event, event.event_at, occurred.code_version, max(occurred.is_production) as is_production
  from heimdallr_work.bug_event as event
  join occurred
    on occurred.project_id = event.project_id and occurred.item_id = event.item_id
    and occurred.occurred_at >= event.event_at and occurred.occurred_at < event.event_at + interval '24 hours'
  where event.event <> 'resolved'
  group by event.project_id, event.item_id, event.event, event.event_at, occurred.code_version
  union all
  select
    event.project_id, event.item_id, event.event, event.event_at, lower(trim(event.code_version)) as code_version,
    case
      when item.environment is null then null
      when {{isRehearsal item.environment}} then 0
      else 1
    end as is_production
  from heimdallr_work.bug_event as event
  left join heimdallr.rollbar_item as item on item.project_id = event.project_id and item.id = event.item_id
  where event.event = 'resolved'
)

select * from final
