-- Which bugs met the most people? The naive ranking, for a warehouse without an activity table: busy people meet more
-- bugs, and come back all the same. What bugs cost is in heimdallr.impact_item (docs/ranking.md).
-- Grain: one row per Rollbar item (a member of a group counts for its group) with an occurrence in the last seven
-- days of data. Key: project_id, item_id.
-- Reader: whoever starts the pipeline and wants to see something.
with newest as (
  select max(occurred_at) as occurred_at
  from heimdallr.rollbar_occurrence
),
items as (
  select project_id, id, coalesce(group_item_id, id) as item_id
  from heimdallr.rollbar_item
),
recent as (
  select
    occurrences.project_id, coalesce(items.item_id, occurrences.item_id) as item_id,
    occurrences.person_id, occurrences.occurred_at, occurrences.title, occurrences.exception_class
  from heimdallr.rollbar_occurrence as occurrences
  left join items on items.project_id = occurrences.project_id and items.id = occurrences.item_id
  where occurrences.occurred_at > (select newest.occurred_at - interval '7 days' from newest)
    and occurrences.item_id is not null
),
counted as (
  select
    project_id, item_id,
    count(distinct person_id) as people, count(*) as occurrences, max(occurred_at) as last_occurred_at,
    max(coalesce(title, exception_class)) as seen_as
  from recent
  group by project_id, item_id
),
final as (
  select
    row_number() over (order by counted.people desc, counted.occurrences desc, counted.item_id) as rank,
    counted.people, counted.occurrences, item.status, item.level, item.environment,
    coalesce(item.title, counted.seen_as) as title,
    counted.last_occurred_at, counted.project_id, counted.item_id
  from counted
  left join heimdallr.rollbar_item as item on item.project_id = counted.project_id and item.id = counted.item_id
)
select * from final
