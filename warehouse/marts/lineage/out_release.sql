-- What was released? The rows of heimdallr.release.
-- Grain: one row per release of a vendor. Key: release_id.
-- Reader: the report, analysts.
with final as (
  select
    release_id, release_source, app, environment, version, commit_sha, created_at, released_at, status,
    is_production = 1 as is_production, is_rollback = 1 as is_rollback, is_config_only = 1 as is_config_only, same_as
  from heimdallr_work.release_seen
)

select * from final
