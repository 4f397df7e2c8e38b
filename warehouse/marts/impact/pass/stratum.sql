-- How many user-days are there of one day, pool and bin, and how many were followed by a return?
-- Grain: one row per horizon, day, pool and bin. Key: those.
-- Reader: term. User-days with a harmful item are left out.
with free as (
  select scored.day, scored.score, scored.y1, scored.y7, scored.y28
  from heimdallr_work.scored as scored
  left join heimdallr_work.harm_day_{{pass}} as harm on harm.user_id = scored.user_id and harm.day = scored.day
  where harm.user_id is null
),

final as (
  select 1 as horizon, day, score / 32768 as pool, score / 1024 % 32 as bin, count(*) as days, sum(y1) as returns
  from free where y1 is not null group by day, score / 32768, score / 1024 % 32
  union all
  select 7 as horizon, day, score / 32768 as pool, score / 32 % 32 as bin, count(*) as days, sum(y7) as returns
  from free where y7 is not null group by day, score / 32768, score / 32 % 32
  union all
  select 28 as horizon, day, score / 32768 as pool, score % 32 as bin, count(*) as days, sum(y28) as returns
  from free where y28 is not null group by day, score / 32768, score % 32
)

select * from final
