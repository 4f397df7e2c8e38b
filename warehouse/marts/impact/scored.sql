-- How likely was a user to come back, judged by alike user-days? Compared are users of one day, one pool and one bin.
-- Grain: one row per user and active day of the window. Key: user_id, day.
-- Reader: the passes. A cell needs 60 user-days that can be judged; bins are 0.04 wide. score packs the pool and the bins
-- of the three horizons into one number, in 32nds: whoever shares it is alike at every horizon.
with judged as (
  select
    celled.user_id, celled.day, celled.pool, celled.y1, celled.y7, celled.y28,
    case when fine.n1 >= 60 then cast(fine.s1 as float8) / fine.n1 when middle.n1 >= 60 then cast(middle.s1 as float8) / middle.n1 when coarse.n1 > 0 then cast(coarse.s1 as float8) / coarse.n1 else 0 end as score1,
    case when fine.n7 >= 60 then cast(fine.s7 as float8) / fine.n7 when middle.n7 >= 60 then cast(middle.s7 as float8) / middle.n7 when coarse.n7 > 0 then cast(coarse.s7 as float8) / coarse.n7 else 0 end as score7,
    case when fine.n28 >= 60 then cast(fine.s28 as float8) / fine.n28 when middle.n28 >= 60 then cast(middle.s28 as float8) / middle.n28 when coarse.n28 > 0 then cast(coarse.s28 as float8) / coarse.n28 else 0 end as score28
  from heimdallr_work.celled as celled
  join heimdallr_work.cell as fine on fine.level = 1 and fine.cell = celled.fine
  join heimdallr_work.cell as middle on middle.level = 2 and middle.cell = celled.middle
  join heimdallr_work.cell as coarse on coarse.level = 3 and coarse.cell = celled.coarse
),

binned as (
  select
    user_id, day, pool, y1, y7, y28,
    cast(floor(score1 / 0.04) as integer) as bin1,
    cast(floor(score7 / 0.04) as integer) as bin7,
    cast(floor(score28 / 0.04) as integer) as bin28
  from judged
),

final as (
  select user_id, day, ((pool * 32 + bin1) * 32 + bin7) * 32 + bin28 as score, y1, y7, y28
  from binned
)

select * from final
