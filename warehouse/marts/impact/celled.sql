-- The three cells that a user-day falls into, from the finest to the coarsest.
-- Grain: one row per user and active day of the window. Key: user_id, day.
-- Reader: cell, scored.
with final as (
  select
    user_id, day, pool, y1, y7, y28,
    (((pool * 9 + tenure_class) * 7 + active_class) * 9 + rate_class) * 6 + event_class as fine,
    ((pool * 5 + tenure_coarse) * 7 + active_class) * 4 + event_coarse as middle,
    tenure_class * 6 + event_class as coarse
  from heimdallr_work.classed
)

select * from final
