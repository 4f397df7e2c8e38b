-- Which pass counts for a subject? The third; the first where too little of it survives without the harmful items, and
-- for releases, which are made of items.
-- Grain: one row per subject and horizon. Key: those.
-- Reader: evidence, shrunk, and the result.
with chosen as (
  select
    one.subject_id, one.horizon,
    case
      when subject.release_id is not null then 1
      when coalesce(three.n1, 0) < 30 and coalesce(three.n1, 0) < one.n1 then 1
      when coalesce(three.n1, 0) < 0.1 * one.n1 then 1
      else 3
    end as pass,
    one.rd as rd_pass1
  from heimdallr_work.estimate_1 as one
  join heimdallr_work.subject as subject on subject.subject_id = one.subject_id
  left join heimdallr_work.estimate_3 as three on three.subject_id = one.subject_id and three.horizon = one.horizon
),

final as (
  select
    chosen.subject_id, chosen.horizon, chosen.pass, chosen.rd_pass1,
    estimate.index_days, estimate.n1, estimate.r, estimate.p, estimate.q, estimate.p1, estimate.p0, estimate.rd, estimate.variance
  from chosen
  join heimdallr_work.estimate_1 as estimate on estimate.subject_id = chosen.subject_id and estimate.horizon = chosen.horizon
  where chosen.pass = 1
  union all
  select
    chosen.subject_id, chosen.horizon, chosen.pass, chosen.rd_pass1,
    estimate.index_days, estimate.n1, estimate.r, estimate.p, estimate.q, estimate.p1, estimate.p0, estimate.rd, estimate.variance
  from chosen
  join heimdallr_work.estimate_3 as estimate on estimate.subject_id = chosen.subject_id and estimate.horizon = chosen.horizon
  where chosen.pass = 3
)

select * from final
