/** Puts the simulator together and lets it listen. */
import type { Answer } from '../../../simulation/answer.ts';
import { createFaults, type Effect, type Fault, onTheWay } from '../../../simulation/faults.ts';
import { type Asked, createVendorServer, listen } from '../../../simulation/server.ts';
import { answer, failure } from './api.ts';
import { repositoryUntil } from './history.ts';
import { deploymentBody, deploymentsAt, runBody, runsAt } from './repository.ts';

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
  /** Calls per hour. */
  readonly limit?: number;
}

export interface Simulator {
  readonly url: string;
  close(): Promise<void>;
  /** Everything it holds, in its present state. */
  truth(): Truth;
  setFaults(faults: readonly Fault[]): void;
}

export interface Truth {
  /** One per attempt. */
  readonly runs: readonly Readonly<Record<string, unknown>>[];
  readonly deployments: readonly Readonly<Record<string, unknown>>[];
}

const HOUR = 3_600_000;

const refusal = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => {
  const answered = failure(status, message, headers);
  return { ...answered, body: [answered.body] };
};

const resetAt = (ms: number): string => String(Math.ceil(ms / 1000));

const effects = {
  ...onTheWay,
  rate_limited: {
    answer: ({ ms, seconds }) =>
      refusal(403, 'API rate limit exceeded for user ID 900001.', {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': resetAt(ms + 1000 * seconds),
      }),
  },
  server_error: { answer: () => refusal(502, 'Server Error') },
  forbidden: { answer: () => refusal(403, 'Resource not accessible by personal access token') },
  revoked: { answer: () => refusal(401, 'Bad credentials') },
} satisfies Record<string, Effect>;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, now = Date.now, seed = 1, sinceHours = 24, limit = 5000 } = options;
  const startMs = Math.floor((options.startAt ?? now()) / 1000) * 1000;
  const company = { seed, startMs, sinceHours, isLive: (options.livePerMinute ?? 0) > 0 };
  const repository = () => repositoryUntil(company, now());
  const truth = (): Truth => {
    const held = repository();
    return {
      runs: runsAt(held, now()).flatMap((run) =>
        run.attempts.map((_, index) => runBody(held, run, now(), index + 1)).filter((body) => body !== null),
      ),
      deployments: deploymentsAt(held, now()).map((deployment) => deploymentBody(deployment, now())),
    };
  };
  const faults = createFaults(effects, options.faults);
  let window = { endsAt: 0, calls: 0 };
  const server = createVendorServer({
    ...{ faults, now, truth },
    call(asked) {
      const token = /^(?:Bearer|token) (.+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? '';
      if (now() >= window.endsAt) window = { endsAt: now() + HOUR, calls: 0 };
      const isFree = asked.url.pathname.startsWith('/_simulator/');
      if (!isFree) window.calls += 1;
      const isOverLimit = window.calls > limit;
      const headers = {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(Math.max(0, limit - window.calls)),
        'x-ratelimit-reset': resetAt(window.endsAt),
      };
      return { token, isOverLimit, headers, answer: () => vendorAnswer(asked, token, isOverLimit) };
    },
  });

  function vendorAnswer({ method, url, headers }: Asked, token: string, isOverLimit: boolean): Answer {
    if (options.token !== undefined && token !== options.token) return refusal(401, 'Bad credentials');
    if (isOverLimit) return refusal(403, 'API rate limit exceeded for user ID 900001.');
    if (method !== 'GET') return refusal(404, 'Not Found');
    const answered = answer(repository(), {
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      ms: now(),
    });
    // What has not changed costs nothing.
    if (answered.status === 304) window.calls -= 1;
    return { ...answered, body: [answered.body] };
  }

  return { ...(await listen(server, host, port)), truth, setFaults: faults.set };
}
