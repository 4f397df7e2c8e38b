/**
 * The company's apps on Heroku: what each of its deploys looks like from there.
 *
 * A deploy is a build and the release it makes, with a release command. One that fails does so in either; one that
 * timed out is a release command that never came back. Between deploys somebody changes a setting, which is a
 * release without a build.
 */
import { type Change, type Company, changesUntil, type Deploy } from '../../../simulation/company.ts';
import { randomFor } from '../../../simulation/random.ts';
import type { App, Build, Release } from './app.ts';

export const environments = ['staging', 'production'] as const;
export type Environment = (typeof environments)[number];

/** Names of the company's apps. */
export const appName = (environment: Environment): string =>
  environment === 'production' ? 'storefront-prod' : 'storefront-staging';

const SETTINGS = ['FEATURE_TOTALS', 'CACHE_SECONDS', 'LOG_LEVEL'];
const MINUTE = 60_000;

/** An app with its history until a time. */
export function appUntil(company: Company, environment: Environment, ms: number): App {
  const { seed } = company;
  const random = randomFor(seed, 'heroku', environment);
  const app: App = {
    ...{ id: random.uuid(), name: appName(environment) },
    ...{ slugs: new Map(), builds: [], releases: [] },
  };
  const foundedMs = company.startMs - company.sinceHours * 3_600_000;
  const founder = userOf(seed, 'mvoss');
  const unnumbered: Omit<Release, 'version'>[] = ['Initial release', 'Enable Logplex'].map(
    (description, index) => ({
      ...{ id: randomFor(seed, 'heroku', environment, 'first', index).uuid(), description, user: founder },
      ...{ createdMs: foundedMs, settledMs: foundedMs, ending: 'succeeded', slugId: null },
      hasReleasePhase: false,
    }),
  );
  let running: string | null = null;
  for (const change of changesUntil(company, ms)) {
    const deploy = change[environment];
    if (deploy !== null) {
      const { build, release } = deployed(app, change, environment, deploy, seed);
      app.builds.push(build);
      if (release !== null) unnumbered.push(release);
      if (release?.ending === 'succeeded') running = release.slugId;
    }
    const setting = randomFor(seed, 'heroku', environment, 'setting', change.nth);
    if (!setting.isChance(0.15)) continue;
    const createdMs = change.committedMs + setting.integer(1, 20) * MINUTE;
    unnumbered.push({
      ...{ id: setting.uuid(), description: `Set ${setting.pick(SETTINGS)} config vars` },
      ...{ user: userOf(seed, change.author.login), createdMs, settledMs: createdMs, ending: 'succeeded' },
      ...{ slugId: running, hasReleasePhase: false },
    });
  }
  unnumbered.sort((a, b) => a.createdMs - b.createdMs);
  app.releases.push(...unnumbered.map((release, index) => ({ ...release, version: index + 1 })));
  return app;
}

function deployed(
  app: App,
  { nth, revision, message, author }: Change,
  environment: Environment,
  { startedMs, endedMs, ending }: Deploy,
  seed: number,
): { readonly build: Build; readonly release: Omit<Release, 'version'> | null } {
  const random = randomFor(seed, 'heroku', environment, 'deploy', nth);
  const builtMs = startedMs + Math.floor((0.6 * (endedMs - startedMs)) / 1000) * 1000;
  const isBuildBroken = ending === 'failed' && random.isChance(0.5);
  const user = userOf(seed, author.login);
  const [buildId, slugId, releaseId] = [random.uuid(), random.uuid(), random.uuid()];
  if (!isBuildBroken)
    app.slugs.set(slugId, { id: slugId, commit: revision, description: message, createdMs: builtMs });
  return {
    build: {
      ...{ id: buildId, user, commit: revision, message, createdMs: startedMs },
      ...{ settledMs: builtMs, ending: isBuildBroken ? 'failed' : 'succeeded' },
      ...{ slugId: isBuildBroken ? null : slugId, releaseId: isBuildBroken ? null : releaseId },
    },
    release: isBuildBroken
      ? null
      : {
          ...{ id: releaseId, description: `Deploy ${revision.slice(0, 8)}`, user, slugId },
          ...{ createdMs: builtMs, settledMs: endedMs, hasReleasePhase: true },
          ending: ending === 'succeeded' ? 'succeeded' : 'failed',
        },
  };
}

const userOf = (seed: number, login: string) => ({
  id: randomFor(seed, 'heroku user', login).uuid(),
  email: `${login}@example.com`,
});
