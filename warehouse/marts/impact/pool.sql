-- With whom are users compared? With those of the same platform, and segment where the settings name one, on that day.
-- Grain: one row per platform and segment. Key: pool.
-- Reader: history.
with labels as (
  select distinct platform || '/' || segment as label
  from heimdallr_work.activity_day
),

final as (
  select row_number() over (order by label) as pool, label
  from labels
)

select * from final
