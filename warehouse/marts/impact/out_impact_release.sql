-- What did a release cost? The rows of heimdallr.impact_release.
-- Grain: one row per release that activated an item, and horizon. Key: release_id, horizon.
-- Reader: the report, analysts.
with activated as (
  select release_id, count(distinct item_id) as items
  from heimdallr.bug_lineage
  where release_id is not null and event in ('introduced', 'reappeared')
  group by release_id
),

final as (
  select
    judged.release_id, judged.horizon, activated.items,
    judged.tier, judged.reason, judged.matched_share, judged.n1, judged.p1, judged.p0, judged.rd, judged.ci_lo, judged.ci_hi,
    judged.b, judged.z, judged.p, judged.q, judged.rd_shrunk, judged.sd_shrunk, judged.p_harm,
    judged.episodes as new_episodes, judged.episodes_4w as new_episodes_4w,
    judged.lost_window as users_lost_window, judged.lost_per_week as users_lost_per_week,
    judged.lost_per_week_low as users_lost_per_week_low, judged.lost_per_week_high as users_lost_per_week_high,
    judged.lost_per_week * judged.revenue as revenue_lost_per_week,
    date '2000-01-01' + cast(bounds.window_from as integer) as window_from,
    date '2000-01-01' + cast(bounds.through_day as integer) as data_through,
    {{computedAt}} as computed_at
  from heimdallr_work.judged as judged
  join activated on activated.release_id = judged.release_id
  cross join heimdallr_work.bounds as bounds
)

select * from final
