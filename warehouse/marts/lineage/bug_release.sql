-- Which release goes with an event?
-- Grain: one row per event. Key: project_id, item_id, event, event_at.
-- Reader: out_bug_lineage.
-- By commit, where a version names one in full or by seven characters or more: the oldest release of it, made no later
-- than 15 minutes after the event, because the hooks that tell of a release lag behind the code. Else by time: the newest
-- release of the 72 hours before; it is the less sure the more there were. The figures of confidence are a convention.
with begun as (
  select project_id, min(occurred_at) as occurred_at
  from heimdallr.rollbar_occurrence
  group by project_id
),

candidates as (
  select
    release_id, version, commit_sha, created_at, released_at, is_production,
    length(commit_sha) >= 7 and commit_sha ~ '^[0-9a-f]+$' as is_commit
  from heimdallr_work.release_seen
  where status = 'succeeded' and same_as is null
),

by_version as (
  select
    version.project_id, version.item_id, version.event, version.event_at, version.code_version, candidates.release_id,
    case
      when candidates.version = version.code_version then 0.95
      when length(version.code_version) = 40 and candidates.commit_sha = version.code_version then 0.95
      else 0.9
    end as confidence,
    row_number() over (
      partition by version.project_id, version.item_id, version.event, version.event_at
      order by candidates.created_at, candidates.release_id, version.code_version
    ) as place
  from heimdallr_work.event_version as version
  join candidates
    on (
      (
        version.code_version ~ '^[0-9a-f]+$' and length(version.code_version) >= 7 and length(version.code_version) <= 40
        and candidates.is_commit
        and (
          left(candidates.commit_sha, length(version.code_version)) = version.code_version
          or left(version.code_version, length(candidates.commit_sha)) = candidates.commit_sha
        )
      )
      or (version.event = 'resolved' and candidates.version = version.code_version)
    )
    and candidates.created_at <= version.event_at + interval '15 minutes'
    and (version.is_production is null or candidates.is_production = version.is_production)
),

placed as (
  select
    version.project_id, version.item_id, version.event, version.event_at,
    max(version.is_production) as is_production
  from heimdallr_work.event_version as version
  group by version.project_id, version.item_id, version.event, version.event_at
),

by_time as (
  select
    event.project_id, event.item_id, event.event, event.event_at, candidates.release_id,
    count(*) over (partition by event.project_id, event.item_id, event.event, event.event_at) as releases,
    row_number() over (
      partition by event.project_id, event.item_id, event.event, event.event_at
      order by candidates.released_at desc, candidates.release_id
    ) as place
  from heimdallr_work.bug_event as event
  left join placed
    on placed.project_id = event.project_id and placed.item_id = event.item_id and placed.event = event.event and placed.event_at = event.event_at
  left join heimdallr.rollbar_item as item on item.project_id = event.project_id and item.id = event.item_id
  join candidates
    on candidates.released_at <= event.event_at and candidates.released_at > event.event_at - interval '72 hours'
    and candidates.is_production
      = coalesce(placed.is_production, case when {{isRehearsal item.environment}} then 0 else 1 end)
),

dated as (
  select
    event.project_id, event.item_id, event.event, event.event_at, event.occurrence_id,
    coalesce(
      event.code_version,
      lower(trim(coalesce(occurrence.code_version, occurrence.server_code_version, occurrence.client_code_version)))
    ) as code_version,
    event.event = 'introduced'
    and (begun.occurred_at is null or event.event_at < begun.occurred_at + interval '7 days') as is_before_data
  from heimdallr_work.bug_event as event
  left join begun on begun.project_id = event.project_id
  left join heimdallr.rollbar_occurrence as occurrence
    on occurrence.project_id = event.project_id and occurrence.id = event.occurrence_id
),

final as (
  select
    event.project_id, event.item_id, event.event, event.event_at, event.occurrence_id,
    coalesce(by_version.code_version, event.code_version) as code_version,
    case
      when event.is_before_data then null
      else coalesce(by_version.release_id, by_time.release_id)
    end as release_id,
    cast(
      case
        when event.is_before_data then 'before_data'
        when by_version.release_id is not null then 'code_version'
        when by_time.release_id is not null then 'time'
        else 'none'
      end as varchar(16)
    ) as how,
    case
      when event.is_before_data then null
      when by_version.release_id is not null then by_version.confidence
      when by_time.release_id is not null then cast(0.5 as float8) / by_time.releases
    end as confidence,
    by_time.releases
  from dated as event
  left join by_version
    on by_version.project_id = event.project_id and by_version.item_id = event.item_id and by_version.event = event.event
    and by_version.event_at = event.event_at and by_version.place = 1
  left join by_time
    on by_time.project_id = event.project_id and by_time.item_id = event.item_id and by_time.event = event.event
    and by_time.event_at = event.event_at and by_time.place = 1
)

select * from final
