/**
 * The answer's tables: which bugs cost users, in which release they came, and whether the fix helped.
 *
 * The refresh in `warehouse/ranking` fills them from the models in `warehouse/marts`; whoever reads them (the report,
 * the digest, an analyst) needs no other table to know how sure a number is. An item is a Rollbar item; a member of a
 * merged group counts for its group.
 */
import {
  bigint,
  boolean,
  date,
  double,
  integer,
  nullable,
  smallint,
  superJson,
  timestamp,
  varchar,
} from './columns.ts';
import type { Table } from './redshift.ts';

/** After how many days a user who has not come back counts as lost. */
export const HORIZONS = [1, 7, 28] as const;
export type Horizon = (typeof HORIZONS)[number];

/** The horizon by which items are ranked. */
export const RANK_HORIZON: Horizon = 7;

/** How sure the harm of an item is, the surest first. */
export const TIERS = ['confirmed', 'likely', 'unclear', 'too_few', 'not_measurable'] as const;
export type Tier = (typeof TIERS)[number];

const itemKey = {
  project_id: bigint('Rollbar project.'),
  item_id: bigint('Rollbar item; the group, where items were merged.'),
};

/** An estimate, and what it stands on; of an item or of a release. */
const estimate = {
  tier: varchar(
    16,
    'How sure the harm is: confirmed (fewer return, at a false discovery rate of 0.10), likely (probability of harm at least 0.95), unclear, too_few (fewer than 30 matched index days) or not_measurable.',
  ),
  reason: nullable(
    varchar(
      64,
      'Why it is not ranked: late_report, background, no_people, no_controls, too_few or negative_control; null when it is.',
    ),
  ),
  matched_share: nullable(double('Share of its index days that have controls, 0 to 1.')),
  n1: integer('Matched index days: people who met it on a day, and whose return could be seen.'),
  p1: nullable(double('Share of them who came back.')),
  p0: nullable(double('Share that was to be expected of them, from the controls.')),
  rd: nullable(double('p1 - p0, pooled over strata by Mantel-Haenszel: negative when fewer come back.')),
  ci_lo: nullable(double('Lower 95 % limit of rd, the allowance b included.')),
  ci_hi: nullable(double('Upper 95 % limit of rd.')),
  b: nullable(double('Allowance for what the score does not know: a standard deviation on the scale of rd.')),
  z: nullable(double('rd by its standard error, the allowance included; negative means harm.')),
  p: nullable(double('One-sided p of harm; null when it was not tested.')),
  q: nullable(double('p after Benjamini and Hochberg, over everything tested at this horizon.')),
  rd_shrunk: nullable(double('rd drawn towards the mean of all items by its own uncertainty.')),
  sd_shrunk: nullable(double('Standard deviation of rd_shrunk.')),
  p_harm: nullable(double('Probability that it makes fewer come back.')),
  new_episodes: integer('People who met it anew within the complete window.'),
  new_episodes_4w: integer('Those of its last 28 days.'),
  users_lost_window: nullable(double('Users lost over the window: new_episodes times -rd_shrunk.')),
  users_lost_per_week: nullable(double('Users lost per week, by the last 28 days.')),
  users_lost_per_week_low: nullable(double('The same at ci_hi, the milder limit.')),
  users_lost_per_week_high: nullable(double('The same at ci_lo, the graver limit.')),
  revenue_lost_per_week: nullable(
    double(
      'users_lost_per_week times the mean revenue of those who met it in the 28 days before; null without revenue.',
    ),
  ),
};

const window = {
  window_from: date('First day of the index window.'),
  data_through: date('Last day that is complete in the activity table and in Rollbar.'),
  computed_at: timestamp('When it was computed, UTC.'),
};

const horizon = smallint('Days within which a user has to come back: 1, 7 or 28.');

