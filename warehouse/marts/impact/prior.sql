-- How do the differences of all subjects scatter?
-- Grain: one row per horizon and family (0 items, 1 releases). Key: those.
-- Reader: shrunk. By moments, not by DerSimonian and Laird: precise harmless items would draw tau2 to 0, and rare fatal
-- ones would be shrunk away. With fewer than three that were tested nothing can be said of the others.
-- Sums are of decimals, which the order of rows does not change.
with sums as (
  select
    horizon, family, count(*) as tested,
    cast(count(*) as float8) as n,
    cast(sum(cast(rd as decimal(30, 15))) as float8) as rds,
    cast(sum(cast(rd * rd as decimal(30, 15))) as float8) as squares,
    cast(sum(cast(total_variance as decimal(30, 15))) as float8) as variances
  from heimdallr_work.evidence_final
  group by horizon, family
),

moments as (
  select
    horizon, family, tested,
    case
      when tested > 1 then greatest(0, (squares - rds * rds / n) / (n - 1) - variances / n)
      else 0
    end as tau2
  from sums
),

weighted as (
  select
    evidence.horizon, evidence.family, moments.tested, moments.tau2,
    cast(sum(cast(evidence.rd / (evidence.total_variance + moments.tau2) as decimal(30, 10))) as float8) as rds,
    cast(sum(cast(1 / (evidence.total_variance + moments.tau2) as decimal(30, 10))) as float8) as weights
  from heimdallr_work.evidence_final as evidence
  join moments on moments.horizon = evidence.horizon and moments.family = evidence.family
  group by evidence.horizon, evidence.family, moments.tested, moments.tau2
),

final as (
  select horizon, family, tested, tau2, rds / weights as mu, 1 / weights as mu_variance
  from weighted
)

select * from final
