-- Which bugs cost us the most users, and how sure is that? The newest refresh at horizon 7, with the words of the tracker.
-- Grain: one row per Rollbar item that was met in the window (a member of a group counts for its group).
-- Key: project_id, item_id.
-- Reader: whoever decides what to fix first. A user is lost who met the bug, would have come back within seven days and
-- did not; what a symptom costs is counted with its cause.
with ranked as (
  select
    rank, tier, reason, users_lost_per_week, users_lost_per_week_low, users_lost_per_week_high, users_affected,
    occurrences, n1, p1, p0, trend, symptom_of, introduced_release_id, window_from, data_through, project_id, item_id
  from heimdallr.impact_item
  where horizon = 7
),
items as (
  select project_id, id, title, level, status, environment
  from heimdallr.rollbar_item
),
seen as (
  select project_id, item_id, max(coalesce(title, exception_class)) as title
  from heimdallr.rollbar_occurrence
  group by project_id, item_id
),
final as (
  select
    ranked.rank, ranked.tier, ranked.reason, ranked.users_lost_per_week, ranked.users_lost_per_week_low,
    ranked.users_lost_per_week_high, ranked.users_affected, ranked.occurrences, ranked.n1 as matched_days,
    ranked.p1 as share_returned, ranked.p0 as share_expected, ranked.trend, ranked.symptom_of,
    items.level, items.status, items.environment, coalesce(items.title, seen.title) as title,
    ranked.introduced_release_id, ranked.window_from, ranked.data_through, ranked.project_id, ranked.item_id
  from ranked
  left join items on items.project_id = ranked.project_id and items.id = ranked.item_id
  left join seen on seen.project_id = ranked.project_id and seen.item_id = ranked.item_id
)
select * from final
