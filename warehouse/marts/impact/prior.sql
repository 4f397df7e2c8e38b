-- How do the differences of all subjects scatter?
-- Grain: one row per horizon and family (0 items, 1 releases). Key: those.
-- Reader: shrunk. By moments, not by DerSimonian and Laird: precise harmless items would draw tau2 to 0, and rare fatal
-- ones would be shrunk away. With fewer than three that were tested nothing can be said of the others.
with moments as (
  select
    horizon, family, count(*) as tested,
    cast(greatest(0, coalesce(var_samp(cast(rd as decimal(30, 15))), 0) - avg(cast(total_variance as decimal(30, 15)))) as float8) as tau2
  from heimdallr_work.evidence_final
  group by horizon, family
),

final as (
  select
    evidence.horizon, evidence.family, moments.tested, moments.tau2,
    cast(sum(cast(evidence.rd / (evidence.total_variance + moments.tau2) as decimal(30, 10))) as float8)
    / cast(sum(cast(1 / (evidence.total_variance + moments.tau2) as decimal(30, 10))) as float8) as mu,
    1 / cast(sum(cast(1 / (evidence.total_variance + moments.tau2) as decimal(30, 10))) as float8) as mu_variance
  from heimdallr_work.evidence_final as evidence
  join moments on moments.horizon = evidence.horizon and moments.family = evidence.family
  group by evidence.horizon, evidence.family, moments.tested, moments.tau2
)

select * from final
