-- On which days did a user meet items that are left out in this pass?
-- Grain: one row per user and day with any. Key: user_id, day.
-- Reader: the other models of the pass.
with final as (
  select exposure.user_id, exposure.day, count(*) as items
  from heimdallr_work.exposure as exposure
  join heimdallr_work.harmful_{{pass}} as harmful on harmful.subject_id = exposure.subject_id
  group by exposure.user_id, exposure.day
)

select * from final
