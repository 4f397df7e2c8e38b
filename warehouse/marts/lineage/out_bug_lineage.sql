-- From which change came a bug, and which one ended it? The rows of heimdallr.bug_lineage.
-- Grain: one row per item and event. Key: project_id, item_id, event, event_at.
-- Reader: the ranking, the report, analysts.
with final as (
  select
    event.project_id, event.item_id, event.event, event.event_at, event.occurrence_id, event.code_version,
    event.release_id, release.release_source, release.version as release_version, release.released_at,
    case when octet_length(release.commit_sha) <= 64 then release.commit_sha end as commit_sha, build.pipeline_id, build.pipeline_source, event.how,
    event.confidence,
    cast(
      case event.how
        when 'code_version' then
          case when event.event = 'resolved' then 'it was resolved in ' else 'occurrences of its first day ran ' end
          || left(event.code_version, 12) || ', which ' || release.version || ' released '
          || cast(release.released_at as varchar(19))
        when 'time' then
          release.version || ' is the newest of ' || cast(event.releases as varchar(10)) || ' releases in the 72 hours before'
        when 'before_data' then 'it is as old as the data, or older'
        else 'no release is known of the 72 hours before'
      end as varchar(1024)
    ) as evidence
  from heimdallr_work.bug_release as event
  left join heimdallr_work.release_seen as release on release.release_id = event.release_id
  left join heimdallr_work.build_seen as build on build.commit_sha = release.commit_sha
)

select * from final
