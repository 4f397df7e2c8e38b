-- Of a stratum, how many user-days without another harmful item belong to a subject?
-- Grain: one row per subject, horizon, day, pool and bin with an index day. Key: those.
-- Reader: term. As exposed_first, without what is left out.
with reduced as (
  select
    every.subject_id, every.horizon, every.day, every.pool, every.bin,
    every.n1 - coalesce(gone.n1, 0) as n1, every.x1 - coalesce(gone.x1, 0) as x1,
    every.e - coalesce(gone.e, 0) as e, every.xe - coalesce(gone.xe, 0) as xe
  from heimdallr_work.exposed_1 as every
  left join heimdallr_work.left_out_{{pass}} as gone
    on gone.subject_id = every.subject_id and gone.horizon = every.horizon and gone.day = every.day
    and gone.pool = every.pool and gone.bin = every.bin
),

final as (
  select subject_id, horizon, day, pool, bin, n1, x1, e, xe
  from reduced
  where n1 > 0
)

select * from final
