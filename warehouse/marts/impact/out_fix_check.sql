-- Did the fix work? The rows of heimdallr.fix_check.
-- Grain: one row per item whose newest resolve lies in the window. Key: project_id, item_id.
-- Reader: the report, the digest, analysts.
-- Met by active user-day, 14 days before and 14 days after, the day itself left out; the limits allow for scatter above
-- that of independent events, by a factor of 1.5. Beside it the return of those who met it, 28 days before and up to 28 days after.
with resolved as (
  select
    subject.subject_id, subject.project_id, subject.item_id, item.last_resolved_at as resolved_at,
    cast(convert_timezone('UTC', {{timeZone}}, item.last_resolved_at) as date) - date '2000-01-01' as day
  from heimdallr_work.subject as subject
  join heimdallr.rollbar_item as item on item.project_id = subject.project_id and item.id = subject.item_id
  where item.last_resolved_at is not null
),

in_window as (
  select resolved.subject_id, resolved.project_id, resolved.item_id, resolved.resolved_at, resolved.day, bounds.through_day
  from resolved
  cross join heimdallr_work.bounds as bounds
  where resolved.day >= bounds.window_from and resolved.day <= bounds.through_day
),

active as (
  select day, count(*) as user_days
  from heimdallr_work.user_day
  group by day
),

active_days as (
  select
    in_window.subject_id,
    sum(case when active.day < in_window.day and active.day >= in_window.day - 14 then active.user_days else 0 end) as before_14,
    sum(case when active.day > in_window.day and active.day <= in_window.day + 14 then active.user_days else 0 end) as after_14,
    sum(case when active.day < in_window.day and active.day >= in_window.day - 28 then active.user_days else 0 end) as before_28,
    sum(case when active.day > in_window.day and active.day <= in_window.day + 28 and active.day <= in_window.through_day - 7 then active.user_days else 0 end) as after_28
  from in_window
  join active on active.day >= in_window.day - 28 and active.day <= in_window.day + 28
  group by in_window.subject_id
),

met as (
  select
    in_window.subject_id,
    sum(case when exposure.day < in_window.day and exposure.day >= in_window.day - 14 then 1 else 0 end) as before_14,
    sum(case when exposure.day > in_window.day and exposure.day <= in_window.day + 14 then 1 else 0 end) as after_14
  from in_window
  join heimdallr_work.exposure as exposure on exposure.subject_id = in_window.subject_id
  group by in_window.subject_id
),

returned as (
  select
    in_window.subject_id,
    sum(case when term.day < in_window.day and term.day >= in_window.day - 28 then term.n1 else 0 end) as n_before,
    {{sum case when term.day < in_window.day and term.day >= in_window.day - 28 then term.r else 0 end}} as r_before,
    {{sum case when term.day < in_window.day and term.day >= in_window.day - 28 then term.s else 0 end}} as s_before,
    {{sum case when term.day < in_window.day and term.day >= in_window.day - 28 then term.p else 0 end}} as p_before,
    {{sum case when term.day < in_window.day and term.day >= in_window.day - 28 then term.q else 0 end}} as q_before,
    sum(case when term.day > in_window.day and term.day <= in_window.day + 28 then term.n1 else 0 end) as n_after,
    {{sum case when term.day > in_window.day and term.day <= in_window.day + 28 then term.r else 0 end}} as r_after,
    {{sum case when term.day > in_window.day and term.day <= in_window.day + 28 then term.s else 0 end}} as s_after,
    {{sum case when term.day > in_window.day and term.day <= in_window.day + 28 then term.p else 0 end}} as p_after,
    {{sum case when term.day > in_window.day and term.day <= in_window.day + 28 then term.q else 0 end}} as q_after
  from in_window
  join heimdallr_work.term_final as term on term.subject_id = in_window.subject_id and term.horizon = 7
  group by in_window.subject_id
),

