-- How many user-days are there of one day, pool and bin, and how many were followed by a return?
-- Grain: one row per horizon, day, pool and bin. Key: those.
-- Reader: term. User-days with a harmful item are left out.
with free as (
  select scored.day, scored.pool, scored.bin1, scored.y1, scored.bin7, scored.y7, scored.bin28, scored.y28
  from heimdallr_work.scored as scored
  left join heimdallr_work.harm_day_{{pass}} as harm on harm.user_id = scored.user_id and harm.day = scored.day
  where harm.user_id is null
),

final as (
  select 1 as horizon, day, pool, bin1 as bin, count(*) as days, sum(y1) as returns
  from free where y1 is not null group by day, pool, bin1
  union all
  select 7 as horizon, day, pool, bin7 as bin, count(*) as days, sum(y7) as returns
  from free where y7 is not null group by day, pool, bin7
  union all
  select 28 as horizon, day, pool, bin28 as bin, count(*) as days, sum(y28) as returns
  from free where y28 is not null group by day, pool, bin28
)

select * from final
