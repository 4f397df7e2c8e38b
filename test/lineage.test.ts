/** From which release a bug came, which one ended it, and how the team delivers: rows in, rows out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refresh } from '../warehouse/ranking/refresh.ts';
import { at, live, openProduct, type Product, settings } from './ranking-world.ts';

const NEVER = { ...settings, activity: null };
const SHA = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(7).padEnd(40, '0'));
const [first = '', second = '', third = ''] = SHA;

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product.close());
beforeEach(async () => {
  await product.empty();
  product.wake(100);
  // The data begin long before anything that is looked at.
  await product.meet([{ user: 'user-1', day: 0, item: 1, person: null }]);
});

const run = "'feed', '2026-01-01', 'run'";
const query = (sql: string) => product.world.database.query(sql);

/** A Heroku release of the production app, `hours` after the first day. */
const released = (version: number, sha: string | null, hours: number, more: Record<string, string> = {}) => {
  const row: Record<string, string> = {
    ...{ app_id: "'app'", app_name: "'shop-prod'", version: String(version), status: "'succeeded'" },
    ...{
      git_sha: sha === null ? 'null' : `'${sha}'`,
      slug_id: `'slug-${sha?.slice(0, 7)}'`,
      has_release_phase: 'false',
    },
    ...{ created_at: `'${at(0, hours)}'`, description: "'Deploy'" },
    ...more,
  };
  return query(
    `insert into heimdallr.heroku_release (${Object.keys(row).join(', ')}, _feed, _observed_at, _run_id) values (${Object.values(row).join(', ')}, ${run})`,
  );
};

let occurrence = 1000;
const met = (item: number, hours: number, version: string | null, environment = 'production') => {
  occurrence += 1;
  return query(
    `insert into heimdallr.rollbar_occurrence (project_id, id, item_id, occurred_at, timestamp_seconds, code_version, environment, _feed, _observed_at, _run_id)
     values (1, ${occurrence}, ${item}, '${at(0, hours)}', 0, ${version === null ? 'null' : `'${version}'`}, '${environment}', ${run})`,
  );
};
const item = (id: number, columns: Record<string, string>) =>
  query(
    `insert into heimdallr.rollbar_item (project_id, id, ${Object.keys(columns).join(', ')}, _feed, _observed_at, _run_id)
     values (1, ${id}, ${Object.values(columns).join(', ')}, ${run})
     `,
  );

const lineage = async (id: number) =>
  (
    await product.world.rows(
      `select event, release_version, how, confidence from heimdallr.bug_lineage where item_id = ${id} order by event_at, event`,
    )
  ).map(({ event, release_version, how, confidence }) => [
    event,
    release_version,
    how,
    confidence == null ? null : Number(confidence),
  ]);

describe('a bug is attributed', () => {
  test.each([
    ['the whole commit', first, 0.95],
    ['a commit in upper case', first.toUpperCase(), 0.95],
    ['its first seven characters', first.slice(0, 7), 0.9],
  ])('by %s that its occurrences ran', async (_what, version, confidence) => {
    await released(1, first, 1000);
    await released(2, second, 1010);
    await met(7, 1011, version);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([['introduced', 'v1', 'code_version', confidence]]);
  });

  test.each([
    ['six characters of a commit', first.slice(0, 6)],
    ['a version that is no commit', '2026.11'],
    ['nothing', null],
  ])('by time, when its occurrences say %s', async (_what, version) => {
    await released(1, first, 1000);
    await released(2, second, 1010);
    await met(7, 1011, version);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([['introduced', 'v2', 'time', 0.25]]);
  });

  test('to a release whose hook came some minutes after its code, and to none that came later', async () => {
    await released(1, first, 1000.2);
    await released(2, second, 1000.3);
    await met(7, 1000, first);
    await met(8, 1000, second);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([['introduced', 'v1', 'code_version', 0.95]]);
    expect(await lineage(8)).toEqual([['introduced', null, 'none', null]]);
  });

  test('to no release that failed, of three days ago, or of another environment', async () => {
    await released(1, first, 900);
    await released(2, second, 1000, { status: "'failed'" });
    await released(1, third, 1001, { app_id: "'rehearsal'", app_name: "'shop-staging'" });
    await met(7, 1002, null);
    await met(8, 1002, null, 'staging');

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([['introduced', null, 'none', null]]);
    expect(await lineage(8)).toEqual([['introduced', 'v1', 'time', 0.5]]);
  });

  test('to nothing when it is as old as the data', async () => {
    await released(1, first, 1);
    await met(7, 30, first);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([['introduced', null, 'before_data', null]]);
  });

  test('as its group, when it was merged', async () => {
    await released(1, first, 1000);
    await item(7, { group_item_id: '70' });
    await item(70, { group_item_id: '70' });
    await met(7, 1001, first);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([]);
    expect(await lineage(70)).toEqual([['introduced', 'v1', 'code_version', 0.95]]);
  });
});