rated as (
  select
    in_window.subject_id, in_window.project_id, in_window.item_id, in_window.resolved_at, in_window.day, in_window.through_day,
    cast(coalesce(met.before_14, 0) as float8) as exposed_before, cast(coalesce(met.after_14, 0) as float8) as exposed_after,
    active_days.before_14 as active_before, active_days.after_14 as active_after,
    active_days.before_28, active_days.after_28,
    coalesce(returned.n_before, 0) as n_before, coalesce(returned.n_after, 0) as n_after,
    returned.s_before / nullif(returned.r_before, 0) as rd_before,
    returned.s_after / nullif(returned.r_after, 0) as rd_after,
    1.96 * 1.96 * returned.p_before / (2 * nullif(returned.r_before * returned.r_before, 0)) as shift_before,
    1.96 * 1.96 * returned.p_after / (2 * nullif(returned.r_after * returned.r_after, 0)) as shift_after,
    1.96 * 1.96 * returned.q_before / nullif(returned.r_before * returned.r_before, 0) as q_before,
    1.96 * 1.96 * returned.q_after / nullif(returned.r_after * returned.r_after, 0) as q_after,
    (returned.s_before / nullif(returned.r_before, 0) * returned.p_before + returned.q_before) / nullif(returned.r_before * returned.r_before, 0) as variance_before,
    (returned.s_after / nullif(returned.r_after, 0) * returned.p_after + returned.q_after) / nullif(returned.r_after * returned.r_after, 0) as variance_after
  from in_window
  left join met on met.subject_id = in_window.subject_id
  left join active_days on active_days.subject_id = in_window.subject_id
  left join returned on returned.subject_id = in_window.subject_id
),

compared as (
  select
    subject_id,
    exposed_before / nullif(active_before, 0) as rate_before,
    exposed_after / nullif(active_after, 0) as rate_after,
    ln((exposed_after + 0.5) / nullif(active_after, 0) * active_before / (exposed_before + 0.5)) as log_ratio,
    1.96 * sqrt(1.5 * (1 / (exposed_after + 0.5) + 1 / (exposed_before + 0.5))) as log_half,
    sqrt(greatest(0, (rd_before + shift_before) * (rd_before + shift_before) - rd_before * rd_before + q_before) + 1.96 * 1.96 * allowance.b * allowance.b) as half_before,
    sqrt(greatest(0, (rd_after + shift_after) * (rd_after + shift_after) - rd_after * rd_after + q_after) + 1.96 * 1.96 * allowance.b * allowance.b) as half_after,
    coalesce(rd_after, 0) * n_after / nullif(after_28, 0) - rd_before * n_before / nullif(before_28, 0) as gain,
    (coalesce(variance_after, 0) + allowance.b * allowance.b) * n_after * n_after / nullif(cast(after_28 as float8) * after_28, 0)
    + (variance_before + allowance.b * allowance.b) * n_before * n_before / nullif(cast(before_28 as float8) * before_28, 0) as gain_variance
  from rated
  cross join heimdallr_work.allowance_final as allowance
  where allowance.horizon = 7 and coalesce(active_before, 0) > 0
),

ended as (
  select
    project_id, item_id, release_id,
    row_number() over (partition by project_id, item_id order by event_at desc) as place
  from heimdallr.bug_lineage
  where event = 'resolved'
),

final as (
  select
    rated.project_id, rated.item_id, rated.resolved_at, ended.release_id, rated.exposed_before, rated.exposed_after,
    compared.rate_before, compared.rate_after,
    exp(compared.log_ratio) as ratio,
    exp(compared.log_ratio - compared.log_half) as ratio_lo,
    exp(compared.log_ratio + compared.log_half) as ratio_hi,
    case
      when rated.day + 14 > rated.through_day then 'too_early'
      when rated.exposed_before < 10 or compared.log_ratio is null then 'too_few'
      when exp(compared.log_ratio + compared.log_half) < 0.2 then 'fixed'
      when exp(compared.log_ratio + compared.log_half) < 1 then 'reduced'
      else 'not_fixed'
    end as verdict,
    (compared.rate_before - compared.rate_after) * rated.active_after / 2 * -shrunk.rd_shrunk as avoided_per_week,
    rated.rd_before,
    greatest(-1, rated.rd_before + rated.shift_before - compared.half_before) as rd_before_lo,
    least(1, rated.rd_before + rated.shift_before + compared.half_before) as rd_before_hi,
    rated.rd_after,
    greatest(-1, rated.rd_after + rated.shift_after - compared.half_after) as rd_after_lo,
    least(1, rated.rd_after + rated.shift_after + compared.half_after) as rd_after_hi,
    case
      when rated.day + 21 > rated.through_day then 'too_early'
      when rated.n_before < 30 or compared.gain is null then 'too_few'
      when compared.gain - 1.96 * sqrt(compared.gain_variance) > 0 then 'helped'
      else 'no_change'
    end as retention_verdict,
    {{computedAt}} as computed_at
  from rated
  left join compared on compared.subject_id = rated.subject_id
  left join heimdallr_work.shrunk as shrunk on shrunk.subject_id = rated.subject_id and shrunk.horizon = 7
  left join ended on ended.project_id = rated.project_id and ended.item_id = rated.item_id and ended.place = 1
)

select * from final
