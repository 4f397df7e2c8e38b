-- How surely does a subject make fewer come back, among all that are tested?
-- Grain: one row per subject and horizon that is tested: 30 matched index days, measurable, and no negative control.
-- Key: subject_id, horizon.
-- Reader: harmful items of the next pass, and the result.
-- Items and releases are two families: each item is judged among the items.
with tested as (
  select
    estimate.subject_id, estimate.horizon, estimate.rd, allowance.b,
    case when subject.release_id is null then 0 else 1 end as family,
    estimate.variance + allowance.b * allowance.b as total_variance,
    estimate.rd / sqrt(estimate.variance + allowance.b * allowance.b) as z
  from {{estimates}} as estimate
  join heimdallr_work.allowance_{{pass}} as allowance on allowance.horizon = estimate.horizon
  join heimdallr_work.subject as subject on subject.subject_id = estimate.subject_id
  left join heimdallr_work.flawed as flawed on flawed.subject_id = estimate.subject_id
  where
    flawed.subject_id is null and estimate.n1 >= 30 and estimate.rd is not null and estimate.variance + allowance.b * allowance.b > 0
    and (subject.item_id is null or cast(subject.item_id as varchar(32)) not in ({{negativeControls}}))
),

tested_p as (
  select
    subject_id, horizon, family, rd, b, total_variance, z,
    case when z <= 0 then {{tail z}} else 1 - {{tail z}} end as p
  from tested
),

placed as (
  select
    subject_id, horizon, family, rd, b, total_variance, z, p,
    row_number() over (partition by horizon, family order by p, subject_id) as place,
    count(*) over (partition by horizon, family) as tests
  from tested_p
),

final as (
  select
    subject_id, horizon, family, rd, b, total_variance, z, p,
    min(least(1, p * tests / place))
      over (partition by horizon, family order by place desc rows unbounded preceding) as q
  from placed
)

select * from final
