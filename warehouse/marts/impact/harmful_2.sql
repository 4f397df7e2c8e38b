-- Which items are harmful by themselves, as far as the first pass can tell?
-- Grain: one row per item. Key: subject_id.
-- Reader: the second pass.
with final as (
  select subject_id
  from heimdallr_work.evidence_1
  where horizon = 7 and family = 0 and rd < 0 and q <= {{falseDiscoveryRate}}
)

select * from final
