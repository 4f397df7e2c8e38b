/**
 * CircleCI's API over a project: what is answered to a GET, at a time.
 *
 * Its habits that lose rows: pages of 20 by tokens that are good for this walk only, and a token after the last row,
 * so that the last page can be empty; new pipelines shift the rows between two pages.
 */
import {
  jobBody,
  type Pipeline,
  type Project,
  pipelineBody,
  pipelinesAt,
  usageBody,
  type Workflow,
  workflowBody,
  workflowsAt,
} from './project.ts';

export interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly ms: number;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const PAGE_ROWS = 20;
/** A token is answered with 400 after so long. */
const TOKEN_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/** Answers a GET. */
export function answer(project: Project, asked: Asked): Answered {
  const path = decodeURIComponent(asked.path);
  const isOurs = (slug: string | undefined): boolean => slug === project.slug;
  const [, listed] = /^\/project\/(.+)\/pipeline$/.exec(path) ?? [];
  if (listed !== undefined) {
    if (!isOurs(listed)) return failure(404, 'Project not found');
    return list(
      pipelinesAt(project, asked.ms).map((one) => pipelineBody(project, one)),
      asked,
    );
  }
  const [, numbered, number] = /^\/project\/(.+)\/pipeline\/(\d+)$/.exec(path) ?? [];
  if (numbered !== undefined) {
    const found = pipelinesAt(project, asked.ms).find((one) => String(one.number) === number);
    return found === undefined || !isOurs(numbered)
      ? failure(404, 'Pipeline not found')
      : success(pipelineBody(project, found));
  }
  const [, pipelineId] = /^\/pipeline\/([^/]+)\/workflow$/.exec(path) ?? [];
  if (pipelineId !== undefined) {
    const found = pipelinesAt(project, asked.ms).find(({ id }) => id === pipelineId);
    if (found === undefined) return failure(404, 'Pipeline not found');
    const workflows = workflowsAt(found, asked.ms).map((one) => workflowBody(project, found, one, asked.ms));
    return list(workflows.toReversed(), asked);
  }
  const [, workflowId] = /^\/workflow\/([^/]+)\/job$/.exec(path) ?? [];
  if (workflowId !== undefined) {
    const found = workflowOf(project, workflowId, asked.ms);
    if (found === null) return failure(404, 'Workflow not found');
    return list(
      found.workflow.jobs.map((job) => jobBody(project, found.workflow, job, asked.ms)),
      asked,
    );
  }
  const [, insights, name] = /^\/insights\/(.+?)\/workflows(?:\/([^/]+))?$/.exec(path) ?? [];
  return isOurs(insights) ? insight(project, asked, name) : failure(404, 'Not found');
}

function workflowOf(
  project: Project,
  id: string,
  ms: number,
): { readonly pipeline: Pipeline; readonly workflow: Workflow } | null {
  for (const pipeline of pipelinesAt(project, ms)) {
    const workflow = workflowsAt(pipeline, ms).find((one) => one.id === id);
    if (workflow !== undefined) return { pipeline, workflow };
  }
  return null;
}

/** Worked out at midnight, of what there was then. */
function insight(project: Project, asked: Asked, name: string | undefined): Answered {
  const midnight = Math.floor(asked.ms / DAY_MS) * DAY_MS;
  const from = asked.query['start-date'] === undefined ? 0 : Date.parse(asked.query['start-date']);
  const runs = pipelinesAt(project, midnight).flatMap((pipeline) =>
    workflowsAt(pipeline, midnight)
      .filter(({ createdMs }) => createdMs >= from)
      .map((workflow) => ({ pipeline, workflow })),
  );
  if (name !== undefined) {
    const named = runs.filter(({ workflow }) => workflow.name === name);
    return list(
      named.map(({ pipeline, workflow }) => usageBody(pipeline, workflow, midnight)),
      asked,
    );
  }
  return list(
    [...new Set(runs.map(({ workflow }) => workflow.name))].map((each) => ({ name: each })),
    asked,
  );
}

function list(rows: readonly object[], { query, ms }: Asked): Answered {
  const token = query['page-token'];
  const [first = 0, made = ms] = token === undefined ? [] : readToken(token);
  if (Number.isNaN(first) || ms - made > TOKEN_MS) return failure(400, 'Invalid page token');
  const items = rows.slice(first, first + PAGE_ROWS);
  const next =
    items.length < PAGE_ROWS ? null : Buffer.from(`${first + PAGE_ROWS}@${ms}`).toString('base64url');
  return success({ items, next_page_token: next });
}

function readToken(token: string): readonly [number, number] {
  const [first, made] = Buffer.from(token, 'base64url').toString().split('@').map(Number);
  return [first ?? Number.NaN, made ?? Number.NaN];
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

const success = (value: unknown): Answered => ({
  status: 200,
  headers: JSON_TYPE,
  body: JSON.stringify(value),
});

export const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answered => ({ status, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ message }) });
