/** Puts a simulated world where a team would have it: occurrences, items and releases in final tables, activity in a table of its own. */
import { marts } from '../../.generated/marts.ts';
import { records } from '../../.generated/records.ts';
import { type RankingSettings, rankingDefaults } from '../../contract/impact.ts';
import { DAY_MS } from '../../simulation/world/life.ts';
import { codeVersions } from '../../simulation/world/seen.ts';
import { userId, type World } from '../../simulation/world/world.ts';
import type { World as Warehouse } from '../warehouse-world.ts';

const ROWS = 40_000;

const PROVENANCE = `'truth', timestamp '2026-01-01', 'truth'`;

/** The settings under which a world is ranked. @param withSegment tells the feature's users apart. */
export const rankingOf = ({ settings }: Pick<World, 'settings'>, withSegment: boolean): RankingSettings => ({
  ...rankingDefaults,
  windowDays: settings.windowDays,
  activity: {
    ...{ table: 'public.user_activity', userId: 'user_id', activeAt: 'active_at', events: 'sessions' },
    ...{ platform: 'platform', segment: withSegment ? 'segment' : null },
    ...{ signedUpAt: 'signed_up_at', revenue: 'revenue' },
  },
});

const APP = '00000000-0000-4000-8000-00000000000a';

/** Identity of a release in heimdallr.release. */
export const releaseId = (version: number): string => `heroku:${APP}:${version}`;

/** Empties the warehouse and loads a world; the clock stands at three in the morning after its last day. */
export async function load(world: World, warehouse: Warehouse): Promise<void> {
  const { database, clock } = warehouse;
  const { query } = database;
  await query('drop schema if exists heimdallr_work cascade');
  await query('drop table if exists public.user_activity');
  await warehouse.reset(records, marts);
  await query(`create table public.user_activity (user_id varchar(64) not null, active_at timestamp not null, sessions integer,
    platform varchar(64), segment varchar(64), signed_up_at timestamp, revenue float8)`);
  await loadActivity(world, warehouse);
  await loadOccurrences(world, warehouse);
  await loadItems(world, warehouse);
  await loadReleases(world, warehouse);
  // Redshift looks at new rows by itself.
  await query('analyze');
  clock.now = new Date(world.settings.startMs + world.settings.days * DAY_MS + 3 * 3_600_000);
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

const array = (values: readonly (number | string)[]): string => `{${values.join(',')}}`;

/** Hands rows over in pieces, each column as one array. */
async function inPieces<Row>(
  rows: readonly Row[],
  send: (piece: readonly Row[], from: number) => Promise<unknown>,
) {
  for (let from = 0; from < rows.length; from += ROWS) await send(rows.slice(from, from + ROWS), from);
}

async function loadActivity({ activity, users, settings }: World, { database }: Warehouse): Promise<void> {
  await database.query(
    'create temporary table person (n integer, id text, platform text, segment text, signed_up_at timestamp, pays boolean)',
  );
  await inPieces(users, (piece, from) =>
    database.query(
      `insert into person select n, id, platform, segment, to_timestamp(signed_up) at time zone 'utc', pays
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[]) as rows (n, id, platform, segment, signed_up, pays)`,
      [
        array(piece.map((_person, index) => from + index)),
        array(piece.map((_person, index) => userId(from + index))),
        array(piece.map(({ platform }) => platform)),
        array(piece.map(({ usesFeature }) => (usesFeature ? 'feature' : 'basic'))),
        array(piece.map(({ signedUpDay }) => seconds(settings.startMs + signedUpDay * DAY_MS))),
        array(piece.map(({ pays }) => String(pays))),
      ],
    ),
  );
  await inPieces(activity, (piece) =>
    database.query(
      `insert into public.user_activity
       select person.id, to_timestamp(rows.at) at time zone 'utc', rows.sessions, person.platform, person.segment, person.signed_up_at,
         case when person.pays then 0.4 * rows.sessions else 0 end
       from unnest($1::int[], $2::bigint[], $3::int[]) as rows (n, at, sessions) join person on person.n = rows.n`,
      [
        array(piece.map(({ user }) => user)),
        array(piece.map(({ at }) => seconds(at))),
        array(piece.map(({ sessions }) => sessions)),
      ],
    ),
  );
  await database.query('drop table person');
}

async function loadOccurrences(world: World, { database }: Warehouse): Promise<void> {
  const { occurrences, users, items, releases } = world;
  const versionOf = codeVersions(releases);
  const foreground = new Map(items.map(({ id, isInForeground }) => [id, isInForeground]));
  const platformOf = (user: number) => users[user]?.platform ?? 'web';
  await inPieces(occurrences, (piece, from) =>
    database.query(
      `insert into heimdallr.rollbar_occurrence
         (project_id, id, item_id, occurred_at, timestamp_seconds, customer_timestamp, level, environment, platform, code_version,
          person_id, _feed, _observed_at, _run_id)
       select 1, ${from} + rows.n, rows.item, to_timestamp(rows.received) at time zone 'utc', rows.received,
         to_timestamp(rows.happened) at time zone 'utc', 'error', 'production', rows.platform, nullif(rows.version, '-'),
         nullif(rows.person, '-'), ${PROVENANCE}
       from unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[]) with ordinality
         as rows (item, happened, received, platform, version, person, n)`,
      [
        array(piece.map(({ item }) => item)),
        array(piece.map(({ at }) => seconds(at))),
        array(piece.map(({ receivedAt }) => seconds(receivedAt))),
        array(
          piece.map(({ item, user }) => {
            if (foreground.get(item) === false) return 'linux';
            return platformOf(user) === 'web' ? 'browser' : platformOf(user);
          }),
        ),
        array(piece.map((occurrence) => versionOf(occurrence, platformOf(occurrence.user)) ?? '-')),
        array(piece.map(({ user, isIdentified }) => (isIdentified ? userId(user) : '-'))),
      ],
    ),
  );
}

const stamp = (ms: number): string => `timestamp '${new Date(ms).toISOString().slice(0, 19)}'`;

async function loadItems({ items, resolves }: World, { database }: Warehouse): Promise<void> {
  for (const { id, title, level } of items) {
    const resolved = resolves.find(({ item }) => item === id);
    await database.query(
      `insert into heimdallr.rollbar_item
         (project_id, id, counter, title, status, level, environment, last_resolved_at, _feed, _observed_at, _run_id)
       select 1, ${id}, ${id}, '${title}', '${resolved === undefined ? 'active' : 'resolved'}', '${level}', 'production',
         ${resolved === undefined ? 'null' : stamp(resolved.at)}, ${PROVENANCE}`,
    );
  }
}

async function loadReleases({ releases }: World, { database }: Warehouse): Promise<void> {
  for (const { version, sha, at, status } of releases) {
    await database.query(
      `insert into heimdallr.heroku_release
         (app_id, version, id, app_name, status, description, git_sha, has_release_phase, created_at, _feed, _observed_at, _run_id)
       select '${APP}', ${version}, '00000000-0000-4000-8000-${String(version).padStart(12, '0')}', 'app', '${status}', 'Deploy', '${sha}',
         false, ${stamp(at)}, ${PROVENANCE}`,
    );
  }
}
