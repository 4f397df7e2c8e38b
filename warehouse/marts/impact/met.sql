-- Who met which item on which day? Members of a merged group count for the group, persons for their user.
-- Grain: one row per row of met_day. Key: none.
-- Reader: the other models. user_id is null where nobody is named, or nobody who is known or wanted.
with final as (
  select
    met.project_id, coalesce(item.group_item_id, met.item_id) as item_id, person.user_id,
    met.day, met.received_day, met.is_foreground, met.occurrences
  from heimdallr_work.met_day as met
  left join heimdallr_work.person as person on person.person_key = met.person_key
  left join heimdallr.rollbar_item as item on item.project_id = met.project_id and item.id = met.item_id
)

select * from final
