-- On which days did a known user meet a subject?
-- Grain: one row per subject, user and day. Key: subject_id, user_id, day.
-- Reader: the other models. A release is met with any item that it brought, from the day on which it did.
with met as (
  select met.project_id, met.item_id, met.user_id, met.day
  from heimdallr_work.met as met
  cross join heimdallr_work.bounds as bounds
  where met.user_id is not null and met.day >= bounds.window_from - 28 and met.day <= bounds.through_day
  group by met.project_id, met.item_id, met.user_id, met.day
),

of_items as (
  select subject.subject_id, met.user_id, met.day
  from met
  join heimdallr_work.subject as subject on subject.project_id = met.project_id and subject.item_id = met.item_id
),

activated as (
  select
    lineage.release_id, lineage.project_id, lineage.item_id,
    min(cast(convert_timezone('UTC', {{timeZone}}, lineage.event_at) as date) - date '2000-01-01') as from_day
  from heimdallr.bug_lineage as lineage
  where lineage.release_id is not null and lineage.event in ('introduced', 'reappeared')
  group by lineage.release_id, lineage.project_id, lineage.item_id
),

of_releases as (
  select distinct subject.subject_id, met.user_id, met.day
  from met
  join activated
    on activated.project_id = met.project_id and activated.item_id = met.item_id and met.day >= activated.from_day
  join heimdallr_work.subject as subject on subject.release_id = activated.release_id
),

final as (
  select subject_id, user_id, day from of_items
  union all
  select subject_id, user_id, day from of_releases
)

select * from final
