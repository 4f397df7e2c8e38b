-- Which items are harmful and no symptom?
-- Grain: one row per item. Key: subject_id.
-- Reader: the third pass.
with final as (
  select harmful.subject_id
  from heimdallr_work.harmful_2 as harmful
  left join heimdallr_work.symptom as symptom on symptom.subject_id = harmful.subject_id
  where symptom.subject_id is null
)

select * from final
