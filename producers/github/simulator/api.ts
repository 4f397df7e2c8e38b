/** GitHub's API over a repository: what is answered to a GET, at a time. */
import { createHash } from 'node:crypto';
import {
  deploymentBody,
  deploymentsAt,
  iso,
  type Repository,
  runBody,
  runsAt,
  statusesAt,
} from './repository.ts';

export interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly ms: number;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const MAX_PER_PAGE = 100;
/** A search with a filter shows no more, whatever its total. */
export const MAX_RESULTS = 1000;

/** Answers a GET. */
export function answer(repository: Repository, asked: Asked): Answered {
  const [, name = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)$/.exec(asked.path) ?? [];
  if (name.toLowerCase() !== repository.name.toLowerCase()) return notFound();
  const [, attempted, nth] = /^\/actions\/runs\/(\d+)\/attempts\/(\d+)$/.exec(rest) ?? [];
  if (attempted !== undefined) return oneRun(repository, asked, attempted, Number(nth));
  const [, run] = /^\/actions\/runs\/(\d+)$/.exec(rest) ?? [];
  if (run !== undefined) return oneRun(repository, asked, run);
  if (rest === '/actions/runs') return searchedRuns(repository, asked);
  const [, id, statuses] = /^\/deployments\/(\d+)(\/statuses)?$/.exec(rest) ?? [];
  const deployment = deploymentsAt(repository, asked.ms).find((one) => String(one.id) === id);
  if (id !== undefined && deployment === undefined) return notFound();
  if (deployment !== undefined && statuses !== undefined) {
    const rows = statusesAt(deployment, asked.ms).map(({ state, atMs }, index) => ({
      ...{ id: deployment.id * 10 + index, state, description: '', environment_url: '' },
      ...{ created_at: iso(atMs), updated_at: iso(atMs) },
    }));
    return success(page(rows, asked), asked);
  }
  if (deployment !== undefined) return success(deploymentBody(deployment, asked.ms), asked);
  if (rest !== '/deployments') return notFound();
  const rows = deploymentsAt(repository, asked.ms).map((one) => deploymentBody(one, asked.ms));
  return success(page(rows, asked), asked);
}

function oneRun(repository: Repository, asked: Asked, id: string, nth?: number): Answered {
  const run = runsAt(repository, asked.ms).find((one) => String(one.id) === id);
  const body = run === undefined ? null : runBody(repository, run, asked.ms, nth);
  return body === null ? notFound() : success(body, asked);
}

function searchedRuns(repository: Repository, asked: Asked): Answered {
  const [, from = '', to = ''] = /^(.*?)\.\.(.*)$/.exec(asked.query.created ?? '') ?? [];
  const isWithin = (ms: number): boolean =>
    asked.query.created === undefined || (iso(ms) >= from && (to === '' || iso(ms) <= to));
  const found = runsAt(repository, asked.ms).filter(({ createdMs }) => isWithin(createdMs));
  const shown = asked.query.created === undefined ? found : found.slice(0, MAX_RESULTS);
  const bodies = page(shown, asked).map((run) => runBody(repository, run, asked.ms));
  return success({ total_count: found.length, workflow_runs: bodies }, asked);
}

function page<Row>(rows: readonly Row[], { query }: Asked): readonly Row[] {
  const size = Math.min(Number(query.per_page ?? 30), MAX_PER_PAGE);
  const first = size * (Number(query.page ?? 1) - 1);
  return rows.slice(first, first + size);
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

function success(value: unknown, { headers }: Asked): Answered {
  const body = JSON.stringify(value);
  const etag = `W/"${createHash('sha256').update(body).digest('hex')}"`;
  const answered = { ...JSON_TYPE, ETag: etag };
  if (headers['if-none-match'] === etag) return { status: 304, headers: answered, body: '' };
  return { status: 200, headers: answered, body };
}

export const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answered => ({
  ...{ status, headers: { ...JSON_TYPE, ...headers } },
  body: JSON.stringify({ message, documentation_url: 'https://docs.github.com/rest' }),
});

const notFound = (): Answered => failure(404, 'Not Found');
