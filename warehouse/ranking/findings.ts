/** What a refresh has to work with, whether that is enough, and what weakens the answer. */
import type { RankingSettings } from '../../contract/impact.ts';
import { SCHEMA } from '../../contract/redshift.ts';
import type { Sql } from '../sql.ts';
import { dayOf } from './fill.ts';
import { WORK } from './tables.ts';

export interface Findings {
  /** First day of the index window and last complete day, `YYYY-MM-DD`; null when nothing is there. */
  readonly windowFrom: string | null;
  readonly dataThrough: string | null;
  /** Occurrences in the window, with or without a known user. */
  readonly occurrences: number;
  readonly userDays: number;
  readonly users: number;
  readonly items: number;
  /** Users of the activity table, in all days that are kept. */
  readonly activeUsers: number;
  /** Share of occurrences whose person is a known user; null without occurrences. */
  readonly coverage: number | null;
  /** Share of person ids that find a user; null without person ids. */
  readonly mappingShare: number | null;
  /** Sentences for whoever reads the ranking. */
  readonly warnings: readonly string[];
}

/** Below this share of person ids that find a user nothing is ranked; below the second it is said. */
const MIN_MAPPED = 0.5;
const GOOD_MAPPED = 0.8;

/** Below this share of an item's own total, occurrences were sampled or rate limited. */
const MIN_LOADED = 0.8;

/**
 * Reads what the preparation has found.
 * @param today in days since 2000-01-01.
 * @throws {SqlError}
 */
export async function readFindings(sql: Sql, settings: RankingSettings, today: number): Promise<Findings> {
  const one = async (select: string): Promise<readonly (number | null)[]> =>
    ((await sql.query(select))[0] ?? []).map((value) => (value === null ? null : Number(value)));
  const [from = null, through = null, historyFrom = null, metFrom = null] = await one(
    `select window_from, through_day, history_from, met_from from ${WORK}.bounds`,
  );
  const ends = await one(`select through_day, active_to, met_to from ${WORK}.bounds`);
  const [userDays, users] = await one(
    `select count(*), count(distinct user_id) from ${WORK}.user_day as days cross join ${WORK}.bounds as bounds where days.day >= bounds.window_from`,
  );
  const [activeUsers] = await one(`select count(*) from ${WORK}.app_user`);
  const [occurrences, known, items] = await one(
    `select coalesce(sum(met.occurrences), 0), coalesce(sum(case when met.user_id is null then 0 else met.occurrences end), 0), count(distinct met.item_id)
     from ${WORK}.met as met cross join ${WORK}.bounds as bounds
     where met.day >= bounds.window_from and met.day <= bounds.through_day`,
  );
  const [people, mapped] = await one(
    `select count(*), count(person.person_key)
     from (select distinct person_key from ${WORK}.met_day where person_key is not null and person_key <> '') as named
     left join ${WORK}.person as person on person.person_key = named.person_key`,
  );
  const gaps = await sql.query(`select day from ${WORK}.gap_day order by day`);
  const found: Omit<Findings, 'warnings'> = {
    windowFrom: from === null ? null : dayOf(from),
    dataThrough: through === null ? null : dayOf(through),
    occurrences: occurrences ?? 0,
    userDays: userDays ?? 0,
    users: users ?? 0,
    items: items ?? 0,
    activeUsers: activeUsers ?? 0,
    coverage: occurrences ? (known ?? 0) / occurrences : null,
    mappingShare: people ? (mapped ?? 0) / people : null,
  };
  const warnings = [
    ...mappingWarnings(found),
    ...(gaps.length === 0
      ? []
      : [
          `the activity table has fewer than half of the usual users on ${gaps.length} days (${gaps
            .slice(0, 5)
            .map(([at]) => dayOf(Number(at)))
            .join(
              ', ',
            )}${gaps.length > 5 ? ', …' : ''}): they are left out; load them again if they are incomplete`,
        ]),
    ...historyWarnings({ from, historyFrom, metFrom }, settings),
    ...delayWarnings(ends, today),
    ...(await samplingWarnings(sql)),
  ];
  return { ...found, warnings };
}

/** Days by which the last complete day may be behind today before it is said: a table that is filled each night. */
const USUAL_DELAY = 2;

