-- With which harmful item is an item met most often?
-- Grain: one row per item that is met together with any. Key: subject_id.
-- Reader: symptom, and the result. The share is that of the item's days with a user on which the other was met, too.
with pairs as (
  select mine.subject_id, theirs.subject_id as linked_id, count(*) as days
  from heimdallr_work.exposure as mine
  join heimdallr_work.exposure as theirs on theirs.user_id = mine.user_id and theirs.day = mine.day
  join heimdallr_work.harmful_2 as harmful on harmful.subject_id = theirs.subject_id
  where theirs.subject_id <> mine.subject_id
  group by mine.subject_id, theirs.subject_id
),

totals as (
  select subject_id, count(*) as days
  from heimdallr_work.exposure
  group by subject_id
),

placed as (
  select
    pairs.subject_id, pairs.linked_id, cast(pairs.days as float8) / totals.days as share,
    row_number() over (partition by pairs.subject_id order by pairs.days desc, pairs.linked_id) as place
  from pairs
  join totals on totals.subject_id = pairs.subject_id
  join heimdallr_work.subject as subject on subject.subject_id = pairs.subject_id and subject.item_id is not null
),

final as (
  select subject_id, linked_id, share
  from placed
  where place = 1
)

select * from final
