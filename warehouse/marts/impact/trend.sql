-- Is an item met by more people than before? The last complete week beside the mean of the four before it: by a factor
-- above 1.5, and by more than twice the standard deviation of the difference of such counts.
-- Grain: one row per subject that rises or falls. Key: subject_id.
-- Reader: the result.
with last_week as (
  select through_day - 6 - mod(through_day - 6 + 5, 7) as week_day, window_from
  from heimdallr_work.bounds
),

counted as (
  select
    week_count.subject_id,
    cast(sum(case when week_count.week_day = last_week.week_day then week_count.episodes else 0 end) as float8) as newest,
    cast(
      sum(
        case
          when week_count.week_day < last_week.week_day and week_count.week_day >= last_week.week_day - 28
            then week_count.episodes
          else 0
        end
      ) as float8
    ) / 4 as usual
  from heimdallr_work.week_count as week_count
  cross join last_week
  where last_week.week_day - 28 >= last_week.window_from
  group by week_count.subject_id
),

final as (
  select subject_id, case when newest > usual then 'rising' else 'falling' end as trend
  from counted
  where
    (newest > 1.5 * usual or usual > 1.5 * newest)
    and abs(newest - usual) > 2 * sqrt(newest + usual / 4)
)

select * from final
