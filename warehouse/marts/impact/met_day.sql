-- Who met which item on which day, and how often? The one model that reads occurrences for the estimate.
-- Grain: one row per project, item, person (none: null), day of receipt, day on which it happened. Key: those.
-- Reader: the other models. Kept from refresh to refresh: only days of receipt whose row count has changed are read again.
-- It happened when the app says so, unless its clock must be wrong: later than an hour after Rollbar received it, or more
-- than 60 days before. Items and persons are those of the occurrences: which were merged, and who is which user, is
-- looked up at each refresh.
-- Rollbar does not say whether somebody sat before the screen. A page in a browser, an app on a phone and a web request
-- do; anything else counts as background.
with rows_read as (
  select
    occurrence.project_id, occurrence.item_id,
    {{key people.personId}} as person_key,
    cast(convert_timezone('UTC', {{timeZone}}, occurrence.occurred_at) as date) - date '2000-01-01' as received_day,
    cast(
      convert_timezone(
        'UTC', {{timeZone}},
        case
          when
            occurrence.customer_timestamp <= occurrence.occurred_at + interval '1 hour'
            and occurrence.customer_timestamp >= occurrence.occurred_at - interval '60 days'
            then occurrence.customer_timestamp
          else occurrence.occurred_at
        end
      ) as date
    ) - date '2000-01-01' as day,
    case
      when occurrence.request_url is not null then 1
      when lower(occurrence.platform) in ('browser', 'client', 'ios', 'android', 'flutter', 'react-native') then 1
      else 0
    end as is_foreground
  from heimdallr.rollbar_occurrence as occurrence
  where occurrence.item_id is not null and {{environments}}
),

final as (
  select
    project_id, item_id, person_key, received_day, day,
    max(is_foreground) as is_foreground,
    count(*) as occurrences
  from rows_read
  where received_day >= {{keptFrom}} and received_day <= {{today}} and {{days}}
  group by project_id, item_id, person_key, received_day, day
)

select * from final
