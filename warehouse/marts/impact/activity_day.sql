-- Who was active on which day, as the team's own table says? The one model that reads that table.
-- Grain: one row per user and day. Key: user_key, day. Days are counted from 2000-01-01, in the settings' time zone.
-- Reader: the other models. Kept from refresh to refresh: only days whose row count has changed are read again.
with rows_read as (
  select
    {{key activity.userId}} as user_key,
    {{day activity.activeAt}} as day,
    {{activity.events}} as events,
    cast({{activity.platform}} as varchar(64)) as platform,
    cast({{activity.segment}} as varchar(64)) as segment,
    {{day activity.signedUpAt}} as signup_day,
    cast({{activity.revenue}} as float8) as revenue
  from {{activity.table}}
  where {{activity.activeAt}} is not null
),

final as (
  select
    user_key,
    day,
    cast(sum(events) as integer) as events,
    coalesce(max(platform), 'unknown') as platform,
    coalesce(max(segment), '') as segment,
    min(signup_day) as signup_day,
    sum(revenue) as revenue,
    count(*) as rows_read
  from rows_read
  where day >= {{keptFrom}} and day <= {{today}} and {{days}}
  group by user_key, day
)

select * from final
