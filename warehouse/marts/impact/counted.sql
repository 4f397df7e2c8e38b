-- Who met a subject anew on a day, and who is no control of it then? From the first day of an episode to 28 days after
-- its last nobody is.
-- Grain: one row per subject, day and score. Key: subject_id, day, score.
-- Reader: the first pass. n and x are index days and returns, e and xe the user-days that are no controls and their
-- returns, of each horizon, as far as they could be seen.
with spans as (
  select
    episode.subject_id, scored.day, scored.score, scored.y1, scored.y7, scored.y28,
    case when scored.day = episode.first_day then 1 end as is_index
  from heimdallr_work.episode as episode
  join heimdallr_work.scored as scored
    on scored.user_id = episode.user_id and scored.day >= episode.first_day and scored.day <= episode.last_day + 28
),

final as (
  select
    subject_id, day, score,
    count(is_index * y1) as n1, coalesce(sum(is_index * y1), 0) as x1, count(y1) as e1, coalesce(sum(y1), 0) as xe1,
    count(is_index * y7) as n7, coalesce(sum(is_index * y7), 0) as x7, count(y7) as e7, coalesce(sum(y7), 0) as xe7,
    count(is_index * y28) as n28, coalesce(sum(is_index * y28), 0) as x28, count(y28) as e28, coalesce(sum(y28), 0) as xe28
  from spans
  group by subject_id, day, score
)

select * from final
