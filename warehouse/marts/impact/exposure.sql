-- On which days did a known user meet a subject?
-- Grain: one row per subject, user and day. Key: subject_id, user_id, day.
-- Reader: the other models. Members of a merged group count for the group.
with met as (
  select
    met.project_id, coalesce(item.group_item_id, met.item_id) as item_id, app_user.user_id, met.day,
    sum(met.occurrences) as occurrences
  from heimdallr_work.met_day as met
  cross join heimdallr_work.bounds as bounds
  join heimdallr_work.app_user as app_user on app_user.user_key = met.user_key
  left join heimdallr.rollbar_item as item on item.project_id = met.project_id and item.id = met.item_id
  where met.day >= bounds.window_from - 28 and met.day <= bounds.through_day
  group by met.project_id, coalesce(item.group_item_id, met.item_id), app_user.user_id, met.day
),

of_items as (
  select subject.subject_id, met.user_id, met.day
  from met
  join heimdallr_work.subject as subject on subject.project_id = met.project_id and subject.item_id = met.item_id
),

activated as (
  select distinct lineage.release_id, lineage.project_id, lineage.item_id
  from heimdallr.bug_lineage as lineage
  where lineage.release_id is not null and lineage.event in ('introduced', 'reappeared')
),

of_releases as (
  select distinct subject.subject_id, met.user_id, met.day
  from met
  join activated on activated.project_id = met.project_id and activated.item_id = met.item_id
  join heimdallr_work.subject as subject on subject.release_id = activated.release_id
),

final as (
  select subject_id, user_id, day from of_items
  union all
  select subject_id, user_id, day from of_releases
)

select * from final
