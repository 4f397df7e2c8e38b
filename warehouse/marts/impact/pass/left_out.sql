-- What goes from a subject's user-days when those with another harmful item are left out?
-- Grain: one row per subject, horizon, day, pool and bin. Key: those.
-- Reader: exposed. A harmful item's own index days stay when no other one was met on them.
with spans as (
  select
    episode.subject_id, scored.day, scored.score, scored.y1, scored.y7, scored.y28,
    case
      when scored.day = episode.first_day and harm.items > case when own.subject_id is null then 0 else 1 end then 1
    end as is_index
  from heimdallr_work.harm_day_{{pass}} as harm
  join heimdallr_work.scored as scored on scored.user_id = harm.user_id and scored.day = harm.day
  join heimdallr_work.episode as episode
    on episode.user_id = harm.user_id and harm.day >= episode.first_day and harm.day <= episode.last_day + 28
  left join heimdallr_work.harmful_{{pass}} as own on own.subject_id = episode.subject_id
),

counted as (
  select
    subject_id, day, score,
    count(is_index * y1) as n1, coalesce(sum(is_index * y1), 0) as x1, count(y1) as e1, coalesce(sum(y1), 0) as xe1,
    count(is_index * y7) as n7, coalesce(sum(is_index * y7), 0) as x7, count(y7) as e7, coalesce(sum(y7), 0) as xe7,
    count(is_index * y28) as n28, coalesce(sum(is_index * y28), 0) as x28, count(y28) as e28, coalesce(sum(y28), 0) as xe28
  from spans
  group by subject_id, day, score
),

final as (
  select
    subject_id, 1 as horizon, day, score / 32768 as pool, score / 1024 % 32 as bin,
    sum(n1) as n1, sum(x1) as x1, sum(e1) as e, sum(xe1) as xe
  from counted
  group by subject_id, day, score / 32768, score / 1024 % 32
  union all
  select
    subject_id, 7 as horizon, day, score / 32768 as pool, score / 32 % 32 as bin,
    sum(n7) as n1, sum(x7) as x1, sum(e7) as e, sum(xe7) as xe
  from counted
  group by subject_id, day, score / 32768, score / 32 % 32
  union all
  select
    subject_id, 28 as horizon, day, score / 32768 as pool, score % 32 as bin,
    sum(n28) as n1, sum(x28) as x1, sum(e28) as e, sum(xe28) as xe
  from counted
  group by subject_id, day, score / 32768, score % 32
)

select * from final
