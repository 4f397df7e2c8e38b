-- What each day adds to the estimate of a subject, by Mantel and Haenszel.
-- Grain: one row per subject, horizon and day. Key: those.
-- Reader: whoever sums over days: estimate, week, fix. r, s, p and q are the sums of the weights, of the weighted
-- differences and of the two parts of Sato's variance, which holds for many sparse strata.
with matched as (
  select
    exposed.subject_id, exposed.horizon, exposed.day,
    cast(exposed.n1 as float8) as n1, cast(exposed.x1 as float8) as x1,
    cast(coalesce(stratum.days, 0) - exposed.e as float8) as n0,
    cast(coalesce(stratum.returns, 0) - exposed.xe as float8) as x0
  from heimdallr_work.exposed_{{pass}} as exposed
  left join heimdallr_work.stratum_{{pass}} as stratum
    on stratum.horizon = exposed.horizon and stratum.day = exposed.day and stratum.pool = exposed.pool and stratum.bin = exposed.bin
),

final as (
  select
    subject_id, horizon, day,
    sum(n1) as index_days,
    sum(case when n0 > 0 then n1 else 0 end) as n1,
    sum(case when n0 > 0 then x1 else 0 end) as x1,
    sum(case when n0 > 0 then n1 * x0 / n0 else 0 end) as expected,
    sum(case when n0 > 0 then n1 * n0 / (n1 + n0) else 0 end) as r,
    sum(case when n0 > 0 then (x1 * n0 - x0 * n1) / (n1 + n0) else 0 end) as s,
    sum(
      case
        when n0 > 0
          then (n1 * n1 * x0 - n0 * n0 * x1 + n1 * n0 * (n0 - n1) / 2) / ((n1 + n0) * (n1 + n0))
        else 0
      end
    ) as p,
    sum(case when n0 > 0 then (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * (n1 + n0)) else 0 end) as q
  from matched
  group by subject_id, horizon, day
)

select * from final
