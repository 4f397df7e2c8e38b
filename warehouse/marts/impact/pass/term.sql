-- What each day adds to the estimate of a subject, by Mantel and Haenszel.
-- Grain: one row per subject, horizon and day. Key: those.
-- Reader: whoever sums over days: estimate, week, fix. A refresh that is run again says the same to the last digit.
-- r, s, p and q are the sums of the weights, of the weighted differences and of the two parts of Sato's variance, which
-- holds for many sparse strata.
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

terms as (
  select
    subject_id, horizon, day, n1, n0, x1,
    case when n0 > 0 then 1 else 0 end as is_matched,
    case when n0 > 0 then n1 * x0 / n0 else 0 end as expected,
    case when n0 > 0 then n1 * n0 / (n1 + n0) else 0 end as r,
    case when n0 > 0 then (x1 * n0 - x0 * n1) / (n1 + n0) else 0 end as s,
    case
      when n0 > 0 then (n1 * n1 * x0 - n0 * n0 * x1 + n1 * n0 * (n0 - n1) / 2) / ((n1 + n0) * (n1 + n0))
      else 0
    end as p,
    case when n0 > 0 then (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * (n1 + n0)) else 0 end as q
  from matched
),

final as (
  select
    subject_id, horizon, day,
    sum(n1) as index_days,
    sum(is_matched * n1) as n1,
    sum(is_matched * x1) as x1,
    {{sum expected}} as expected,
    {{sum r}} as r,
    {{sum s}} as s,
    {{sum p}} as p,
    {{sum q}} as q
  from terms
  group by subject_id, horizon, day
)

select * from final