function delayWarnings(
  [through = null, activeTo = null, metTo = null]: readonly (number | null)[],
  today: number,
): readonly string[] {
  if (through === null || activeTo === null || metTo === null || through >= today - USUAL_DELAY) return [];
  const late =
    activeTo <= metTo
      ? `the activity table ends on ${dayOf(activeTo)}: look at the job that fills it`
      : `Rollbar was polled last on ${dayOf(metTo)}: look at heimdallr.feed_freshness`;
  return [`nothing after ${dayOf(through)} can be judged, because ${late}`];
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function mappingWarnings({ mappingShare, coverage }: Omit<Findings, 'warnings'>): readonly string[] {
  const warnings: string[] = [];
  if (mappingShare !== null && mappingShare < GOOD_MAPPED) {
    warnings.push(
      `only ${percent(mappingShare)} of the person ids find a user in the activity table: look at \`people\` in heimdallr.config.ts, and at which accounts the table leaves out`,
    );
  }
  if (coverage !== null && coverage < 0.5) {
    warnings.push(
      `only ${percent(coverage)} of the occurrences name a known user, and losses are those of known users: have the app report the person (rollbar.configure payload.person)`,
    );
  }
  return warnings;
}

function historyWarnings(
  days: {
    readonly from: number | null;
    readonly historyFrom: number | null;
    readonly metFrom: number | null;
  },
  { windowDays }: RankingSettings,
): readonly string[] {
  const { from, historyFrom, metFrom } = days;
  if (from === null || historyFrom === null || metFrom === null) return [];
  const warnings: string[] = [];
  if (historyFrom > from - 90) {
    warnings.push(
      `the activity table begins on ${dayOf(historyFrom)}, less than 90 days before the window: habits are known less well, so busy users and harmful bugs are told apart less well`,
    );
  }
  if (metFrom > from - 28) {
    warnings.push(
      `occurrences begin on ${dayOf(metFrom)}, less than 28 days before a window of ${windowDays} days: who met a bug before is not known; backfill the feed further`,
    );
  }
  return warnings;
}

/** Items whose occurrences were all received since the first day that is loaded, and of which Rollbar counts more. */
async function samplingWarnings(sql: Sql): Promise<readonly string[]> {
  const rows = await sql.query(
    `with loaded as (
       select project_id, item_id, count(*) as occurrences
       from ${SCHEMA}.rollbar_occurrence
       where item_id is not null
       group by project_id, item_id
     ),
     begun as (
       select project_id, min(occurred_at) as occurred_at
       from ${SCHEMA}.rollbar_occurrence
       group by project_id
     )
     select item.counter, loaded.occurrences, item.total_occurrences
     from ${SCHEMA}.rollbar_item as item
     join begun on begun.project_id = item.project_id and item.first_occurrence_at >= begun.occurred_at
     join loaded on loaded.project_id = item.project_id and loaded.item_id = item.id
     where item.last_resolved_at is null and item.group_item_id is null and loaded.occurrences < ${MIN_LOADED} * item.total_occurrences
     order by item.total_occurrences desc, item.counter
     limit 5`,
  );
  return rows.map(
    ([counter, loaded, total]) =>
      `of item #${counter} only ${loaded} of ${total} occurrences are loaded: sampling or a rate limit hides who met it, and its loss is too small; backfill the feed, or raise the limit`,
  );
}

/** Why nothing true could be said, and what to do; null when it can. */
export function refusalOf(findings: Findings, { activity }: RankingSettings): string | null {
  const table = activity?.table ?? 'the activity table';
  if (findings.activeUsers === 0) {
    return `${table} has no rows of the last 150 days: fill it, or name the right table and its column of time as \`activity\` in heimdallr.config.ts`;
  }
  if (findings.dataThrough === null) {
    return 'no occurrence of Rollbar is in the warehouse yet: wait for the first load, or look why nothing arrives (heimdallr.feed_freshness)';
  }
  if (findings.mappingShare !== null && findings.mappingShare < MIN_MAPPED) {
    return `only ${percent(findings.mappingShare)} of the person ids that Rollbar shows find a user in ${table}, expected at least ${percent(MIN_MAPPED)}: the ranking would be about few of the users. Say as \`people\` in heimdallr.config.ts how a person id becomes a user id`;
  }
  return null;
}
