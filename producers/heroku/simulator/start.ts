/** Puts the simulator together and lets it listen. */
import { type Answer, plainJson } from '../../../simulation/answer.ts';
import { createFaults, type Effect, type Fault, onTheWay } from '../../../simulation/faults.ts';
import { type Asked, createVendorServer, listen } from '../../../simulation/server.ts';
import { answer, failure, type Habits } from './api.ts';
import { type App, buildsAt, releasesAt } from './app.ts';
import { appUntil, environments } from './history.ts';

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
  readonly habits?: Habits;
  readonly faults?: readonly Fault[];
  /** Calls an account may have saved up, and those it gets back per minute. */
  readonly pool?: { readonly size: number; readonly perMinute: number };
}

export interface Simulator {
  readonly url: string;
  close(): Promise<void>;
  /** Everything it holds, in its present state. */
  truth(): Truth;
  setFaults(faults: readonly Fault[]): void;
}

export interface Truth {
  readonly releases: readonly Readonly<Record<string, unknown>>[];
  readonly builds: readonly Readonly<Record<string, unknown>>[];
}

const POOL = { size: 4500, perMinute: 75 };

const refusal = (status: number, id: string, message: string): Answer => {
  const { body, headers } = failure(status, id, message);
  return { status, headers, body: [body] };
};

const effects = {
  ...onTheWay,
  rate_limited: { answer: () => limited() },
  server_error: { answer: () => refusal(503, 'maintenance', 'Heroku API is temporarily unavailable.') },
  forbidden: { answer: () => refusal(403, 'forbidden', 'You do not have access to the app.') },
  revoked: { answer: () => refusal(401, 'unauthorized', 'Invalid credentials provided.') },
} satisfies Record<string, Effect>;

const limited = (): Answer =>
  refusal(
    429,
    'rate_limit',
    'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
  );

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, now = Date.now, seed = 1, sinceHours = 24 } = options;
  const startMs = Math.floor((options.startAt ?? now()) / 1000) * 1000;
  const company = { seed, startMs, sinceHours, isLive: (options.livePerMinute ?? 0) > 0 };
  const apps = (): readonly App[] => environments.map((environment) => appUntil(company, environment, now()));
  const truth = (): Truth => ({
    releases: apps().flatMap((app) => releasesAt(app, now()).map(({ body }) => body)),
    builds: apps().flatMap((app) => buildsAt(app, now()).map(({ body }) => body)),
  });
  const faults = createFaults(effects, options.faults);
  const takeToken = pool(options.pool ?? POOL, now);
  const server = createVendorServer({
    ...{ faults, now, truth },
    call(asked) {
      const token = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? '';
      const isVendors = !asked.url.pathname.startsWith('/_simulator/');
      const left = isVendors ? takeToken() : 1;
      return {
        ...{ token, isOverLimit: left < 0, headers: { 'RateLimit-Remaining': String(Math.max(0, left)) } },
        answer: () => vendorAnswer(asked, token, left < 0),
      };
    },
  });

  function vendorAnswer({ method, url, headers }: Asked, token: string, isOverLimit: boolean): Answer {
    if (token === '' || (options.token !== undefined && token !== options.token))
      return refusal(401, 'unauthorized', 'Invalid credentials provided.');
    if (isOverLimit) return limited();
    if (url.pathname === '/account/rate-limits') return plainJson({ remaining: POOL.size });
    if (method !== 'GET') return refusal(404, 'not_found', 'The requested API endpoint was not found.');
    const asked = {
      path: url.pathname,
      ms: now(),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    };
    const answered = answer(apps(), asked, options.habits);
    return { ...answered, body: [answered.body] };
  }

  return { ...(await listen(server, host, port)), truth, setFaults: faults.set };
}

/** What is left after each call; below 0 it was one too many. */
function pool({ size, perMinute }: typeof POOL, now: () => number): () => number {
  let left = size;
  let at = now();
  return () => {
    const ms = now();
    left = Math.min(size, left + ((ms - at) / 60_000) * perMinute);
    at = ms;
    if (left < 1) return -1;
    left -= 1;
    return Math.floor(left);
  };
}
