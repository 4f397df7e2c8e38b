/**
 * One GitHub repository and its history: what ran and what was deployed, and what each of that looks like at a
 * given time.
 *
 * Nothing is changed as time passes: a row says when things happened to it, and is written for the moment in which
 * somebody asks.
 */

export interface Attempt {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly conclusion: string;
}

export interface Run {
  readonly id: number;
  readonly runNumber: number;
  readonly workflow: string;
  readonly branch: string;
  readonly sha: string;
  readonly title: string;
  readonly actor: string;
  readonly createdMs: number;
  /** In their order; at least one, and the first starts when the run is created. */
  readonly attempts: readonly Attempt[];
}

export interface Status {
  readonly state: string;
  readonly atMs: number;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly environment: string;
  readonly creator: string;
  readonly createdMs: number;
  readonly statuses: readonly Status[];
}

export interface Repository {
  /** Owner and name. */
  readonly name: string;
  readonly runs: Run[];
  readonly deployments: Deployment[];
}

type Body = Readonly<Record<string, unknown>>;

export const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The runs that exist at that time, the newest first. */
export const runsAt = (repository: Repository, ms: number): readonly Run[] =>
  repository.runs
    .filter(({ createdMs }) => createdMs <= ms)
    .sort((a, b) => b.createdMs - a.createdMs || b.id - a.id);

/**
 * A run as GitHub writes it.
 * @param wanted which attempt; the newest that has started unless given.
 */
export function runBody(repository: Repository, run: Run, ms: number, wanted?: number): Body | null {
  const started = run.attempts.filter(({ startedMs }) => startedMs <= ms);
  const number = wanted ?? started.length;
  const attempt = started[number - 1];
  if (attempt === undefined) return null;
  const isCompleted = attempt.endedMs <= ms;
  return {
    id: run.id,
    name: run.workflow,
    head_branch: run.branch,
    head_sha: run.sha,
    path: `.github/workflows/${run.workflow.toLowerCase()}.yml`,
    display_title: run.title,
    run_number: run.runNumber,
    event: 'push',
    status: isCompleted ? 'completed' : 'in_progress',
    conclusion: isCompleted ? attempt.conclusion : null,
    workflow_id: 4_410_223,
    created_at: iso(run.createdMs),
    updated_at: iso(isCompleted ? attempt.endedMs : attempt.startedMs),
    actor: { login: run.actor, id: 900_001 },
    run_attempt: number,
    run_started_at: iso(attempt.startedMs),
    triggering_actor: { login: run.actor, id: 900_001 },
    repository: { id: 77_001, full_name: repository.name },
  };
}

/** The deployments that exist at that time, the newest first. */
export const deploymentsAt = (repository: Repository, ms: number): readonly Deployment[] =>
  repository.deployments
    .filter(({ createdMs }) => createdMs <= ms)
    .sort((a, b) => b.createdMs - a.createdMs || b.id - a.id);

/** A deployment as GitHub writes it: without its outcome. */
export function deploymentBody(deployment: Deployment, ms: number): Body {
  const { id, sha, ref, environment, creator, createdMs } = deployment;
  const changed = Math.max(createdMs, ...statusesAt(deployment, ms).map(({ atMs }) => atMs));
  return {
    ...{ id, sha, ref, task: 'deploy', environment, payload: {}, description: null },
    ...{ production_environment: environment === 'production', transient_environment: false },
    creator: { login: creator, id: 900_001 },
    created_at: iso(createdMs),
    updated_at: iso(changed),
  };
}

/** Its statuses at that time, the newest first. */
export const statusesAt = ({ statuses }: Deployment, ms: number): readonly Status[] =>
  statuses.filter(({ atMs }) => atMs <= ms).sort((a, b) => b.atMs - a.atMs);