describe('what happens to a bug later', () => {
  test('it reappears after fourteen silent days, with the release of then', async () => {
    await released(1, first, 400);
    await met(7, 401, first);
    await met(7, 401 + 24 * 14, first);
    await released(2, second, 1390);
    await met(7, 1400, second);

    await refresh(NEVER, product.world.ports);

    expect(await lineage(7)).toEqual([
      ['introduced', 'v1', 'code_version', 0.95],
      ['reappeared', 'v2', 'code_version', 0.95],
    ]);
  });

  test('it is resolved in a version, or by the newest release before', async () => {
    await released(1, first, 1000);
    await released(2, second, 1020);
    await met(7, 1001, first);
    await met(8, 1001, first);
    await item(7, { last_resolved_at: `'${at(0, 1030)}'`, resolved_in_version: "'v1'" });
    await item(8, { last_resolved_at: `'${at(0, 1030)}'` });

    await refresh(NEVER, product.world.ports);

    expect((await lineage(7)).at(-1)).toEqual(['resolved', 'v1', 'code_version', 0.95]);
    expect((await lineage(8)).at(-1)).toEqual(['resolved', 'v2', 'time', 0.25]);
  });

  test('it is resolved by the release that serves users, not by its rehearsal', async () => {
    await released(1, first, 1000, { app_id: "'rehearsal'", app_name: "'shop-staging'" });
    await released(9, first, 1001);
    await met(7, 999, null);
    await item(7, {
      ...{
        last_resolved_at: `'${at(0, 1030)}'`,
        resolved_in_version: `'${first}'`,
        environment: "'production'",
      },
    });

    await refresh(NEVER, product.world.ports);

    expect((await lineage(7)).at(-1)).toEqual(['resolved', 'v9', 'code_version', 0.95]);
  });

  test('an earlier resolve stays, although Rollbar only tells of the newest', async () => {
    await met(7, 1001, null);
    await item(7, { last_resolved_at: `'${at(0, 1030)}'`, resolved_in_version: "'v1'" });
    await refresh(NEVER, product.world.ports);
    await query(`update heimdallr.rollbar_item set last_resolved_at = '${at(0, 1200)}' where id = 7`);

    await refresh(NEVER, product.world.ports);
    await refresh(NEVER, product.world.ports);

    expect((await lineage(7)).map(([event]) => event)).toEqual(['introduced', 'resolved', 'resolved']);
  });
});

test('a release that two vendors tell of is one, and the build of its commit is named', async () => {
  await released(1, first, 1000);
  await query(
    `insert into heimdallr.rollbar_deploy (project_id, id, environment, revision, status, started_at, finished_at, _feed, _observed_at, _run_id)
     values (1, 5, 'production', '${first}', 'succeeded', '${at(0, 1000)}', '${at(0, 1000.1)}', ${run})`,
  );
  await query(
    `insert into heimdallr.circleci_pipeline (id, git_sha, created_at, _feed, _observed_at, _run_id, number)
     values ('build-1', '${first}', '${at(0, 999)}', ${run}, 1)`,
  );
  await met(7, 1001, first);

  await refresh(NEVER, product.world.ports);

  expect(
    await product.world.rows('select release_id, same_as from heimdallr.release order by release_id'),
  ).toEqual([
    { release_id: 'heroku:app:1', same_as: null },
    { release_id: 'rollbar:1:5', same_as: 'heroku:app:1' },
  ]);
  const [row] = await product.world.rows(
    'select pipeline_id, pipeline_source, evidence from heimdallr.bug_lineage where item_id = 7',
  );
  expect(row).toEqual({
    pipeline_id: 'build-1',
    pipeline_source: 'circleci_pipeline',
    evidence: expect.stringMatching(/^occurrences of its first day ran a{7}0{5}, which v1 released 2026-/),
  });
  expect(
    await product.world.rows(
      'select deployments, lead_time_p50_seconds, change_failures from heimdallr.delivery_daily',
    ),
  ).toEqual([{ deployments: '1', lead_time_p50_seconds: '3600', change_failures: '0' }]);
});

