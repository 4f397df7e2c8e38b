-- Which user-days are no controls of a subject? From the first day of an episode to 28 days after its last.
-- Grain: one row per subject, user and active day. Key: subject_id, user_id, day.
-- Reader: the passes.
with final as (
  select
    episode.subject_id, scored.user_id, scored.day, scored.pool,
    scored.bin1, scored.y1, scored.bin7, scored.y7, scored.bin28, scored.y28,
    max(case when scored.day = episode.first_day then 1 else 0 end) as is_index,
    max(case when exposure.day is null then 0 else 1 end) as is_met
  from heimdallr_work.episode as episode
  join heimdallr_work.scored as scored
    on scored.user_id = episode.user_id and scored.day >= episode.first_day and scored.day <= episode.last_day + 28
  left join heimdallr_work.exposure as exposure
    on exposure.subject_id = episode.subject_id and exposure.user_id = scored.user_id and exposure.day = scored.day
  group by
    episode.subject_id, scored.user_id, scored.day, scored.pool,
    scored.bin1, scored.y1, scored.bin7, scored.y7, scored.bin28, scored.y28
)

select * from final
