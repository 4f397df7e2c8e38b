/** All simulated vendors tell of one company: what CircleCI has passed is what Heroku takes and Rollbar then hears of. */
import { expect, test } from 'vitest';
import { historyOf } from '../producers/circleci/simulator/history.ts';
import { repositoryUntil } from '../producers/github/simulator/history.ts';
import { appUntil } from '../producers/heroku/simulator/history.ts';
import { startSimulator as startRollbar } from '../producers/rollbar/simulator.ts';
import { type Company, changesUntil, firstRevision } from '../simulation/company.ts';

const START_MS = Date.parse('2026-09-01T00:00:00Z');
const company: Company = { seed: 7, startMs: START_MS, sinceHours: 240, isLive: false };
const LATER_MS = START_MS + 24 * 3_600_000;

const changes = changesUntil(company, LATER_MS);
/** `revision ending`, of all deploys to an environment in the order of their starts. */
const deploysTo = (environment: 'staging' | 'production'): readonly string[] =>
  changes.flatMap(({ revision, [environment]: deploy }) =>
    deploy === null ? [] : [`${revision} ${deploy.ending === 'succeeded' ? 'succeeded' : 'failed'}`],
  );

test('a company is a function of its seed and start, and ends at its start unless it is live', () => {
  const halfMs = START_MS - 120 * 3_600_000;

  expect(changesUntil(company, LATER_MS)).toEqual(changes);
  expect(changesUntil(company, halfMs)).toEqual(changes.filter(({ committedMs }) => committedMs <= halfMs));
  expect(changes.filter(({ committedMs }) => committedMs > START_MS)).toEqual([]);
  expect(changesUntil({ ...company, isLive: true }, LATER_MS).slice(0, changes.length)).toEqual(changes);
  expect(changesUntil({ ...company, isLive: true }, LATER_MS).length).toBeGreaterThan(changes.length);
  expect(changesUntil({ ...company, seed: 8 }, LATER_MS)[0]?.revision).not.toBe(changes[0]?.revision);
});

test('a history holds every turn that a change can take', () => {
  const turns = changes.flatMap(({ branch, builds, staging, production }) => [
    `${branch === 'main' ? 'main' : 'feature'} ${builds.at(-1)?.ending}`,
    `attempts ${builds.length}`,
    `staging ${staging?.ending}`,
    `production ${production?.ending}`,
  ]);

  expect([...new Set(turns)].sort()).toEqual([
    ...['attempts 1', 'attempts 2', 'attempts 3', 'feature failed', 'feature success', 'main failed'],
    ...['main success', 'production failed', 'production succeeded', 'production undefined'],
    ...['staging failed', 'staging succeeded', 'staging undefined'],
  ]);
});

test('nothing is deployed that CircleCI has not passed before, nor live before staging has taken it', () => {
  const { pipelines } = historyOf(company)(LATER_MS);
  const passed = new Map(
    pipelines.map(({ revision, workflows }) => [
      revision,
      workflows.find(({ name, ending }) => name === 'build-and-test' && ending === 'success')?.stoppedMs,
    ]),
  );
  const deployed = changes.filter(({ staging }) => staging !== null);

  expect(pipelines.map(({ revision, branch }) => [revision, branch])).toEqual(
    changes.map(({ revision, branch }) => [revision, branch]),
  );
  expect(deployed.length).toBeGreaterThan(20);
  for (const { revision, branch, staging, production } of deployed) {
    expect([branch, passed.get(revision)]).toEqual(['main', expect.any(Number)]);
    expect(staging?.startedMs).toBeGreaterThanOrEqual(passed.get(revision) ?? Number.NaN);
    if (production !== null) expect(production.startedMs).toBeGreaterThan(staging?.endedMs ?? Number.NaN);
  }
});

test.each(['staging', 'production'] as const)(
  'Heroku and GitHub saw the same deploys to %s',
  (environment) => {
    const { builds, releases } = appUntil(company, environment, LATER_MS);
    const released = new Map(releases.map(({ id, ending }) => [id, ending]));
    const onHeroku = builds.map(
      ({ commit, releaseId }) => `${commit} ${releaseId === null ? 'failed' : released.get(releaseId)}`,
    );
    const onGitHub = repositoryUntil(company, LATER_MS)
      .deployments.filter((deployment) => deployment.environment === environment)
      .map(({ sha, statuses }) => `${sha} ${statuses.at(-1)?.state === 'success' ? 'succeeded' : 'failed'}`);

    expect(onHeroku).toEqual(deploysTo(environment));
    expect(onGitHub).toEqual(deploysTo(environment));
  },
);

test('Rollbar heard of the same deploys, and its bugs happen in revisions that went live', async () => {
  const rollbar = await startRollbar({
    ...{ seed: company.seed, startAt: company.startMs, sinceHours: company.sinceHours },
    ...{ now: () => LATER_MS, occurrences: 300 },
  });
  const truth = rollbar.truth();
  const token = { headers: { 'X-Rollbar-Access-Token': 'any' } };
  const page: unknown = await (await fetch(`${rollbar.url}/api/1/instances`, token)).json();
  await rollbar.close();

  const heard = JSON.parse(JSON.stringify(truth.deploys)) as readonly {
    readonly environment: string;
    readonly revision: string;
    readonly status: string;
  }[];
  for (const environment of ['staging', 'production'] as const) {
    const told = heard
      .filter((deploy) => deploy.environment === environment)
      .map(({ revision, status }) => `${revision} ${status === 'succeeded' ? 'succeeded' : 'failed'}`);
    expect(told.toSorted()).toEqual(deploysTo(environment).toSorted());
  }
  const live = changes
    .filter(({ production }) => production?.ending === 'succeeded')
    .map(({ revision }) => revision);
  const seen = [...JSON.stringify(page).matchAll(/"code_version":"([0-9a-f]{40})"/g)].map(([, sha]) => sha);
  expect(seen.length).toBeGreaterThan(0);
  expect([firstRevision(company), ...live]).toEqual(expect.arrayContaining([...new Set(seen)]));
});
