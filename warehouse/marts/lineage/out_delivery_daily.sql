-- How does the team deliver? The rows of heimdallr.delivery_daily; docs/delivery.md says where the definitions come from.
-- Grain: one row per day on which something was released, or restored. Key: day.
-- Reader: the report, analysts. Counted are releases of code that serve users: no rehearsals, no changes of settings, no
-- rollbacks, and one release that two vendors tell of once.
with counted as (
  select
    release.release_id, release.released_at, release.commit_sha,
    cast(convert_timezone('UTC', {{timeZone}}, release.released_at) as date) as day,
    datediff(second, build.created_at, release.released_at) as lead_time_seconds
  from heimdallr_work.release_seen as release
  left join heimdallr_work.build_seen as build on build.commit_sha = release.commit_sha and build.created_at < release.released_at
  where
    release.status = 'succeeded' and release.is_production = 1 and release.same_as is null
    and release.is_rollback = 0 and release.is_config_only = 0
),

costly as (
  select lineage.project_id, lineage.item_id, lineage.event_at, lineage.release_id, release.released_at
  from heimdallr.bug_lineage as lineage
  join heimdallr_work.release_seen as release on release.release_id = lineage.release_id
  join heimdallr.impact_item as impact
    on impact.project_id = lineage.project_id and impact.item_id = lineage.item_id and impact.horizon = 7
  where
    lineage.event in ('introduced', 'reappeared') and impact.tier in ('confirmed', 'likely') and impact.symptom_of is null
),

failed as (
  select distinct release_id from costly
),

ended as (
  select
    costly.project_id, costly.item_id, costly.event_at,
    min(costly.released_at) as released_at, min(ended.event_at) as resolved_at
  from costly
  join heimdallr.bug_lineage as ended
    on ended.project_id = costly.project_id and ended.item_id = costly.item_id and ended.event = 'resolved'
    and ended.event_at > costly.event_at
  group by costly.project_id, costly.item_id, costly.event_at
),

restored as (
  select
    cast(convert_timezone('UTC', {{timeZone}}, resolved_at) as date) as day,
    datediff(second, released_at, resolved_at) as restore_seconds
  from ended
),

released_by_day as (
  select
    counted.day, count(*) as deployments,
    percentile_cont(0.5) within group (order by counted.lead_time_seconds) as lead_time_p50_seconds,
    percentile_cont(0.9) within group (order by counted.lead_time_seconds) as lead_time_p90_seconds,
    sum(case when failed.release_id is null then 0 else 1 end) as change_failures
  from counted
  left join failed on failed.release_id = counted.release_id
  group by counted.day
),

restored_by_day as (
  select day, percentile_cont(0.5) within group (order by restore_seconds) as restore_p50_seconds
  from restored
  group by day
),

days as (
  select day from released_by_day
  union
  select day from restored_by_day
),

final as (
  select
    days.day, coalesce(released_by_day.deployments, 0) as deployments,
    released_by_day.lead_time_p50_seconds, released_by_day.lead_time_p90_seconds,
    coalesce(released_by_day.change_failures, 0) as change_failures,
    cast(released_by_day.change_failures as float8) / nullif(released_by_day.deployments, 0) as change_failure_rate,
    restored_by_day.restore_p50_seconds
  from days
  left join released_by_day on released_by_day.day = days.day
  left join restored_by_day on restored_by_day.day = days.day
)

select * from final
