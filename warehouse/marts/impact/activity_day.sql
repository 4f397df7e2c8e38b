-- Who was active on which day, as the team's own table says? The one model that reads that table.
-- Grain: one row per user and day. Key: user_key, day. Days are counted from 2000-01-01, in the settings' time zone.
-- Reader: the other models. Kept from refresh to refresh: only days whose row count has changed are read again.
-- A UUID may be written in either case and is one user; any other id keeps its case.
with rows_read as (
  select
    trim(cast({{activity.userId}} as varchar(256))) as user_key,
    cast(convert_timezone('UTC', {{timeZone}}, cast({{activity.activeAt}} as timestamp)) as date) - date '2000-01-01' as day,
    {{activity.events}} as events,
    cast({{activity.platform}} as varchar(64)) as platform,
    cast({{activity.segment}} as varchar(64)) as segment,
    cast(convert_timezone('UTC', {{timeZone}}, cast({{activity.signedUpAt}} as timestamp)) as date) - date '2000-01-01' as signup_day,
    cast({{activity.revenue}} as float8) as revenue
  from {{activity.table}}
  where {{activity.activeAt}} is not null
),

final as (
  select
    case when user_key like '________-____-____-____-____________' then lower(user_key) else user_key end as user_key,
    day,
    cast(sum(events) as integer) as events,
    coalesce(max(platform), 'unknown') as platform,
    coalesce(max(segment), '') as segment,
    min(signup_day) as signup_day,
    sum(revenue) as revenue,
    count(*) as rows_read
  from rows_read
  where day >= {{keptFrom}} and day <= {{today}} and {{days}}
  group by case when user_key like '________-____-____-____-____________' then lower(user_key) else user_key end, day
)

select * from final
