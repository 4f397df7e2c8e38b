-- How wrong are estimates beyond their sampling error? Measured on items that the team declares harmless, if ten or more
-- have at least 100 index days; else a figure of the method: 0.010, 0.0075 and 0.0025 for 1, 7 and 28 days.
-- Grain: one row per horizon. Key: horizon.
-- Reader: evidence.
with horizons as (
  select 1 as horizon, cast(0.010 as float8) as usual_b
  union all
  select 7 as horizon, cast(0.0075 as float8) as usual_b
  union all
  select 28 as horizon, cast(0.0025 as float8) as usual_b
),

harmless as (
  select estimate.horizon, estimate.rd, estimate.variance
  from {{estimates}} as estimate
  join heimdallr_work.subject as subject on subject.subject_id = estimate.subject_id
  where
    cast(subject.item_id as varchar(32)) in ({{negativeControls}})
    and estimate.n1 >= 100 and estimate.rd is not null
),

first_guess as (
  select horizon, count(*) as items, greatest(0, cast(sum(cast(rd * rd - variance as decimal(30, 15))) as float8) / count(*)) as b2
  from harmless
  group by horizon
),

weighted as (
  select
    harmless.horizon, first_guess.items,
    greatest(
      0,
      cast(sum(cast((harmless.rd * harmless.rd - harmless.variance) / (harmless.variance + first_guess.b2 + 1e-12) as decimal(30, 10))) as float8)
      / cast(sum(cast(1 / (harmless.variance + first_guess.b2 + 1e-12) as decimal(30, 10))) as float8)
    ) as b2
  from harmless
  join first_guess on first_guess.horizon = harmless.horizon
  group by harmless.horizon, first_guess.items
),

final as (
  select
    horizons.horizon,
    case when weighted.items >= 10 then sqrt(weighted.b2) else horizons.usual_b end as b
  from horizons
  left join weighted on weighted.horizon = horizons.horizon
)

select * from final
