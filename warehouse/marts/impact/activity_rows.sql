-- How many rows has the team's own table of each day?
-- Grain: one row per day. Key: day.
-- Reader: the refresh, which reads days again whose number has changed.
with rows_read as (
  select {{day activity.activeAt}} as day
  from {{activity.table}}
  where {{activity.activeAt}} is not null
),

final as (
  select day, count(*) as rows_read
  from rows_read
  where day >= {{keptFrom}} and day <= {{today}}
  group by day
)

select * from final
