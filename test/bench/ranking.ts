/**
 * How long a refresh of the ranking takes: everything anew, and when only the newest days are read.
 *
 *     npm run bench:ranking -- [--users 100000] [--warehouse postgres://…]
 *
 * The made-up product has ten occurrences for each user: one million for the default, spread over 84 days and 200
 * items, some of them met by nearly everybody. Without a warehouse it runs on PGlite. A tenth of the users is measured
 * first, for the growth.
 */
import { parseArgs } from 'node:util';
import { marts } from '../../.generated/marts.ts';
import { records } from '../../.generated/records.ts';
import { type RankingSettings, rankingDefaults } from '../../contract/impact.ts';
import { toPostgres } from '../../contract/postgres.ts';
import { type Database, openDatabase, type Query } from '../../local/warehouse/database.ts';
import { refresh } from '../../warehouse/ranking/refresh.ts';
import { applySchema } from '../../warehouse/schema/apply.ts';
import type { Sql } from '../../warehouse/sql.ts';

const DAYS = 146;
const ITEMS = 200;
const LAST_DAY = '2026-06-01';

const settings: RankingSettings = {
  ...rankingDefaults,
  activity: {
    ...{ table: 'public.bench_activity', userId: 'user_id', activeAt: 'active_at', events: 'sessions' },
    ...{ platform: 'platform', segment: null, signedUpAt: 'signed_up_at', revenue: null },
  },
};

const { values: options } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    warehouse: { type: 'string' },
    models: { type: 'boolean', default: false },
  },
});

/** The warehouse's port, with the seconds that each statement took. */
function timed(database: Database, spent: Map<string, number>): Sql {
  const run = async (query: Query, statement: string) => {
    const startedAt = performance.now();
    const translated = toPostgres(statement);
    const answer = translated === null ? null : await query(translated);
    const [, table] = /^create table heimdallr_work\.(\w+)/.exec(statement) ?? [];
    const name = table ?? (statement.startsWith('analyze') ? 'analyze' : statement.slice(0, 50));
    spent.set(name, (spent.get(name) ?? 0) + (performance.now() - startedAt) / 1000);
    return answer;
  };
  return {
    run: (batch) =>
      database.transaction(async (query) => {
        for (const statement of batch) await run(query, statement);
      }),
    query: async (statement) => (await run(database.query, statement))?.values ?? [],
  };
}

async function populate(query: Query, users: number): Promise<void> {
  await query('select setseed(0.5)');
  await query('drop table if exists public.bench_activity');
  // Most users come rarely, a few every third day. A condition that does not name both sides is asked once for one of them.
  await query(`create table public.bench_activity as
    select 'user-' || person as user_id, date '${LAST_DAY}' - day + time '10:00' as active_at,
      case person % 5 when 0 then 'android' when 1 then 'ios' else 'web' end as platform,
      timestamp '2025-06-01' + (person % 300) * interval '1 day' as signed_up_at, 1 + (random() * 3)::integer as sessions
    from (select person, random() as eager from generate_series(1, ${users}) as person) as people
    cross join generate_series(1, ${DAYS}) as day
    where random() + 0 * day < 0.005 + 0.35 * eager ^ 4`);
  await query(`insert into heimdallr.rollbar_occurrence
      (project_id, id, item_id, occurred_at, timestamp_seconds, person_id, platform, _feed, _observed_at, _run_id)
    select 1, row_number() over (), 1 + (${ITEMS} * random() ^ 3)::integer, active_at + random() * interval '8 hours', 0, user_id, 'browser',
      'rollbar:web', active_at, 'run'
    from (select active_at, user_id, random() as luck from public.bench_activity where active_at >= date '${LAST_DAY}' - 84) as days
    cross join generate_series(1, 40) as nth
    where random() + 0 * (nth + luck) < ${users * 10}.0 / 40 / (select count(*) from public.bench_activity where active_at >= date '${LAST_DAY}' - 84)`);
  await query('analyze');
}

async function measure(database: Database, users: number): Promise<void> {
  const { query } = database;
  await query('drop schema if exists heimdallr cascade');
  await query('drop schema if exists heimdallr_work cascade');
  await applySchema(timed(database, new Map()), records, marts);
  await populate(query, users);
  const [counts] = (
    await query(
      'select (select count(distinct user_id) from public.bench_activity) as users, (select count(*) from public.bench_activity) as days, (select count(*) from heimdallr.rollbar_occurrence) as met',
    )
  ).rows;
  console.log(
    `${counts?.users} users, ${counts?.days} user-days, ${counts?.met} occurrences, ${ITEMS} items`,
  );
  for (const kind of ['full', 'incremental']) {
    const spent = new Map<string, number>();
    const startedAt = performance.now();
    const summary = await refresh(settings, {
      sql: timed(database, spent),
      now: () => new Date(`${LAST_DAY}T03:00:00Z`),
      log: () => undefined,
      publish: () => undefined,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    if (summary.status !== 'ranked' || summary.isIncremental !== (kind === 'incremental')) {
      throw new Error(`expected a ranking, ${kind}, got ${JSON.stringify(summary)}`);
    }
    console.log(`  ${kind}: ${seconds.toFixed(1)} s`);
    if (!options.models) continue;
    for (const [name, took] of [...spent].sort(([, one], [, other]) => other - one).slice(0, 18)) {
      console.log(`    ${took.toFixed(2).padStart(7)} s  ${name}`);
    }
  }
}

const database = await openDatabase({ url: options.warehouse ?? 'memory:', dataDir: '' });
try {
  const users = Number(options.users);
  await measure(database, Math.round(users / 10));
  await measure(database, users);
} finally {
  await database.close();
}
