/** The company's repository on GitHub: a workflow run for every commit, and a deployment for every deploy. */
import { type Change, type Company, changesUntil } from '../../../simulation/company.ts';
import { randomFor } from '../../../simulation/random.ts';
import type { Deployment, Repository, Run, Status } from './repository.ts';

export const REPOSITORY = 'example-org/storefront';

/** The repository with its history until a time. */
export function repositoryUntil(company: Company, ms: number): Repository {
  const repository: Repository = { name: REPOSITORY, runs: [], deployments: [] };
  for (const change of changesUntil(company, ms)) {
    repository.runs.push(runOf(change));
    for (const environment of ['staging', 'production'] as const) {
      const deployment = deploymentOf(company, change, environment);
      if (deployment !== null) repository.deployments.push(deployment);
    }
  }
  return repository;
}

const runOf = ({ nth, branch, revision, message, author, builds, committedMs }: Change): Run => ({
  ...{ id: 17_203_344_000 + 11 * nth, runNumber: nth + 1, workflow: 'CI', branch, sha: revision },
  ...{ title: message, actor: author.login, createdMs: builds[0]?.startedMs ?? committedMs },
  attempts: builds.map(({ startedMs, endedMs, ending }) => ({
    ...{ startedMs, endedMs },
    conclusion: ending === 'success' ? 'success' : 'failure',
  })),
});

function deploymentOf(
  { seed }: Company,
  change: Change,
  environment: 'staging' | 'production',
): Deployment | null {
  const deploy = change[environment];
  if (deploy === null) return null;
  const { nth, revision, author } = change;
  const { startedMs, endedMs, ending } = deploy;
  const ends: readonly Status[] =
    ending === 'timed_out'
      ? [{ state: 'error', atMs: endedMs }]
      : [{ state: ending === 'succeeded' ? 'success' : 'failure', atMs: endedMs }];
  const waited = randomFor(seed, 'github deployment', nth, environment).integer(1, 20) * 1000;
  return {
    ...{ id: 1_998_877_000 + 10 * nth + (environment === 'production' ? 5 : 0), sha: revision },
    ...{ ref: change.branch, environment, creator: author.login, createdMs: startedMs },
    statuses: [{ state: 'in_progress', atMs: Math.min(startedMs + waited, endedMs - 1000) }, ...ends],
  };
}
