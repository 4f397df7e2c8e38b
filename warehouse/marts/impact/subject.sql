-- Whose effect is estimated? Items, and releases as everything that they activated.
-- Grain: one row per subject. Key: subject_id, a number that is good for this refresh only.
-- Reader: the other models.
with items as (
  select distinct met.project_id, met.item_id
  from heimdallr_work.met as met
  cross join heimdallr_work.bounds as bounds
  where met.day >= bounds.window_from - 28 and met.day <= bounds.through_day
),

releases as (
  select distinct lineage.release_id
  from heimdallr.bug_lineage as lineage
  where lineage.release_id is not null and lineage.event in ('introduced', 'reappeared')
),

subjects as (
  select project_id, item_id, cast(null as varchar(128)) as release_id from items
  union all
  select cast(null as bigint) as project_id, cast(null as bigint) as item_id, release_id from releases
),

final as (
  select
    row_number() over (order by project_id, item_id, release_id) as subject_id,
    project_id, item_id, release_id
  from subjects
)

select * from final