export const impactItemTable: Table = {
  name: 'impact_item',
  description:
    'Which bugs cost users? One row per Rollbar item and horizon; the answer is ordered by rank at horizon 7.',
  columns: {
    ...itemKey,
    horizon,
    rank: integer('Place at this horizon: by tier, then by users_lost_per_week; 1 is what to fix first.'),
    occurrences: integer('Occurrences in the window, whoever met them.'),
    users_affected: nullable(
      integer('Users who met it in the window; null below 10, so that nobody is found out.'),
    ),
    coverage: nullable(double('Share of its occurrences whose person is a known user.')),
    scaled_loss: nullable(
      double('users_lost_per_week by coverage: what it would be if the unknown are like the known.'),
    ),
    ...estimate,
    rd_pass1: nullable(double('rd before other harmful items were left out.')),
    linked_item_id: nullable(bigint('The harmful item that was met most often together with it.')),
    link_share: nullable(double('Share of its exposed days on which that one was met too.')),
    symptom_of: nullable(
      bigint('The item that causes it: fixing that one ends this one. It adds no loss of its own.'),
    ),
    inseparable: boolean(
      'True when it cannot be told apart from linked_item_id; the loss counts once, on the stronger.',
    ),
    trend: nullable(
      varchar(8, 'rising or falling by its new episodes of the last complete week; null when steady.'),
    ),
    introduced_release_id: nullable(
      varchar(128, 'Release that brought it, of heimdallr.release; null when none is known.'),
    ),
    introduced_how: varchar(16, 'code_version, time, none or before_data: how that release was found.'),
    ...window,
  },
  sortKey: ['horizon', 'rank'],
};

export const impactWeekTable: Table = {
  name: 'impact_week',
  description: 'How an item went, week by week, at horizon 7. One row per item and ISO week.',
  columns: {
    ...itemKey,
    week: date('Monday of the week.'),
    is_complete: boolean('False for the week that data_through lies in.'),
    new_episodes: integer('People who met it anew.'),
    n1: integer('Matched index days whose return could be seen.'),
    rd: nullable(double('Difference in return, as in impact_item, of this week alone.')),
    ci_lo: nullable(double('Lower 95 % limit of rd.')),
    ci_hi: nullable(double('Upper 95 % limit of rd.')),
    users_lost: nullable(double('new_episodes times -rd_shrunk of the item.')),
  },
  sortKey: ['week'],
};

export const impactReleaseTable: Table = {
  name: 'impact_release',
  description:
    'What a release cost: everybody exposed to any item that it brought or brought back, once each. One row per release and horizon.',
  columns: {
    release_id: varchar(128, 'Release, of heimdallr.release.'),
    horizon,
    items: integer('Items that it activated.'),
    ...estimate,
    ...window,
  },
  sortKey: ['horizon'],
};

export const fixCheckTable: Table = {
  name: 'fix_check',
  description:
    'Did the fix work? One row per item that was resolved in the window: how often it is met, and how many return, before and after.',
  columns: {
    ...itemKey,
    resolved_at: timestamp('When it was resolved, UTC.'),
    release_id: nullable(
      varchar(128, 'Release that resolved it, of heimdallr.release; null when none is known.'),
    ),
    exposed_before: integer('Exposed user-days in the 14 days before.'),
    exposed_after: integer('Exposed user-days in the 14 days after.'),
    rate_before: nullable(double('Exposed by active user-days, 14 days before.')),
    rate_after: nullable(double('The same, 14 days after.')),
    ratio: nullable(double('rate_after by rate_before, half a case added to both.')),
    ratio_lo: nullable(double('Lower 95 % limit of ratio.')),
    ratio_hi: nullable(double('Upper 95 % limit of ratio.')),
    verdict: varchar(
      16,
      'fixed (ratio_hi below 0.2), reduced (below 1), not_fixed, too_few (under 10 before) or too_early.',
    ),
    avoided_per_week: nullable(double('Users per week who are not lost any more.')),
    rd_before: nullable(double('Difference in return of the exposed before the resolve, at horizon 7.')),
    rd_before_lo: nullable(double('Lower 95 % limit of rd_before.')),
    rd_before_hi: nullable(double('Upper 95 % limit of rd_before.')),
    rd_after: nullable(double('Difference in return of those exposed after it.')),
    rd_after_lo: nullable(double('Lower 95 % limit of rd_after.')),
    rd_after_hi: nullable(double('Upper 95 % limit of rd_after.')),
    retention_verdict: varchar(
      16,
      'helped (users lost per active user-day fell, and the interval of the change leaves out 0), no_change, too_early or too_few.',
    ),
    computed_at: timestamp('When it was computed, UTC.'),
  },
  sortKey: ['resolved_at'],
};