test('changes of settings, rollbacks and rehearsals are no deployments of code', async () => {
  await released(1, first, 1000);
  await released(2, first, 1001);
  await released(3, second, 1002, { description: "'Rollback to v1'" });
  await released(1, third, 1003, { app_id: "'rehearsal'", app_name: "'shop-staging'" });

  await refresh(NEVER, product.world.ports);

  expect(await product.world.rows('select deployments from heimdallr.delivery_daily')).toEqual([
    { deployments: '1' },
  ]);
});

describe('what counts as a deployment of code', () => {
  const kinds = async () =>
    (
      await product.world.rows(
        'select version, is_config_only from heimdallr.release order by created_at, version',
      )
    ).map(({ is_config_only }) => is_config_only);

  test('the retry of a release that failed is one: its slug did not serve before', async () => {
    await released(1, first, 1000);
    await released(2, second, 1001, { status: "'failed'" });
    await released(3, second, 1002);
    await released(4, second, 1003);

    await refresh(NEVER, product.world.ports);

    expect(await kinds()).toEqual(['f', 'f', 'f', 't']);
  });

  test('releases of one second follow one another by their number', async () => {
    await released(9, first, 1000);
    await released(10, second, 1000);
    await released(11, second, 1000);

    await refresh(NEVER, product.world.ports);

    expect(
      await product.world.rows('select version from heimdallr.release where is_config_only order by version'),
    ).toEqual([{ version: 'v11' }]);
  });

  test('an image without a commit is one, when another image served before', async () => {
    const image = (name: string) => ({ slug_id: 'null', oci_image_id: `'${name}'` });
    await released(1, null, 1000, image('image-1'));
    await released(2, null, 1001, image('image-2'));
    await released(3, null, 1002, image('image-2'));

    await refresh(NEVER, product.world.ports);

    expect(await kinds()).toEqual(['f', 'f', 't']);
  });
});

const reported = (id: number, revision: string, hours: number, environment = 'production') =>
  query(
    `insert into heimdallr.rollbar_deploy (project_id, id, environment, revision, status, started_at, finished_at, _feed, _observed_at, _run_id)
     values (1, ${id}, '${environment}', '${revision}', 'succeeded', '${at(0, hours)}', '${at(0, hours)}', ${run})`,
  );

test('a deploy that is reported by the first seven characters of its commit counts once', async () => {
  await released(1, first, 1000);
  await reported(5, first.slice(0, 7), 1000.1);

  await refresh(NEVER, product.world.ports);

  expect(await product.world.rows('select deployments from heimdallr.delivery_daily')).toEqual([
    { deployments: '1' },
  ]);
});

test('a bug that names a whole commit is found in a release that names its beginning', async () => {
  await reported(5, first.slice(0, 8).toUpperCase(), 1000);
  await met(7, 1001, first);

  await refresh(NEVER, product.world.ports);

  expect(await lineage(7)).toEqual([['introduced', '5', 'code_version', 0.9]]);
});

test('a deployment that GitHub knows to serve users does, whatever its environment is called', async () => {
  await query(
    `insert into heimdallr.github_deployment (id, git_sha, environment, is_production, is_transient, state, created_at, _feed, _observed_at, _run_id)
     values (1, '${first}', 'latest', true, false, 'success', '${at(0, 1000)}', ${run}),
            (2, '${second}', 'pr-12', false, true, 'success', '${at(0, 1001)}', ${run})`,
  );

  await refresh(NEVER, product.world.ports);

  expect(
    await product.world.rows('select version, is_production from heimdallr.release order by version'),
  ).toEqual([
    { version: '1', is_production: 't' },
    { version: '2', is_production: 'f' },
  ]);
});

