/** Puts the simulator together and lets it listen. */

import { isRecord, parseExact } from '../../../simulation/exact-json.ts';
import { createFaults, type Fault } from '../../../simulation/faults.ts';
import { type Listening, listen } from '../../../simulation/server.ts';
import type { Scope } from './api.ts';
import { effects } from './faults.ts';
import type { Ordering } from './occurrences.ts';
import { faultOf, type Payload } from './payload.ts';
import { createProject, type Received, type Truth } from './project.ts';
import { createRateLimiter, type RateLimit } from './rate-limit.ts';
import { createSimulatorServer } from './server.ts';
import { startTraffic } from './shop/traffic.ts';

export interface SimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Milliseconds since 1970; the time of this machine unless a test has its own. */
  readonly now?: () => number;
  readonly projectId?: number;
  readonly seed?: number;
  /** Occurrences of the shop before the start (0), in how many hours (24), and per minute from then on (0). */
  readonly occurrences?: number;
  readonly sinceHours?: number;
  /** The past is that of the company's users (false); then `occurrences` are those beside it. */
  readonly hasUsers?: boolean;
  readonly livePerMinute?: number;
  /** When the past ends and the live traffic begins, in milliseconds; now unless given. */
  readonly startAt?: number;
  /** Which reading of the vendor's order of rows (H2, the harshest). */
  readonly ordering?: Ordering;
  /** The share of rows seen late (0: all at once), and how late at most (540 s). */
  readonly late?: { readonly fraction: number; readonly maxSeconds?: number };
  /** How far ids run ahead of their timestamps, at most (20 s). */
  readonly inversionSeconds?: number;
  /** Tokens with their scopes; without, every token may do everything. */
  readonly tokens?: Readonly<Record<string, readonly Scope[]>>;
  /** 5,000 calls in 60 seconds. */
  readonly rateLimit?: RateLimit;
  readonly faults?: readonly Fault[];
}

export interface Simulator extends Listening {
  /** Everything it holds, also what cannot be seen yet. */
  truth(): Truth;
  /**
   * Reports an occurrence, as an object or as JSON text whose digits matter, received at a time of your choice
   * and seen from a time of your choice; both in milliseconds.
   */
  report(data: Payload | string, at?: number, visibleAt?: number): Received;
  setFaults(faults: readonly Fault[]): void;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, now = Date.now, seed = 1, tokens = null } = options;
  const project = createProject({
    projectId: options.projectId ?? 700_123,
    seed,
    ordering: options.ordering ?? 'H2',
    late: { maxSeconds: 540, fraction: 0, ...options.late },
    inversionSeconds: options.inversionSeconds ?? 20,
  });
  const start = Math.floor((options.startAt ?? now()) / 1000) * 1000;
  startTraffic(project, {
    ...{ seed, start, occurrences: options.occurrences ?? 0, sinceHours: options.sinceHours ?? 24 },
    hasUsers: options.hasUsers ?? false,
    livePerMinute: options.livePerMinute ?? 0,
    token: Object.keys(tokens ?? {})[0] ?? 'fake-token-of-the-shop',
  });
  const settle = () => project.schedule.runUntil(now());
  settle();

  const faults = createFaults(effects, options.faults);
  const truth = () => {
    settle();
    return project.truth(now());
  };
  const countCall = createRateLimiter(options.rateLimit ?? { limit: 5_000, windowSeconds: 60 });
  const server = createSimulatorServer({ project, faults, tokens, countCall, now, settle, truth });
  const listening = await listen(server, host, port);

  return {
    ...listening,
    truth,
    setFaults: faults.set,
    report(data, at = now(), visibleAt = undefined) {
      settle();
      const payload = typeof data === 'string' ? parseExact(data) : data;
      const fault = faultOf(payload);
      if (fault !== undefined || !isRecord(payload))
        throw new TypeError(`this report would be refused: ${fault}`);
      return project.receive({ compose: () => payload, at, token: null, visibleAt });
    },
  };
}
