-- What is to be believed of a difference, given all the others?
-- Grain: one row per subject and horizon with an index day. Key: those.
-- Reader: the result. What was not tested is believed to be like the others.
-- Limits are those of Klingenberg for the Mantel-Haenszel difference, the allowance b included.
with joined as (
  select
    estimate.subject_id, estimate.horizon, estimate.pass, estimate.rd_pass1, estimate.index_days, estimate.n1,
    estimate.p1, estimate.p0, estimate.rd, estimate.variance, estimate.r, estimate.p as p_term, estimate.q as q_term,
    allowance.b, evidence.z, evidence.p, evidence.q,
    case when evidence.subject_id is null then 0 else 1 end as is_tested,
    coalesce(evidence.total_variance, estimate.variance + allowance.b * allowance.b) as total_variance,
    coalesce(prior.mu, 0) as mu, coalesce(prior.tau2, 0) as tau2, coalesce(prior.mu_variance, 0) as mu_variance,
    coalesce(prior.tested, 0) as tested
  from heimdallr_work.estimate_final as estimate
  join heimdallr_work.subject as subject on subject.subject_id = estimate.subject_id
  join heimdallr_work.allowance_final as allowance on allowance.horizon = estimate.horizon
  left join heimdallr_work.evidence_final as evidence
    on evidence.subject_id = estimate.subject_id and evidence.horizon = estimate.horizon
  left join heimdallr_work.prior as prior
    on prior.horizon = estimate.horizon and prior.family = case when subject.release_id is null then 0 else 1 end
),

weighed as (
  select
    subject_id, horizon, pass, rd_pass1, index_days, n1, p1, p0, rd, b, z, p, q, is_tested,
    mu, mu_variance, tau2, total_variance,
    case
      when is_tested = 0 then 0
      when tested < 3 then 1
      when tau2 + total_variance > 0 then tau2 / (tau2 + total_variance)
      else 1
    end as weight,
    rd + 1.96 * 1.96 * p_term / (2 * nullif(r * r, 0)) as middle,
    1.96 * 1.96 * q_term / nullif(r * r, 0) as q_part
  from joined
),

spread as (
  select
    subject_id, horizon, pass, rd_pass1, index_days, n1, p1, p0, rd, b, z, p, q, is_tested, middle,
    sqrt(greatest(0, middle * middle - rd * rd + q_part) + 1.96 * 1.96 * b * b) as half,
    weight * coalesce(rd, 0) + (1 - weight) * mu as rd_shrunk,
    sqrt(
      case when is_tested = 0 then tau2 else weight * total_variance end
      + (1 - weight) * (1 - weight) * mu_variance
    ) as sd_shrunk
  from weighed
),

scaled as (
  select
    subject_id, horizon, pass, rd_pass1, index_days, n1, p1, p0, rd, b, z, p, q, is_tested, rd_shrunk, sd_shrunk,
    greatest(-1, middle - half) as ci_lo, least(1, middle + half) as ci_hi,
    case when sd_shrunk > 0 then rd_shrunk / sd_shrunk else 0 end as z_shrunk
  from spread
),

final as (
  select
    subject_id, horizon, pass, rd_pass1, index_days, n1, p1, p0, rd, b, z, p, q, is_tested, rd_shrunk, sd_shrunk,
    ci_lo, ci_hi,
    case
      when z_shrunk > 0 then {{tail z_shrunk}}
      else 1 - {{tail z_shrunk}}
    end as p_harm
  from scaled
)

select * from final
