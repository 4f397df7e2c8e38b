-- Of alike user-days, which share came back?
-- Grain: one row per level (1 fine, 2 middle, 3 coarse) and cell. Key: level, cell.
-- Reader: scored.
with final as (
  select 1 as level, fine as cell, count(y1) as n1, sum(y1) as s1, count(y7) as n7, sum(y7) as s7, count(y28) as n28, sum(y28) as s28
  from heimdallr_work.celled
  group by fine
  union all
  select 2 as level, middle as cell, count(y1) as n1, sum(y1) as s1, count(y7) as n7, sum(y7) as s7, count(y28) as n28, sum(y28) as s28
  from heimdallr_work.celled
  group by middle
  union all
  select 3 as level, coarse as cell, count(y1) as n1, sum(y1) as s1, count(y7) as n7, sum(y7) as s7, count(y28) as n28, sum(y28) as s28
  from heimdallr_work.celled
  group by coarse
)

select * from final
