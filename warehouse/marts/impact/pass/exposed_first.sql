-- Of a stratum, how many user-days belong to a subject?
-- Grain: one row per subject, horizon, day, pool and bin with an index day. Key: those.
-- Reader: term, and the later passes. n1 and x1 are index days and the returns after them; e and xe are user-days that
-- are counted in the stratum and are no controls.
with final as (
  select
    subject_id, 1 as horizon, day, score / 32768 as pool, score / 1024 % 32 as bin,
    sum(n1) as n1, sum(x1) as x1, sum(e1) as e, sum(xe1) as xe
  from heimdallr_work.counted
  group by subject_id, day, score / 32768, score / 1024 % 32
  having sum(n1) > 0
  union all
  select
    subject_id, 7 as horizon, day, score / 32768 as pool, score / 32 % 32 as bin,
    sum(n7) as n1, sum(x7) as x1, sum(e7) as e, sum(xe7) as xe
  from heimdallr_work.counted
  group by subject_id, day, score / 32768, score / 32 % 32
  having sum(n7) > 0
  union all
  select
    subject_id, 28 as horizon, day, score / 32768 as pool, score % 32 as bin,
    sum(n28) as n1, sum(x28) as x1, sum(e28) as e, sum(xe28) as xe
  from heimdallr_work.counted
  group by subject_id, day, score / 32768, score % 32
  having sum(n28) > 0
)

select * from final
