/**
 * What the report reads, one query a question, in Redshift's words. People are counted in SQL, and a count below ten
 * leaves the warehouse as null: nobody is to be found out by a report that is passed around.
 */
import { RANK_HORIZON } from '../contract/impact.ts';
import { SCHEMA } from '../contract/redshift.ts';
import { day, flag, instant, maybe, number, type RowOf, sentences, text } from './rows.ts';

/** So many items get a section of their own, with weeks and platforms. */
export const DETAILED = 50;

/** Below it, a count of people is not shown. */
export const FEWEST_PEOPLE = 10;

const key = { project_id: text, item_id: text };

const estimate = {
  horizon: number,
  tier: text,
  reason: maybe(text),
  matched_share: maybe(number),
  n1: number,
  p1: maybe(number),
  p0: maybe(number),
  rd: maybe(number),
  ci_lo: maybe(number),
  ci_hi: maybe(number),
  q: maybe(number),
  p_harm: maybe(number),
  users_lost_per_week: maybe(number),
  users_lost_per_week_low: maybe(number),
  users_lost_per_week_high: maybe(number),
  revenue_lost_per_week: maybe(number),
};

export const itemColumns = {
  ...key,
  rank: number,
  counter: maybe(number),
  title: maybe(text),
  level: maybe(text),
  status: maybe(text),
  environment: maybe(text),
  occurrences: number,
  users_affected: maybe(number),
  coverage: maybe(number),
  scaled_loss: maybe(number),
  ...estimate,
  linked_item_id: maybe(text),
  link_share: maybe(number),
  symptom_of: maybe(text),
  inseparable: flag,
  trend: maybe(text),
  introduced_release_id: maybe(text),
  introduced_how: text,
};
export type ItemRow = RowOf<typeof itemColumns>;

/** Items that Rollbar has forgotten have a title by their occurrences only. */
export const itemsFrom = `from (
  select
    impact.rank, impact.project_id, impact.item_id, impact.horizon, impact.occurrences, impact.users_affected,
    impact.coverage, impact.scaled_loss, impact.tier, impact.reason, impact.matched_share, impact.n1, impact.p1, impact.p0,
    impact.rd, impact.ci_lo, impact.ci_hi, impact.q, impact.p_harm, impact.users_lost_per_week,
    impact.users_lost_per_week_low, impact.users_lost_per_week_high, impact.revenue_lost_per_week,
    impact.linked_item_id, impact.link_share, impact.symptom_of, impact.inseparable, impact.trend,
    impact.introduced_release_id, impact.introduced_how,
    item.counter, item.level, item.status, item.environment, coalesce(item.title, seen.title) as title
  from ${SCHEMA}.impact_item as impact
  left join ${SCHEMA}.rollbar_item as item on item.project_id = impact.project_id and item.id = impact.item_id
  left join (
    select project_id, item_id, max(coalesce(title, exception_class)) as title
    from ${SCHEMA}.rollbar_occurrence
    group by project_id, item_id
  ) as seen on seen.project_id = impact.project_id and seen.item_id = impact.item_id
) as ranked
order by horizon, rank, project_id, item_id`;

/** Rows that belong to an item with a section. */
const ofDetailed = (alias: string): string =>
  `join ${SCHEMA}.impact_item as impact on impact.project_id = ${alias}.project_id
    and impact.item_id = ${alias}.item_id and impact.horizon = ${RANK_HORIZON} and impact.rank <= ${DETAILED}`;

export const weekColumns = {
  ...key,
  week: day,
  is_complete: flag,
  new_episodes: maybe(number),
  rd: maybe(number),
  ci_lo: maybe(number),
  ci_hi: maybe(number),
  users_lost: maybe(number),
};
export type Week = RowOf<typeof weekColumns>;
export const weeksFrom = `from (
  select
    weeks.project_id, weeks.item_id, weeks.week, weeks.is_complete, weeks.rd, weeks.ci_lo, weeks.ci_hi,
    case when weeks.new_episodes = 0 or weeks.new_episodes >= ${FEWEST_PEOPLE} then weeks.new_episodes end as new_episodes,
    weeks.users_lost
  from ${SCHEMA}.impact_week as weeks
  ${ofDetailed('weeks')}
) as detailed
order by project_id, item_id, week`;

export const platformColumns = { ...key, platform: text, people: maybe(number) };
export type Platform = RowOf<typeof platformColumns>;
/** A member of a merged group counts for its group. */
export const platformsFrom = `from (
  select
    members.project_id, members.item_id, coalesce(occurrences.platform, 'unknown') as platform,
    count(distinct occurrences.person_id) as counted,
    case when count(distinct occurrences.person_id) >= ${FEWEST_PEOPLE} then count(distinct occurrences.person_id) end as people
  from ${SCHEMA}.rollbar_occurrence as occurrences
  join (
    select project_id, item_id as member_id, item_id, window_from, data_through
    from ${SCHEMA}.impact_item
    where horizon = ${RANK_HORIZON} and rank <= ${DETAILED}
    union all
    select item.project_id, item.id as member_id, impact.item_id, impact.window_from, impact.data_through
    from ${SCHEMA}.rollbar_item as item
    join ${SCHEMA}.impact_item as impact on impact.project_id = item.project_id and impact.item_id = item.group_item_id
    where impact.horizon = ${RANK_HORIZON} and impact.rank <= ${DETAILED} and item.id <> impact.item_id
  ) as members on members.project_id = occurrences.project_id and members.member_id = occurrences.item_id
  where occurrences.occurred_at >= members.window_from and occurrences.occurred_at < members.data_through + 1
  group by members.project_id, members.item_id, coalesce(occurrences.platform, 'unknown')
) as counted_platforms
order by project_id, item_id, counted desc, platform`;

