-- Which harmful items only go along with another one? Without the days of the other their difference shrinks by more than
-- half, and the other keeps at least half of its own.
-- Grain: one row per symptom. Key: subject_id.
-- Reader: harmful_3, and the result.
with final as (
  select link.subject_id, link.linked_id
  from heimdallr_work.link as link
  join heimdallr_work.harmful_2 as harmful on harmful.subject_id = link.subject_id
  join heimdallr_work.estimate_1 as mine_before on mine_before.subject_id = link.subject_id and mine_before.horizon = 7
  join heimdallr_work.estimate_1 as theirs_before on theirs_before.subject_id = link.linked_id and theirs_before.horizon = 7
  join heimdallr_work.estimate_2 as theirs on theirs.subject_id = link.linked_id and theirs.horizon = 7
  left join heimdallr_work.estimate_2 as mine on mine.subject_id = link.subject_id and mine.horizon = 7
  where
    link.share >= 0.3
    and coalesce(mine.rd, 0) > 0.5 * mine_before.rd
    and theirs.rd <= 0.5 * theirs_before.rd
)

select * from final
