-- The answer for every subject: how sure, how many users a week, or why it cannot be said.
-- Grain: one row per subject that was met in the window, and horizon. Key: subject_id, horizon.
-- Reader: impact_item, impact_release, fix_check.
-- A symptom, and the weaker one of two items that cannot be told apart, add no loss of their own.
with horizons as (
  select 1 as horizon union all select 7 as horizon union all select 28 as horizon
),

met as (
  select
    subject.subject_id, subject.project_id, subject.item_id, subject.release_id, horizons.horizon,
    coalesce(met_count.occurrences, 0) as occurrences, coalesce(met_count.users, 0) as users,
    coalesce(met_count.known, 0) as known, flawed.reason as flaw,
    coalesce(episode_count.episodes, 0) as episodes, coalesce(episode_count.episodes_4w, 0) as episodes_4w,
    revenue.revenue,
    shrunk.pass, shrunk.rd_pass1, coalesce(shrunk.index_days, 0) as index_days, coalesce(shrunk.n1, 0) as n1,
    shrunk.p1, shrunk.p0, shrunk.rd, shrunk.b, shrunk.z, shrunk.p, shrunk.q, coalesce(shrunk.is_tested, 0) as is_tested,
    shrunk.ci_lo, shrunk.ci_hi, shrunk.rd_shrunk, shrunk.sd_shrunk, shrunk.p_harm,
    link.linked_id, link.share as link_share, symptom.linked_id as cause_id
  from heimdallr_work.subject as subject
  cross join horizons
  left join heimdallr_work.met_count as met_count
    on met_count.project_id = subject.project_id and met_count.item_id = subject.item_id
  left join heimdallr_work.episode_count as episode_count on episode_count.subject_id = subject.subject_id
  left join heimdallr_work.flawed as flawed on flawed.subject_id = subject.subject_id
  left join heimdallr_work.revenue as revenue on revenue.subject_id = subject.subject_id
  left join heimdallr_work.shrunk as shrunk on shrunk.subject_id = subject.subject_id and shrunk.horizon = horizons.horizon
  left join heimdallr_work.link as link on link.subject_id = subject.subject_id
  left join heimdallr_work.symptom as symptom on symptom.subject_id = subject.subject_id
  where met_count.occurrences > 0 or (subject.release_id is not null and episode_count.candidates > 0)
),

told_apart as (
  select
    met.subject_id, met.horizon,
    case
      when met.item_id is not null and met.cause_id is null and met.linked_id is not null and met.pass = 1 and met.n1 >= 30
        then 1
      else 0
    end as is_inseparable,
    case
      when
        other.rd_shrunk * other.episodes < met.rd_shrunk * met.episodes
        or (other.rd_shrunk * other.episodes = met.rd_shrunk * met.episodes and other.subject_id < met.subject_id)
        then 1
      else 0
    end as is_weaker
  from met
  left join met as other on other.subject_id = met.linked_id and other.horizon = met.horizon
),

reasoned as (
  select
    met.subject_id, met.project_id, met.item_id, met.release_id, met.horizon, met.occurrences, met.users, met.known,
    met.episodes, met.episodes_4w, met.revenue, met.rd_pass1, met.index_days, met.n1, met.p1, met.p0,
    met.rd, met.b, met.z, met.p, met.q, met.is_tested, met.ci_lo, met.ci_hi, met.rd_shrunk, met.sd_shrunk, met.p_harm,
    met.linked_id, met.link_share, met.cause_id, told_apart.is_inseparable,
    case
      when met.cause_id is not null then 0
      when told_apart.is_inseparable = 1 and told_apart.is_weaker = 1 then 0
      else 1
    end as adds_loss,
    case
      when met.flaw is not null then met.flaw
      when cast(met.item_id as varchar(32)) in ({{negativeControls}}) then 'negative_control'
      when met.index_days >= 30 and met.n1 = 0 then 'no_controls'
      when met.n1 < 30 then 'too_few'
    end as reason
  from met
  join told_apart on told_apart.subject_id = met.subject_id and told_apart.horizon = met.horizon
),

tiered as (
  select
    reasoned.subject_id, reasoned.horizon, reasoned.adds_loss,
    case
      when reasoned.reason in ('late_report', 'background', 'no_people', 'no_controls') then 'not_measurable'
      when reasoned.reason = 'too_few' then 'too_few'
      when reasoned.reason = 'negative_control' then 'unclear'
      when reasoned.rd < 0 and reasoned.q <= {{falseDiscoveryRate}} then 'confirmed'
      when reasoned.p_harm >= 0.95 then 'likely'
      else 'unclear'
    end as tier,
    case when reasoned.reason in ('late_report', 'background', 'no_people', 'no_controls') then 0 else 1 end as is_measurable
  from reasoned
),

final as (
  select
    reasoned.subject_id, reasoned.project_id, reasoned.item_id, reasoned.release_id, reasoned.horizon,
    tiered.tier, reasoned.reason,
    reasoned.occurrences, reasoned.users, reasoned.known,
    case when reasoned.index_days > 0 then cast(reasoned.n1 as float8) / reasoned.index_days end as matched_share,
    reasoned.n1, reasoned.p1, reasoned.p0, reasoned.rd, reasoned.ci_lo, reasoned.ci_hi, reasoned.b, reasoned.z,
    reasoned.p, reasoned.q, reasoned.rd_shrunk, reasoned.sd_shrunk, reasoned.p_harm, reasoned.episodes, reasoned.episodes_4w,
    case when tiered.is_measurable = 1 then -reasoned.rd_shrunk * reasoned.episodes * tiered.adds_loss end as lost_window,
    case when tiered.is_measurable = 1 then -reasoned.rd_shrunk * reasoned.episodes_4w * tiered.adds_loss / 4 end as lost_per_week,
    case when tiered.is_measurable = 1 then -reasoned.ci_hi * reasoned.episodes_4w * tiered.adds_loss / 4 end as lost_per_week_low,
    case when tiered.is_measurable = 1 then -reasoned.ci_lo * reasoned.episodes_4w * tiered.adds_loss / 4 end as lost_per_week_high,
    reasoned.revenue, reasoned.rd_pass1, reasoned.linked_id, reasoned.link_share, reasoned.cause_id,
    reasoned.is_inseparable
  from reasoned
  join tiered on tiered.subject_id = reasoned.subject_id and tiered.horizon = reasoned.horizon
)

select * from final
