/** Puts the simulator together and lets it listen. */
import type { Answer } from '../../../simulation/answer.ts';
import { createFaults, type Effect, type Fault, onTheWay } from '../../../simulation/faults.ts';
import { type Asked, createVendorServer, listen } from '../../../simulation/server.ts';
import { answer, failure } from './api.ts';
import { historyOf } from './history.ts';
import { jobBody, pipelineBody, pipelinesAt, workflowBody, workflowsAt } from './project.ts';

export interface SimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Milliseconds since 1970; the time of this machine unless a test has its own. */
  readonly now?: () => number;
  readonly seed?: number;
  readonly sinceHours?: number;
  /** Above 0, the company goes on after the start. */
  readonly livePerMinute?: number;
  readonly startAt?: number;
  /** The only token it knows; any, unless given. */
  readonly token?: string | undefined;
  readonly faults?: readonly Fault[];
  /** Calls per minute. */
  readonly limit?: number;
}

export interface Simulator {
  readonly url: string;
  close(): Promise<void>;
  /** Everything it holds, in its present state. */
  truth(): Truth;
  setFaults(faults: readonly Fault[]): void;
}

type Body = Readonly<Record<string, unknown>>;

export interface Truth {
  readonly pipelines: readonly Body[];
  readonly workflows: readonly Body[];
  /** Each with `workflow_id`. */
  readonly jobs: readonly Body[];
}

const refusal = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => {
  const answered = failure(status, message, headers);
  return { ...answered, body: [answered.body] };
};

const effects = {
  ...onTheWay,
  rate_limited: {
    answer: ({ seconds }) => refusal(429, 'Too Many Requests', { 'Retry-After': String(seconds) }),
  },
  server_error: { answer: () => refusal(500, 'Internal server error') },
  forbidden: { answer: () => refusal(403, 'Permission denied') },
  revoked: { answer: () => refusal(401, 'You must log in first.') },
} satisfies Record<string, Effect>;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, now = Date.now, seed = 1, sinceHours = 24, limit = 3000 } = options;
  const startMs = Math.floor((options.startAt ?? now()) / 1000) * 1000;
  const company = { seed, startMs, sinceHours, isLive: (options.livePerMinute ?? 0) > 0 };
  const history = historyOf(company);
  const project = () => history(now());
  const truth = (): Truth => {
    const held = project();
    const pipelines = pipelinesAt(held, now());
    const workflows = pipelines.flatMap((pipeline) =>
      workflowsAt(pipeline, now()).map((workflow) => ({ pipeline, workflow })),
    );
    return {
      pipelines: pipelines.map((pipeline) => pipelineBody(held, pipeline)),
      workflows: workflows.map(({ pipeline, workflow }) => workflowBody(held, pipeline, workflow, now())),
      jobs: workflows.flatMap(({ workflow }) =>
        workflow.jobs.map((job) => ({ ...jobBody(held, workflow, job, now()), workflow_id: workflow.id })),
      ),
    };
  };
  const faults = createFaults(effects, options.faults);
  let window = { endsAt: 0, calls: 0 };
  const server = createVendorServer({
    ...{ faults, now, truth },
    call(asked) {
      const { authorization = '', 'circle-token': own } = asked.headers;
      const token = String(own ?? /^Bearer (.+)$/.exec(authorization)?.[1] ?? '');
      if (now() >= window.endsAt) window = { endsAt: now() + 60_000, calls: 0 };
      if (!asked.url.pathname.startsWith('/_simulator/')) window.calls += 1;
      const isOverLimit = window.calls > limit;
      const left = Math.max(0, limit - window.calls);
      const seconds = Math.ceil((window.endsAt - now()) / 1000);
      return {
        ...{ token, isOverLimit, answer: () => vendorAnswer(asked, token, isOverLimit, seconds) },
        headers: { 'RateLimit-Remaining': String(left), 'RateLimit-Reset': String(seconds) },
      };
    },
  });

  function vendorAnswer(asked: Asked, token: string, isOverLimit: boolean, seconds: number): Answer {
    if (token === '' || (options.token !== undefined && token !== options.token))
      return refusal(401, 'You must log in first.');
    if (isOverLimit) return refusal(429, 'Too Many Requests', { 'Retry-After': String(seconds) });
    if (asked.method !== 'GET') return refusal(404, 'Not found');
    const path = asked.url.pathname.replace(/^\/api\/v2/, '');
    const answered = answer(project(), {
      path,
      query: Object.fromEntries(asked.url.searchParams),
      ms: now(),
    });
    return { ...answered, body: [answered.body] };
  }

  return { ...(await listen(server, host, port)), truth, setFaults: faults.set };
}
