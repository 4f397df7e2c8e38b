/**
 * The company's project on CircleCI: a pipeline for every commit, a workflow for every attempt to build it, and for
 * what goes live a second workflow that waits for somebody's approval.
 */
import { type Attempt, type Change, type Company, changesUntil } from '../../../simulation/company.ts';
import { randomFor } from '../../../simulation/random.ts';
import type { Job, Pipeline, Project, Workflow } from './project.ts';

export const SLUG = 'gh/example-org/storefront';

const FIRST_NUMBER = 5000;
const HOUR = 3_600_000;
/** A feature branch whose configuration somebody broke. */
const ERRORED = 0.04;

/**
 * The project with its history until a time, at least. What has been worked out is kept: a poll asks so often that
 * a year of it would take minutes otherwise.
 */
export function historyOf(company: Company): (ms: number) => Project {
  const project: Project = { slug: SLUG, pipelines: [] };
  return (ms) => {
    const changes = changesUntil(company, ms, project.pipelines.length);
    project.pipelines.push(...changes.map((change) => pipelineOf(company.seed, change)));
    return project;
  };
}

function pipelineOf(seed: number, change: Change): Pipeline {
  const { nth, branch, revision, message, author, committedMs, builds } = change;
  const random = randomFor(seed, 'circleci', nth);
  const createdMs = builds[0]?.startedMs ?? committedMs;
  const isErrored = branch !== 'main' && random.isChance(ERRORED);
  return {
    ...{ id: random.uuid(), number: FIRST_NUMBER + nth, createdMs, visibleMs: createdMs, isErrored },
    ...{ branch, revision, subject: message, login: author.login },
    workflows: isErrored ? [] : [...buildWorkflows(seed, nth, builds), ...releaseWorkflows(seed, change)],
  };
}

function buildWorkflows(seed: number, nth: number, builds: readonly Attempt[]): readonly Workflow[] {
  const done = new Map<string, Job>();
  return builds.map(({ jobs, startedMs, endedMs, ending }, attempt) => {
    const random = randomFor(seed, 'circleci', nth, 'workflow', attempt);
    const id = random.uuid();
    const listed = jobs.map((each): Job => {
      // Run again "from failed", a workflow lists what it need not repeat under the old id.
      const before = done.get(each.name);
      if (before !== undefined) return before;
      const job: Job = {
        ...{ id: random.uuid(), name: each.name, type: 'build', ending: each.ending, dependencies: [] },
        ...{ number: 80_000 + nth * 20 + attempt * 5 + done.size, startedMs: each.startedMs },
        stoppedMs: each.endedMs,
      };
      if (each.ending === 'success') done.set(each.name, job);
      return job;
    });
    return {
      ...{ id, name: 'build-and-test', createdMs: startedMs, stoppedMs: endedMs, ending },
      ...{ isSetup: false, jobs: listed },
    };
  });
}

/** Waits for an approval until production is deployed, or until somebody gives it up. */
function releaseWorkflows(seed: number, { nth, staging, production }: Change): readonly Workflow[] {
  if (staging === null) return [];
  const random = randomFor(seed, 'circleci', nth, 'release');
  const approvedMs = production?.startedMs ?? staging.endedMs + 2 * HOUR;
  const hold: Job = {
    ...{ id: random.uuid(), name: 'approve', type: 'approval', number: null, dependencies: [] },
    ...{ startedMs: staging.startedMs, stoppedMs: approvedMs },
    ending: production === null ? 'canceled' : 'success',
  };
  const deploy: readonly Job[] =
    production === null
      ? []
      : [
          {
            ...{ id: random.uuid(), name: 'deploy', type: 'build', number: 80_000 + nth * 20 + 19 },
            ...{ startedMs: production.startedMs, stoppedMs: production.endedMs, dependencies: [hold.id] },
            ending: production.ending === 'succeeded' ? 'success' : 'failed',
          },
        ];
  return [
    {
      ...{ id: random.uuid(), name: 'release', createdMs: staging.startedMs, isSetup: false },
      ...{ stoppedMs: production?.endedMs ?? approvedMs, jobs: [hold, ...deploy] },
      ending: deploy[0]?.ending ?? 'canceled',
    },
  ];
}
