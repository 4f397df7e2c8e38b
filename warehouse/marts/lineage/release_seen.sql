-- What was released, when, and from which commit? One meaning for all vendors.
-- Grain: one row per release of a vendor. Key: release_id.
-- Reader: the other models of lineage and delivery.
-- A release serves users unless its app or environment is named like a rehearsal; what GitHub says of it goes before.
-- Two vendors that tell of one release (the same commit, or its beginning, within an hour) are one: the row of the one
-- that runs it counts, the other says which it repeats. A release changes no code when it runs what the newest succeeded
-- one before it ran: after a release that failed, the next one with the same slug does change it.
-- Text of any length is cut at 64 characters, which are at most 256 bytes.
with heroku as (
  select
    cast('heroku:' || app_id || ':' || cast(version as varchar(16)) as varchar(128)) as release_id,
    cast('heroku_release' as varchar(32)) as release_source, 1 as place,
    cast(app_name as varchar(256)) as app, cast(app_name as varchar(256)) as environment,
    cast('v' || cast(version as varchar(16)) as varchar(64)) as version,
    cast(left(lower(git_sha), 64) as varchar(256)) as commit_sha,
    created_at,
    case when has_release_phase then coalesce(updated_at, created_at) else created_at end as released_at,
    cast(status as varchar(64)) as status,
    case when description like 'Rollback%' then 1 else 0 end as is_rollback,
    app_id, cast(version as integer) as number, coalesce(slug_id, oci_image_id) as artifact
  from heimdallr.heroku_release
),

heroku_ordered as (
  select
    release_id, release_source, place, app, environment, version, commit_sha, created_at, released_at, status, is_rollback,
    app_id, number, artifact,
    max(case when status = 'succeeded' then number end) over (
      partition by app_id order by number rows between unbounded preceding and 1 preceding
    ) as number_before
  from heroku
),

heroku_placed as (
  select
    mine.release_id, mine.release_source, mine.place, mine.app, mine.environment, mine.version, mine.commit_sha,
    mine.created_at, mine.released_at, mine.status, mine.is_rollback,
    case when mine.artifact is null or mine.artifact = served.artifact then 1 else 0 end as is_config_only,
    cast(null as integer) as said_production
  from heroku_ordered as mine
  left join heroku as served on served.app_id = mine.app_id and served.number = mine.number_before
),

github as (
  select
    cast('github:' || cast(id as varchar(20)) as varchar(128)) as release_id,
    cast('github_deployment' as varchar(32)) as release_source, 2 as place,
    cast(null as varchar(256)) as app, cast(left(environment, 64) as varchar(256)) as environment,
    cast(id as varchar(64)) as version,
    cast(left(lower(git_sha), 64) as varchar(256)) as commit_sha,
    created_at, coalesce(ended_at, created_at) as released_at,
    cast(case when state in ('success', 'inactive') then 'succeeded' else coalesce(state, 'pending') end as varchar(64)) as status,
    0 as is_rollback, 0 as is_config_only,
    case when is_production then 1 when is_transient then 0 end as said_production
  from heimdallr.github_deployment
),

reported as (
  select
    cast('rollbar:' || cast(project_id as varchar(20)) || ':' || cast(id as varchar(20)) as varchar(128)) as release_id,
    cast('rollbar_deploy' as varchar(32)) as release_source, 3 as place,
    cast(null as varchar(256)) as app, cast(left(environment, 64) as varchar(256)) as environment,
    cast(id as varchar(64)) as version,
    cast(left(lower(trim(revision)), 64) as varchar(256)) as commit_sha,
    started_at as created_at, coalesce(finished_at, started_at) as released_at,
    cast(coalesce(status, 'started') as varchar(64)) as status,
    0 as is_rollback, 0 as is_config_only, cast(null as integer) as said_production
  from heimdallr.rollbar_deploy
),

together as (
  select release_id, release_source, place, app, environment, version, commit_sha, created_at, released_at, status, is_rollback, is_config_only, said_production
  from heroku_placed
  union all
  select release_id, release_source, place, app, environment, version, commit_sha, created_at, released_at, status, is_rollback, is_config_only, said_production
  from github
  union all
  select release_id, release_source, place, app, environment, version, commit_sha, created_at, released_at, status, is_rollback, is_config_only, said_production
  from reported
  where created_at is not null
),

classed as (
  select
    release_id, release_source, place, app, environment, version, commit_sha, created_at, released_at, status, is_rollback, is_config_only,
    coalesce(said_production, case when {{isRehearsal environment}} then 0 else 1 end) as is_production,
    length(commit_sha) >= 7 and commit_sha ~ '^[0-9a-f]+$' as is_commit
  from together
),

pairs as (
  select
    mine.release_id, other.release_id as same_as,
    row_number() over (partition by mine.release_id order by other.place, other.created_at, other.release_id) as nth
  from classed as mine
  join classed as other
    on (
      other.commit_sha = mine.commit_sha
      or (
        mine.is_commit and other.is_commit
        and (
          left(other.commit_sha, length(mine.commit_sha)) = mine.commit_sha
          or left(mine.commit_sha, length(other.commit_sha)) = other.commit_sha
        )
      )
    )
    and other.is_production = mine.is_production and other.place < mine.place
    and other.status = 'succeeded'
    and other.released_at >= mine.released_at - interval '1 hour' and other.released_at <= mine.released_at + interval '1 hour'
),

final as (
  select
    classed.release_id, classed.release_source, classed.app, classed.environment, classed.version, classed.commit_sha,
    classed.created_at, classed.released_at, classed.status, classed.is_production, classed.is_rollback,
    classed.is_config_only, pairs.same_as
  from classed
  left join pairs on pairs.release_id = classed.release_id and pairs.nth = 1
)

select * from final