export const lineageColumns = {
  ...key,
  event: text,
  event_at: instant,
  code_version: maybe(text),
  release_id: maybe(text),
  release_source: maybe(text),
  release_version: maybe(text),
  released_at: maybe(instant),
  commit_sha: maybe(text),
  pipeline_id: maybe(text),
  pipeline_source: maybe(text),
  how: text,
  confidence: maybe(number),
  evidence: text,
};
export type Lineage = RowOf<typeof lineageColumns>;
export const lineageFrom = `from ${SCHEMA}.bug_lineage order by event_at, project_id, item_id`;

export const fixColumns = {
  ...key,
  resolved_at: instant,
  release_id: maybe(text),
  ratio: maybe(number),
  ratio_lo: maybe(number),
  ratio_hi: maybe(number),
  verdict: text,
  avoided_per_week: maybe(number),
  rd_before: maybe(number),
  rd_after: maybe(number),
  retention_verdict: text,
};
export type Fix = RowOf<typeof fixColumns>;
export const fixesFrom = `from ${SCHEMA}.fix_check order by resolved_at desc, project_id, item_id`;

export const releaseColumns = {
  release_id: text,
  app: maybe(text),
  version: maybe(text),
  released_at: maybe(instant),
  commit_sha: maybe(text),
  items: number,
  ...estimate,
};
export type Release = RowOf<typeof releaseColumns>;
export const releasesFrom = `from (
  select
    impact.release_id, release.app, release.version, release.released_at, release.commit_sha,
    impact.items, impact.horizon, impact.tier, impact.reason, impact.matched_share, impact.n1,
    impact.p1, impact.p0, impact.rd, impact.ci_lo, impact.ci_hi, impact.q, impact.p_harm,
    impact.users_lost_per_week, impact.users_lost_per_week_low, impact.users_lost_per_week_high,
    impact.revenue_lost_per_week
  from ${SCHEMA}.impact_release as impact
  left join ${SCHEMA}.release as release on release.release_id = impact.release_id
  where impact.horizon = ${RANK_HORIZON}
) as costly
order by case tier when 'confirmed' then 1 when 'likely' then 2 else 3 end, users_lost_per_week desc nulls last, release_id`;

export const runColumns = {
  computed_at: instant,
  status: text,
  refusal: maybe(text),
  window_from: maybe(day),
  data_through: maybe(day),
  occurrences: number,
  users: number,
  items: number,
  coverage: maybe(number),
  mapping_share: maybe(number),
  warnings: sentences,
};
export type Run = RowOf<typeof runColumns>;
export const runFrom = `from ${SCHEMA}.impact_run order by computed_at desc limit 1`;

export const feedColumns = {
  feed: text,
  newest_poll_at: instant,
  newest_fact_at: maybe(instant),
  seconds_since_poll: number,
  p50_seconds: maybe(number),
  p95_seconds: maybe(number),
};
export type Feed = RowOf<typeof feedColumns>;
export const feedsFrom = `from ${SCHEMA}.feed_freshness order by feed`;

/** A run is as well as the worst of its record types. */
export const ledgerColumns = {
  runs_complete: number,
  runs_in_flight: number,
  runs_late: number,
  records_late: number,
};
export type Ledger = RowOf<typeof ledgerColumns>;
export const ledgerFrom = `from (
  select
    coalesce(sum(case when worst = 0 then 1 else 0 end), 0) as runs_complete,
    coalesce(sum(case when worst = 1 then 1 else 0 end), 0) as runs_in_flight,
    coalesce(sum(case when worst = 2 then 1 else 0 end), 0) as runs_late,
    coalesce(sum(late), 0) as records_late
  from (
    select
      run_id, max(case status when 'late' then 2 when 'in_flight' then 1 else 0 end) as worst,
      sum(case when status = 'late' then missing else 0 end) as late
    from ${SCHEMA}.ledger
    group by run_id
  ) as runs
) as counted`;

export const deliveryColumns = {
  day,
  deployments: number,
  lead_time_p50_seconds: maybe(number),
  lead_time_p90_seconds: maybe(number),
  change_failures: maybe(number),
  change_failure_rate: maybe(number),
  restore_p50_seconds: maybe(number),
};
export type DeliveryDay = RowOf<typeof deliveryColumns>;
export const deliveryFrom = `from (
  select
    day, deployments, lead_time_p50_seconds, lead_time_p90_seconds, change_failures, change_failure_rate, restore_p50_seconds
  from ${SCHEMA}.delivery_daily
  order by day desc
  limit 56
) as newest
order by day`;

export const naiveColumns = {
  ...key,
  rank: number,
  people: maybe(number),
  occurrences: number,
  level: maybe(text),
  status: maybe(text),
  environment: maybe(text),
  title: maybe(text),
};
export type NaiveRow = RowOf<typeof naiveColumns>;
export const naiveFrom = `from (
  select
    rank, occurrences, level, status, environment, title, project_id, item_id,
    case when people >= ${FEWEST_PEOPLE} then people end as people
  from ${SCHEMA}.item_ranking
) as naive
order by rank
limit 25`;
