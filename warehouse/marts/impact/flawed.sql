-- Of which subjects can nothing true be said, whatever the numbers are?
-- Grain: one row per such subject. Key: subject_id.
-- Reader: evidence, where they would spoil the prior of the others, and the result.
-- late_report: a fifth of the occurrences arrived on a later day than they happened, as native crashes do, at the next
-- launch: only those who came back are ever seen. background: most who met it were not there when it happened.
with measured as (
  select
    subject.subject_id,
    case
      when met_count.late_share >= 0.2 then 'late_report'
      when subject.item_id is not null and met_count.known = 0 then 'no_people'
      when episode_count.candidates > 0 and episode_count.episodes < 0.5 * episode_count.candidates then 'background'
    end as reason
  from heimdallr_work.subject as subject
  left join heimdallr_work.met_count as met_count
    on met_count.project_id = subject.project_id and met_count.item_id = subject.item_id
  left join heimdallr_work.episode_count as episode_count on episode_count.subject_id = subject.subject_id
),

final as (
  select subject_id, reason
  from measured
  where reason is not null
)

select * from final
