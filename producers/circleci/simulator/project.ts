/**
 * One CircleCI project and its history: its pipelines, and what each of them looks like at a given time.
 *
 * Nothing is changed as time passes: a row says when things happened to it, and is written for the moment in which
 * somebody asks.
 */

/** A period, in milliseconds since 1970; a job that never starts has none. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly type: 'build' | 'approval';
  readonly number: number | null;
  readonly startedMs: number;
  readonly stoppedMs: number;
  readonly ending: string;
  readonly dependencies: readonly string[];
}

export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  readonly stoppedMs: number;
  readonly ending: string;
  readonly isSetup: boolean;
  readonly jobs: readonly Job[];
}

export interface Pipeline {
  readonly id: string;
  readonly number: number;
  readonly createdMs: number;
  /** Seen in lists and by its number from then on. */
  readonly visibleMs: number;
  readonly isErrored: boolean;
  readonly branch: string;
  readonly revision: string;
  readonly subject: string;
  readonly login: string;
  /** In the order of their creation; a rerun is another one of the same name. */
  readonly workflows: readonly Workflow[];
}

export interface Project {
  readonly slug: string;
  readonly pipelines: Pipeline[];
}

type Body = Readonly<Record<string, unknown>>;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The pipelines that can be seen at that time, the newest first. */
export const pipelinesAt = ({ pipelines }: Project, ms: number): readonly Pipeline[] =>
  pipelines
    .filter(({ visibleMs }) => visibleMs <= ms)
    .sort((a, b) => b.createdMs - a.createdMs || b.number - a.number);

export function pipelineBody({ slug }: Project, pipeline: Pipeline): Body {
  const { id, number, createdMs, isErrored, branch, revision, subject, login } = pipeline;
  const repository = `https://github.com/${slug.replace(/^[^/]+\//, '')}`;
  return {
    ...{ id, number, project_slug: slug, state: isErrored ? 'errored' : 'created' },
    ...{ created_at: iso(createdMs), updated_at: iso(createdMs) },
    errors: isErrored ? [{ type: 'config', message: 'Cannot find a job named `unit-tests`' }] : [],
    trigger: { type: 'webhook', received_at: iso(createdMs), actor: { login, avatar_url: null } },
    vcs: {
      ...{ provider_name: 'GitHub', origin_repository_url: repository, target_repository_url: repository },
      ...{ revision, branch, commit: { subject, body: '' } },
    },
  };
}

/** The workflows that exist at that time. */
export const workflowsAt = (pipeline: Pipeline, ms: number): readonly Workflow[] =>
  pipeline.workflows.filter(({ createdMs }) => createdMs <= ms);

export function workflowBody({ slug }: Project, pipeline: Pipeline, workflow: Workflow, ms: number): Body {
  const { id, name, createdMs, stoppedMs, ending, isSetup, jobs } = workflow;
  const isStopped = stoppedMs <= ms;
  return {
    ...{ id, name, status: isStopped ? ending : statusUnderWay(jobs, ms) },
    ...{ pipeline_id: pipeline.id, pipeline_number: pipeline.number, project_slug: slug },
    ...{ started_by: USER, created_at: iso(createdMs), stopped_at: isStopped ? iso(stoppedMs) : null },
    ...(isSetup ? { tag: 'setup' } : {}),
  };
}

const USER = '0000004d-0000-4000-8000-00000000004d';

function statusUnderWay(jobs: readonly Job[], ms: number): string {
  const waits = jobs.some(
    ({ type, startedMs, stoppedMs }) => type === 'approval' && startedMs <= ms && stoppedMs > ms,
  );
  const hasFailed = jobs.some(({ ending, stoppedMs }) => ending === 'failed' && stoppedMs <= ms);
  return waits ? 'on_hold' : hasFailed ? 'failing' : 'running';
}

export function jobBody({ slug }: Project, workflow: Workflow, job: Job, ms: number): Body {
  const { id, name, type, number, startedMs, stoppedMs, ending, dependencies } = job;
  const isStarted = startedMs <= ms;
  const isStopped = stoppedMs <= ms;
  // What was still to come when its workflow ended never ran.
  const isOver = workflow.stoppedMs <= ms && !isStarted;
  const status = isStopped ? ending : isOver ? 'canceled' : isStarted ? underWay[type] : 'blocked';
  return {
    ...{ id, name, type, status, project_slug: slug, dependencies },
    started_at: isStarted ? iso(startedMs) : null,
    ...(isStopped ? { stopped_at: iso(stoppedMs) } : {}),
    ...(number === null || !isStarted ? {} : { job_number: number }),
    ...(type === 'approval' && isStopped && ending === 'success' ? { approved_by: USER } : {}),
  };
}

const underWay = { build: 'running', approval: 'on_hold' } as const;

/** What CircleCI works out once a day; nothing yet of a workflow that runs. */
export function usageBody(
  pipeline: Pipeline,
  { id, createdMs, stoppedMs, ending }: Workflow,
  ms: number,
): Body {
  const isStopped = stoppedMs <= ms;
  const seconds = Math.round((stoppedMs - createdMs) / 1000);
  return {
    ...{ id, branch: pipeline.branch, created_at: iso(createdMs), is_approval: false },
    ...{ duration: isStopped ? seconds : null, stopped_at: isStopped ? iso(stoppedMs) : null },
    ...{ status: isStopped ? ending : null, credits_used: isStopped ? seconds * 10 : 0 },
  };
}
