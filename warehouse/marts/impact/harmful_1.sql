-- The first pass leaves nothing out.
-- Grain: none, it is empty. Key: subject_id.
-- Reader: the models of the first pass.
with final as (
  select subject_id
  from heimdallr_work.subject
  where 1 = 0
)

select * from final
