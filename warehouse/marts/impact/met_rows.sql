-- How many occurrences were received on each day?
-- Grain: one row per day of receipt. Key: received_day.
-- Reader: the refresh, which reads days again whose number has changed.
with rows_read as (
  select cast(convert_timezone('UTC', {{timeZone}}, occurrence.occurred_at) as date) - date '2000-01-01' as received_day
  from heimdallr.rollbar_occurrence as occurrence
  where occurrence.item_id is not null and {{environments}}
),

final as (
  select received_day, count(*) as occurrences
  from rows_read
  where received_day >= {{keptFrom}} and received_day <= {{today}}
  group by received_day
)

select * from final