export const impactRunTable: Table = {
  name: 'impact_run',
  description:
    'What the newest refresh of the ranking had to work with, and whether it could. One row per refresh; 100 are kept.',
  columns: {
    computed_at: timestamp('When it began, UTC.'),
    status: varchar(16, 'ranked, or refused: then the tables are those of the refresh before.'),
    refusal: nullable(varchar(1024, 'Why it was refused, and what to do.')),
    seconds: double('How long it took.'),
    is_incremental: boolean('True when earlier days were kept.'),
    window_from: nullable(date('First day of the index window.')),
    data_through: nullable(date('Last day that is complete in both sources.')),
    parameters: superJson(16_384, 'Settings of the method.'),
    occurrences: integer('Occurrences read for the window.'),
    user_days: integer('Active days of users in the window.'),
    users: integer('Users with an active day in the window.'),
    items: integer('Items met in the window.'),
    coverage: nullable(double('Share of occurrences whose person is a known user.')),
    mapping_share: nullable(double('Share of person ids that find a user.')),
    warnings: superJson(32_768, 'Array of sentences: what weakens the numbers, and what to do about it.'),
  },
  sortKey: ['computed_at'],
};

export const bugLineageTable: Table = {
  name: 'bug_lineage',
  description:
    'From which change came a bug, and which one ended it? One row per item and event, in the order of time: what happened to the item, the release, the commit and the build that go with it, and how sure that is.',
  columns: {
    ...itemKey,
    event: varchar(
      16,
      'introduced, reappeared (after at least 14 silent days, or after it was resolved) or resolved.',
    ),
    event_at: timestamp('First occurrence of the activation, or when it was resolved, UTC.'),
    occurrence_id: nullable(bigint('That occurrence.')),
    code_version: nullable(varchar(256, 'Version of the app that the occurrence, or the resolve, names.')),
    release_id: nullable(varchar(128, 'Release, of heimdallr.release.')),
    release_source: nullable(varchar(32, 'Table that the release stands in.')),
    release_version: nullable(varchar(64, 'The release as people call it, such as v42.')),
    released_at: nullable(timestamp('When it was released, UTC.')),
    commit_sha: nullable(varchar(64, 'Commit that was released.')),
    pipeline_id: nullable(varchar(64, 'CI pipeline, or run, that built this commit.')),
    pipeline_source: nullable(varchar(32, 'Table that the pipeline stands in.')),
    how: varchar(
      16,
      'code_version (the occurrence names the commit), time (the newest release before it), none, or before_data.',
    ),
    confidence: nullable(
      double('How sure the release is, 0 to 1: 0.95 by a commit, 0.5 or less by time; null without one.'),
    ),
    evidence: varchar(1024, 'The reason, in words.'),
  },
  sortKey: ['event_at'],
};

export const releaseTable: Table = {
  name: 'release',
  description:
    'What was released, by whichever vendor tells of it, with one meaning. One row per release of a vendor.',
  columns: {
    release_id: varchar(128, 'The vendor, and its own id.'),
    release_source: varchar(32, 'Table that it stands in.'),
    app: nullable(varchar(256, 'App, where the vendor has such.')),
    environment: nullable(varchar(256, 'Environment; of a Heroku app, its name.')),
    version: nullable(varchar(64, 'The release as people call it, such as v42.')),
    commit_sha: nullable(
      varchar(256, 'Commit in lower case; of a deploy that was reported, whatever was reported.'),
    ),
    created_at: timestamp('When it began, UTC.'),
    released_at: timestamp('When it went live, as far as the vendor says, UTC.'),
    status: varchar(64, 'succeeded; anything else as the vendor says.'),
    is_production: boolean(
      'False when its app or environment is named like a rehearsal: staging, dev, test, qa, review, preview, sandbox or local.',
    ),
    is_rollback: boolean('True when it went back to an older release.'),
    is_config_only: boolean('True when no code changed: settings or add-ons.'),
    same_as: nullable(
      varchar(
        128,
        'The release of another vendor that this is: the same commit within an hour. It counts once.',
      ),
    ),
  },
  sortKey: ['released_at'],
};

