-- Which users are alike on a day, and did they come back within 1, 7 and 28 days?
-- Grain: one row per user and active day of the window. Key: user_id, day.
-- Reader: cell, scored. An outcome is null when it cannot be seen yet, or when a day that it looks at is a gap.
-- A cell is a number made of classes: of the pool, of the days since sign-up, of how many of the last 28 days were
-- active, of the rate in the 62 days before those, and of the sessions of the day itself.
with gaps as (
  select
    history.user_id, history.day,
    min(gap.day - history.day) as days_to_gap
  from heimdallr_work.history as history
  join heimdallr_work.gap_day as gap on gap.day >= history.day and gap.day <= history.day + 28
  group by history.user_id, history.day
),

measured as (
  select
    history.user_id, history.day, history.pool, history.next_day, history.events, history.active28,
    coalesce(gaps.days_to_gap, 99) as days_to_gap, bounds.through_day,
    history.day - app_user.signup_day as tenure,
    least(coalesce(history.day - app_user.signup_day, 90), history.day - bounds.history_from, 90) as observed,
    history.active90 - history.active28 as active_before
  from heimdallr_work.history as history
  join heimdallr_work.app_user as app_user on app_user.user_id = history.user_id
  cross join heimdallr_work.bounds as bounds
  left join gaps on gaps.user_id = history.user_id and gaps.day = history.day
),

rated as (
  select
    measured.user_id, measured.day, measured.pool, measured.next_day, measured.events, measured.active28,
    measured.days_to_gap, measured.through_day, measured.tenure,
    case
      when measured.observed >= 35
        then cast(measured.active_before as float8) / (measured.observed - 28)
    end as rate
  from measured
),

final as (
  select
    user_id, day, pool,
    case when day + 1 <= through_day and days_to_gap > 1 then case when next_day <= day + 1 then 1 else 0 end end as y1,
    case when day + 7 <= through_day and days_to_gap > 7 then case when next_day <= day + 7 then 1 else 0 end end as y7,
    case when day + 28 <= through_day and days_to_gap > 28 then case when next_day <= day + 28 then 1 else 0 end end as y28,
    case
      when tenure is null then 8 when tenure < 1 then 0 when tenure < 2 then 1 when tenure < 4 then 2
      when tenure < 7 then 3 when tenure < 14 then 4 when tenure < 28 then 5 when tenure < 90 then 6 else 7
    end as tenure_class,
    case
      when tenure is null then 4 when tenure < 7 then 0 when tenure < 28 then 1 when tenure < 90 then 2 else 3
    end as tenure_coarse,
    case
      when active28 < 1 then 0 when active28 < 3 then 1 when active28 < 6 then 2 when active28 < 10 then 3
      when active28 < 15 then 4 when active28 < 21 then 5 else 6
    end as active_class,
    case
      when rate is null then 8 when rate < 0.05 then 0 when rate < 0.12 then 1 when rate < 0.20 then 2
      when rate < 0.30 then 3 when rate < 0.42 then 4 when rate < 0.55 then 5 when rate < 0.70 then 6 else 7
    end as rate_class,
    case
      when events < 2 then 0 when events < 3 then 1 when events < 4 then 2 when events < 6 then 3
      when events < 9 then 4 else 5
    end as event_class,
    case when events < 2 then 0 when events < 3 then 1 when events < 5 then 2 else 3 end as event_coarse
  from rated
)

select * from final