test('two resolves of one day stay two, and so do the returns between them', async () => {
  const told = (resolved: number, activated: number, by: number) =>
    query(
      `update heimdallr.rollbar_item set last_resolved_at = '${at(0, resolved)}', last_activated_at = '${at(0, activated)}', activating_occurrence_id = ${by} where id = 7`,
    );
  await met(7, 1001, null);
  await item(7, { first_occurrence_at: 'null' });
  await told(1009, 1010, 501);
  await refresh(NEVER, product.world.ports);
  await told(1011, 1012, 502);

  await refresh(NEVER, product.world.ports);
  await refresh(NEVER, product.world.ports);

  expect((await lineage(7)).map(([event]) => event)).toEqual([
    ...['introduced', 'resolved', 'reappeared', 'resolved', 'reappeared'],
  ]);
});

test('an item whose occurrences are not in the warehouse is introduced when Rollbar says', async () => {
  await released(1, first, 1000);
  await item(7, {
    first_occurrence_at: `'${at(0, 1001)}'`,
    first_occurrence_id: '77',
    environment: "'production'",
  });
  await item(8, { first_occurrence_at: `'${at(0, -500)}'`, first_occurrence_id: '78' });

  await refresh(NEVER, product.world.ports);

  expect(await lineage(7)).toEqual([['introduced', 'v1', 'time', 0.5]]);
  expect(await lineage(8)).toEqual([['introduced', null, 'before_data', null]]);
});

test('a version that is no commit is told, although the release is found by time', async () => {
  await released(1, first, 1000);
  await met(7, 1001, '2026.11');

  await refresh(NEVER, product.world.ports);

  expect(
    await product.world.rows('select code_version, how from heimdallr.bug_lineage where item_id = 7'),
  ).toEqual([{ code_version: '2026.11', how: 'time' }]);
});

test('a deploy whose revision and environment are long text is no trouble', async () => {
  await reported(5, 'é'.repeat(300), 1000, 'ü'.repeat(300));
  await met(7, 1001, null);

  await refresh(NEVER, product.world.ports);

  expect((await lineage(7)).map(([, , how]) => how)).toEqual(['time']);
});

test('empty tables make empty answers', async () => {
  await query('delete from heimdallr.rollbar_occurrence');

  await refresh(NEVER, product.world.ports);

  expect(
    await product.world.rows(
      'select (select count(*) from heimdallr.bug_lineage) as events, (select count(*) from heimdallr.release) as releases, (select count(*) from heimdallr.delivery_daily) as days',
    ),
  ).toEqual([{ events: '0', releases: '0', days: '0' }]);
});

test('a release that brought a bug which costs users is a failed change, until it is resolved', async () => {
  const days = 120;
  const { visits, meetings } = live({
    ...{ seed: 2, users: 700, days },
    bugs: [{ item: 101, chance: 0.02, left: 0.1 }],
  });
  await product.visit(visits);
  await product.meet(
    meetings.filter(({ day }) => day >= 60 && day < 110),
    { code_version: `'${first}'` },
  );
  await released(1, first, 24 * 60);
  await item(101, { last_resolved_at: `'${at(110, 0)}'`, title: "'basket is empty'" });
  product.wake(days);

  await refresh(settings, product.world.ports);

  const rows = await product.world.rows(
    'select day, change_failures, change_failure_rate, restore_p50_seconds from heimdallr.delivery_daily order by day',
  );
  expect(rows.map((row) => [row.day, row.change_failures, row.restore_p50_seconds])).toEqual([
    ['2026-03-02', '1', null],
    ['2026-04-21', '0', String(50 * 86_400)],
  ]);
  expect(
    await product.world.rows(
      'select release_id, items, tier from heimdallr.impact_release where horizon = 7',
    ),
  ).toEqual([{ release_id: 'heroku:app:1', items: '1', tier: 'confirmed' }]);
});