export const deliveryDailyTable: Table = {
  name: 'delivery_daily',
  description:
    'How the team delivers, after the four measures of DORA. One row per day on which code was released to users, or a costly bug was resolved.',
  columns: {
    day: date("Day, in the ranking's time zone."),
    deployments: integer('Releases of code to users; rollbacks and changes of settings do not count.'),
    lead_time_p50_seconds: nullable(
      double(
        'Half of them went live within this time from the first CI run of their commit; null without CI.',
      ),
    ),
    lead_time_p90_seconds: nullable(double('Nine of ten went live within this time.')),
    change_failures: integer(
      'Those that brought, or brought back, a bug that is ranked confirmed or likely.',
    ),
    change_failure_rate: nullable(double('change_failures by deployments.')),
    restore_p50_seconds: nullable(
      double('Of such bugs resolved on this day, half were resolved within this time from their release.'),
    ),
  },
  sortKey: ['day'],
};

/** Tables that a refresh of the ranking fills. */
export const impactTables: readonly Table[] = [
  impactItemTable,
  impactWeekTable,
  impactReleaseTable,
  fixCheckTable,
  impactRunTable,
  bugLineageTable,
  releaseTable,
  deliveryDailyTable,
];

/**
 * Where the team's own activity is. Every value but `table` is an SQL expression over one row of that table, most often
 * the name of a column.
 */
export interface ActivitySettings {
  /** `schema.table`. */
  readonly table: string;
  readonly userId: string;
  /** A timestamp in UTC, or a date in the time zone of the settings. */
  readonly activeAt: string;
  /** Sessions or visits that the row stands for. Default: 1. It must be nothing that an error can multiply. */
  readonly events: string | null;
  readonly platform: string | null;
  /** Any measured trait that drives both meeting bugs and coming back: plan, device class, a feature used. */
  readonly segment: string | null;
  readonly signedUpAt: string | null;
  /** Money that the row brought, in one currency. */
  readonly revenue: string | null;
}

/** How a person of Rollbar is the user of the activity table. */
export type PeopleSettings =
  /** An SQL expression over `rollbar_occurrence`: `person_id` when both are the same. */
  | { readonly by: 'expression'; readonly userId: string }
  /** A table with both ids. */
  | { readonly by: 'table'; readonly table: string; readonly personId: string; readonly userId: string };

/** What the schedules of the ranking and of the digest send: whoever starts schedules by hand knows them by it. */
export const RANK_TASK = 'rank';
export const DIGEST_TASK = 'digest';

/** What a refresh is told; `defaults` has the figures of the method. */
export interface RankingSettings {
  /** Null: nothing can be ranked by users lost, and the refusal says how to change that. */
  readonly activity: ActivitySettings | null;
  readonly people: PeopleSettings;
  /** IANA time zone in which a day begins, for activity and occurrences alike. */
  readonly timeZone: string;
  /** Rollbar environments that count; null for all. */
  readonly environments: readonly string[] | null;
  /** Rollbar item ids that the team declares harmless. */
  readonly negativeControls: readonly string[];
  /** User ids of staff, bots and tests: dropped everywhere. */
  readonly excludedUsers: readonly string[];
  readonly windowDays: number;
  readonly falseDiscoveryRate: number;
}

export const rankingDefaults: RankingSettings = {
  activity: null,
  people: { by: 'expression', userId: 'person_id' },
  timeZone: 'UTC',
  environments: null,
  negativeControls: [],
  excludedUsers: [],
  windowDays: 56,
  falseDiscoveryRate: 0.1,
};
