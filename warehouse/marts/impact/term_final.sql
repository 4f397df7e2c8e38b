-- The daily terms of the pass that counts for a subject.
-- Grain: one row per subject, horizon and day. Key: those.
-- Reader: the models that sum over a part of the days.
with final as (
  select term.subject_id, term.horizon, term.day, term.n1, term.r, term.s, term.p, term.q
  from heimdallr_work.term_1 as term
  join heimdallr_work.estimate_final as estimate
    on estimate.subject_id = term.subject_id and estimate.horizon = term.horizon and estimate.pass = 1
  union all
  select term.subject_id, term.horizon, term.day, term.n1, term.r, term.s, term.p, term.q
  from heimdallr_work.term_3 as term
  join heimdallr_work.estimate_final as estimate
    on estimate.subject_id = term.subject_id and estimate.horizon = term.horizon and estimate.pass = 3
)

select * from final
