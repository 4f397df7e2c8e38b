-- Which run of CI built a commit first, and when did it begin?
-- Grain: one row per commit. Key: commit_sha.
-- Reader: lineage, delivery.
with runs as (
  select
    lower(cast(git_sha as varchar(64))) as commit_sha, cast(id as varchar(64)) as pipeline_id,
    cast('circleci_pipeline' as varchar(32)) as pipeline_source, created_at
  from heimdallr.circleci_pipeline
  where git_sha is not null
  union all
  select
    lower(cast(git_sha as varchar(64))) as commit_sha, cast(id as varchar(64)) as pipeline_id,
    cast('github_workflow_run' as varchar(32)) as pipeline_source, created_at
  from heimdallr.github_workflow_run
  where git_sha is not null
),

placed as (
  select
    commit_sha, pipeline_id, pipeline_source, created_at,
    row_number() over (partition by commit_sha order by created_at, pipeline_source, pipeline_id) as place
  from runs
),

final as (
  select commit_sha, pipeline_id, pipeline_source, created_at
  from placed
  where place = 1
)

select * from final
