-- How did an item go, week by week? The rows of heimdallr.impact_week, at horizon 7.
-- Grain: one row per item and ISO week of the window. Key: project_id, item_id, week.
-- Reader: the report, analysts.
with terms as (
  select
    subject_id, day - mod(day + 5, 7) as week_day,
    sum(n1) as n1, {{sum r}} as r, {{sum s}} as s, {{sum p}} as p,
    {{sum q}} as q
  from heimdallr_work.term_final
  where horizon = 7
  group by subject_id, day - mod(day + 5, 7)
),

estimated as (
  select
    subject_id, week_day, n1, s / nullif(r, 0) as rd,
    s / nullif(r, 0) + 1.96 * 1.96 * p / (2 * nullif(r * r, 0)) as middle,
    1.96 * 1.96 * q / nullif(r * r, 0) as q_part
  from terms
),

final as (
  select
    subject.project_id, subject.item_id,
    date '2000-01-01' + cast(week_count.week_day as integer) as week,
    week_count.week_day + 6 <= bounds.through_day as is_complete,
    week_count.episodes as new_episodes, coalesce(estimated.n1, 0) as n1, estimated.rd,
    greatest(-1, estimated.middle - sqrt(greatest(0, estimated.middle * estimated.middle - estimated.rd * estimated.rd + estimated.q_part) + 1.96 * 1.96 * allowance.b * allowance.b)) as ci_lo,
    least(1, estimated.middle + sqrt(greatest(0, estimated.middle * estimated.middle - estimated.rd * estimated.rd + estimated.q_part) + 1.96 * 1.96 * allowance.b * allowance.b)) as ci_hi,
    case when judged.lost_window = 0 then 0 when judged.lost_window is not null then -judged.rd_shrunk * week_count.episodes end as users_lost
  from heimdallr_work.week_count as week_count
  join heimdallr_work.subject as subject on subject.subject_id = week_count.subject_id and subject.item_id is not null
  cross join heimdallr_work.bounds as bounds
  join heimdallr_work.allowance_final as allowance on allowance.horizon = 7
  left join heimdallr_work.judged as judged on judged.subject_id = week_count.subject_id and judged.horizon = 7
  left join estimated on estimated.subject_id = week_count.subject_id and estimated.week_day = week_count.week_day
)

select * from final
