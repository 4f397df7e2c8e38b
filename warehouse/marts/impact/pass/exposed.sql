-- Of a stratum, how many user-days belong to a subject?
-- Grain: one row per subject, horizon, day, pool and bin with an index day. Key: those.
-- Reader: term. n1 and x1 are index days, on which no other harmful item was met, and the returns after them; e and xe
-- are user-days that are counted in the stratum and are no controls.
with counted as (
  select
    covered.subject_id, covered.day, covered.pool,
    covered.bin1, covered.y1, covered.bin7, covered.y7, covered.bin28, covered.y28,
    case
      when
        covered.is_index = 1
        and coalesce(harm.items, 0) - case when own.subject_id is not null and covered.is_met = 1 then 1 else 0 end = 0
        then 1
      else 0
    end as is_index,
    case when harm.items is null then 1 else 0 end as is_counted
  from heimdallr_work.covered as covered
  left join heimdallr_work.harm_day_{{pass}} as harm on harm.user_id = covered.user_id and harm.day = covered.day
  left join heimdallr_work.harmful_{{pass}} as own on own.subject_id = covered.subject_id
),

final as (
  select
    subject_id, 1 as horizon, day, pool, bin1 as bin, sum(is_index) as n1, sum(is_index * y1) as x1,
    sum(is_counted) as e, sum(is_counted * y1) as xe
  from counted where y1 is not null group by subject_id, day, pool, bin1 having sum(is_index) > 0
  union all
  select
    subject_id, 7 as horizon, day, pool, bin7 as bin, sum(is_index) as n1, sum(is_index * y7) as x1,
    sum(is_counted) as e, sum(is_counted * y7) as xe
  from counted where y7 is not null group by subject_id, day, pool, bin7 having sum(is_index) > 0
  union all
  select
    subject_id, 28 as horizon, day, pool, bin28 as bin, sum(is_index) as n1, sum(is_index * y28) as x1,
    sum(is_counted) as e, sum(is_counted * y28) as xe
  from counted where y28 is not null group by subject_id, day, pool, bin28 having sum(is_index) > 0
)

select * from final
