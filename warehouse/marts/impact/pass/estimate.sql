-- How many fewer come back after a subject was met, and how sure is that?
-- Grain: one row per subject and horizon with an index day. Key: subject_id, horizon.
-- Reader: evidence, and the models that choose between the passes.
with summed as (
  select
    subject_id, horizon, sum(index_days) as index_days, sum(n1) as n1, sum(x1) as x1,
    {{sum expected}} as expected, {{sum r}} as r, {{sum s}} as s,
    {{sum p}} as p, {{sum q}} as q
  from heimdallr_work.term_{{pass}}
  group by subject_id, horizon
),

final as (
  select
    subject_id, horizon, index_days, n1, r, p, q,
    case when n1 > 0 then x1 / n1 end as p1,
    case when n1 > 0 then expected / n1 end as p0,
    case when r > 0 then s / r end as rd,
    case when r > 0 then (s / r * p + q) / (r * r) end as variance
  from summed
)

select * from final
