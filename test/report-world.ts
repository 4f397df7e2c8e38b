/** A warehouse with a ranking in it, of a company that does not exist. */
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { SCHEMA } from '../contract/redshift.ts';
import { type Report, readReport } from '../report/read.ts';
import type { World } from './warehouse-world.ts';

type Row = Readonly<Record<string, unknown>>;

export const NOW = new Date('2026-11-20T06:00:00Z');
export const PROJECT = '7';

/** Inserts rows by the names of their columns; what is not named is null. */
export async function insert(world: World, table: string, rows: readonly Row[]): Promise<void> {
  await world.database.query(
    `insert into ${SCHEMA}."${table}" select * from jsonb_populate_recordset(null::${SCHEMA}."${table}", $1::text::jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** Tables and marts, empty. */
export const prepare = (world: World): Promise<void> => world.reset(records, marts);

export const read = (world: World): Promise<Report> => readReport((sql) => world.sql.query(sql), NOW);

const origin = { _feed: 'rollbar:made-up', _observed_at: '2026-11-20T05:00:00', _run_id: 'run-1' };

/** A row of rollbar_item. */
export const item = (id: number, title: string | null, more: Row = {}): Row => ({
  ...{
    project_id: 7,
    id,
    counter: id - 100,
    title,
    level: 'error',
    status: 'active',
    environment: 'production',
  },
  ...{ last_occurrence_at: '2026-11-20T04:00:00', ...origin, ...more },
});

/** So many occurrences, each of another person. */
export const occurrences = (item_id: number, platform: string, people: number): readonly Row[] =>
  Array.from({ length: people }, (_one, person) => ({
    ...{ project_id: 7, id: item_id * 10_000 + platform.length * 1000 + person, item_id, platform },
    ...{ occurred_at: '2026-11-15T10:00:00', timestamp_seconds: 1, person_id: `nobody-${person}`, ...origin },
  }));

const window = { window_from: '2026-09-24', data_through: '2026-11-19', computed_at: '2026-11-20T04:30:00' };

/** A row of impact_item: so many users lost a week, give or take. */
export function impact(item_id: number, rank: number, lost: number | null, more: Row = {}): Row {
  const measured = lost !== null;
  return {
    ...{ project_id: 7, item_id, horizon: 7, rank, occurrences: 900, users_affected: 240, coverage: 0.91 },
    ...{
      scaled_loss: lost,
      tier: measured ? 'confirmed' : 'not_measurable',
      reason: measured ? null : 'late_report',
    },
    ...{
      matched_share: 0.97,
      n1: measured ? 400 : 0,
      p1: measured ? 0.41 : null,
      p0: measured ? 0.55 : null,
    },
    ...{
      rd: measured ? -0.14 : null,
      ci_lo: measured ? -0.2 : null,
      ci_hi: measured ? -0.08 : null,
      b: 0.0075,
    },
    ...{ z: -4, p: 0.0001, q: 0.001, rd_shrunk: measured ? -0.13 : null, sd_shrunk: 0.02, p_harm: 0.999 },
    ...{ new_episodes: 380, new_episodes_4w: 190, users_lost_window: lost, users_lost_per_week: lost },
    ...{
      users_lost_per_week_low: measured ? lost * 0.5 : null,
      users_lost_per_week_high: measured ? lost * 1.5 : null,
    },
    ...{
      revenue_lost_per_week: null,
      rd_pass1: null,
      linked_item_id: null,
      link_share: null,
      symptom_of: null,
    },
    ...{
      inseparable: false,
      trend: null,
      introduced_release_id: null,
      introduced_how: 'none',
      ...window,
      ...more,
    },
  };
}

export const week = (item_id: number, monday: string, new_episodes: number, more: Row = {}): Row => ({
  ...{
    project_id: 7,
    item_id,
    week: monday,
    is_complete: true,
    new_episodes,
    n1: 40,
    rd: -0.12,
    ci_lo: -0.3,
  },
  ...{ ci_hi: 0.06, users_lost: new_episodes * 0.13, ...more },
});

export const lineage = (item_id: number, event: string, event_at: string, more: Row = {}): Row => ({
  ...{ project_id: 7, item_id, event, event_at, occurrence_id: 1, code_version: null, release_id: 'shop:42' },
  ...{
    release_source: 'heroku_release',
    release_version: 'v42',
    released_at: event_at,
    commit_sha: 'c0ffee00c0ffee00',
  },
  ...{ pipeline_id: 'build-9', pipeline_source: 'circleci_pipeline', how: 'code_version', confidence: 0.95 },
  ...{ evidence: 'the occurrence names the commit of v42', ...more },
});

export const fix = (item_id: number, verdict: string, more: Row = {}): Row => ({
  ...{
    project_id: 7,
    item_id,
    resolved_at: '2026-11-02T09:00:00',
    release_id: 'shop:43',
    exposed_before: 200,
  },
  ...{
    exposed_after: 12,
    rate_before: 0.02,
    rate_after: 0.001,
    ratio: 0.06,
    ratio_lo: 0.03,
    ratio_hi: 0.11,
    verdict,
  },
  ...{ avoided_per_week: 9.4, rd_before: -0.14, rd_after: -0.01, retention_verdict: 'helped' },
  ...{ computed_at: window.computed_at, ...more },
});

export const release = (release_id: string, lost: number): Row => {
  const { project_id, item_id, rank, ...estimate } = impact(0, 1, lost);
  return { release_id, items: 2, ...estimate };
};

/** A row of the table of releases. */
export const named = (release_id: string, version: string): Row => ({
  ...{
    release_id,
    release_source: 'heroku_release',
    app: 'shop',
    environment: 'shop',
    version,
    commit_sha: 'c0ffee00c0ffee00',
  },
  ...{
    created_at: '2026-10-01T07:58:00',
    released_at: '2026-10-01T08:00:00',
    status: 'succeeded',
    is_production: true,
  },
  ...{ is_rollback: false, is_config_only: false, same_as: null },
});

export const run = (more: Row = {}): Row => ({
  ...{
    computed_at: '2026-11-20T04:30:00',
    status: 'ranked',
    refusal: null,
    seconds: 12.5,
    is_incremental: true,
  },
  ...{
    window_from: window.window_from,
    data_through: window.data_through,
    parameters: {},
    occurrences: 90_000,
  },
  ...{
    user_days: 700_000,
    users: 21_000,
    items: 12,
    coverage: 0.91,
    mapping_share: 0.97,
    warnings: [],
    ...more,
  },
});

/** A poll that has just been, so that its feed is among the fresh ones. */
export const poll = (feed: string): Row => {
  const polled_at = new Date(Date.now() - 30_000).toISOString().slice(0, 19);
  return {
    ...{
      run_id: 'run-1',
      page: 1,
      producer: 'rollbar',
      polled_at,
      first_seq: 1,
      emitted: {},
      unchanged: 0,
      requests: 1,
    },
    ...{
      is_caught_up: true,
      newest_fact_at: polled_at,
      _feed: feed,
      _observed_at: polled_at,
      _run_id: 'run-1',
    },
  };
};
