-- Which bugs cost users? The rows of heimdallr.impact_item.
-- Grain: one row per item and horizon. Key: project_id, item_id, horizon.
-- Reader: the report, the digest, analysts.
with brought as (
  select
    project_id, item_id, release_id, how,
    row_number() over (partition by project_id, item_id order by event_at, occurrence_id) as place
  from heimdallr.bug_lineage
  where event in ('introduced', 'reappeared')
),

ordered as (
  select
    judged.subject_id, judged.project_id, judged.item_id, judged.horizon, judged.tier, judged.reason, judged.occurrences,
    judged.users, judged.known, judged.matched_share, judged.n1, judged.p1, judged.p0, judged.rd, judged.ci_lo, judged.ci_hi,
    judged.b, judged.z, judged.p, judged.q, judged.rd_shrunk, judged.sd_shrunk, judged.p_harm, judged.episodes,
    judged.episodes_4w, judged.lost_window, judged.lost_per_week, judged.lost_per_week_low, judged.lost_per_week_high,
    judged.revenue, judged.rd_pass1, judged.linked_id, judged.link_share, judged.cause_id, judged.is_inseparable,
    case judged.tier
      when 'confirmed' then 1 when 'likely' then 2 when 'unclear' then 3 when 'too_few' then 4 else 5
    end as tier_place,
    case when judged.lost_per_week is null then 1 else 0 end as is_unknown
  from heimdallr_work.judged as judged
  where judged.item_id is not null
),

final as (
  select
    ordered.project_id, ordered.item_id, ordered.horizon,
    row_number() over (
      partition by ordered.horizon
      order by ordered.tier_place, ordered.is_unknown, ordered.lost_per_week desc, ordered.occurrences desc, ordered.project_id, ordered.item_id
    ) as rank,
    ordered.occurrences,
    case when ordered.users >= 10 then ordered.users end as users_affected,
    case when ordered.occurrences > 0 then cast(ordered.known as float8) / ordered.occurrences end as coverage,
    case when ordered.known > 0 then ordered.lost_per_week * ordered.occurrences / ordered.known end as scaled_loss,
    ordered.tier, ordered.reason, ordered.matched_share, ordered.n1, ordered.p1, ordered.p0, ordered.rd, ordered.ci_lo,
    ordered.ci_hi, ordered.b, ordered.z, ordered.p, ordered.q, ordered.rd_shrunk, ordered.sd_shrunk, ordered.p_harm,
    ordered.episodes as new_episodes, ordered.episodes_4w as new_episodes_4w,
    ordered.lost_window as users_lost_window, ordered.lost_per_week as users_lost_per_week,
    ordered.lost_per_week_low as users_lost_per_week_low, ordered.lost_per_week_high as users_lost_per_week_high,
    ordered.lost_per_week * ordered.revenue as revenue_lost_per_week,
    ordered.rd_pass1, linked.item_id as linked_item_id, ordered.link_share, cause.item_id as symptom_of,
    ordered.is_inseparable = 1 as inseparable,
    trend.trend, brought.release_id as introduced_release_id, coalesce(brought.how, 'none') as introduced_how,
    date '2000-01-01' + cast(bounds.window_from as integer) as window_from,
    date '2000-01-01' + cast(bounds.through_day as integer) as data_through,
    {{computedAt}} as computed_at
  from ordered
  cross join heimdallr_work.bounds as bounds
  left join heimdallr_work.subject as linked on linked.subject_id = ordered.linked_id
  left join heimdallr_work.subject as cause on cause.subject_id = ordered.cause_id
  left join heimdallr_work.trend as trend on trend.subject_id = ordered.subject_id
  left join brought on brought.project_id = ordered.project_id and brought.item_id = ordered.item_id and brought.place = 1
)

select * from final
