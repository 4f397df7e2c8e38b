-- Which harmful items only go along with another one? Without the days of the other their difference shrinks by more than
-- half, or less than a tenth of them is left; and the other keeps at least half of its own. Met together on half of the
-- days: bugs that the same few people meet again and again coincide on a third of them by chance.
-- Grain: one row per symptom. Key: subject_id.
-- Reader: harmful_3, and the result. What is left of a symptom without its cause are days on which the cause was met and
-- nobody was named: they carry the whole harm, however few they are, so their difference does not shrink.
with final as (
  select link.subject_id, link.linked_id
  from heimdallr_work.link as link
  join heimdallr_work.harmful_2 as harmful on harmful.subject_id = link.subject_id
  join heimdallr_work.estimate_1 as mine_before on mine_before.subject_id = link.subject_id and mine_before.horizon = 7
  join heimdallr_work.estimate_1 as theirs_before on theirs_before.subject_id = link.linked_id and theirs_before.horizon = 7
  join heimdallr_work.estimate_2 as theirs on theirs.subject_id = link.linked_id and theirs.horizon = 7
  left join heimdallr_work.estimate_2 as mine on mine.subject_id = link.subject_id and mine.horizon = 7
  where
    link.share >= 0.5
    and (coalesce(mine.rd, 0) > 0.5 * mine_before.rd or mine.n1 < 0.1 * mine_before.n1)
    and theirs.rd <= 0.5 * theirs_before.rd
    and theirs.n1 >= 30 and theirs.n1 >= 0.1 * theirs_before.n1
)

select * from final
