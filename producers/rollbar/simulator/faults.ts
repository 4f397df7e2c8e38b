/**
 * Trouble on request: what a vendor does on a bad day, switched on for the next calls.
 *
 *   PUT /_simulator/faults
 *   {"faults": [{"kind": "server_error", "times": 3}, {"kind": "slow", "path": "/instances", "seconds": 0.2}]}
 *
 * A call meets the first fault that still has times left, and whose `method` (GET unless said otherwise) and
 * `path` (part of the path; empty means any) fit. PUT replaces all faults; `{"faults": []}` ends them; GET shows
 * what is left.
 *
 *   kind          the call is answered with                                    seconds
 *   rate_limited  429 and no calls left                                        until the window ends (1)
 *   server_error  500 and `err: 1`
 *   forbidden     403, the token lacks the scope
 *   revoked       403 that repeats the token, until it is switched off
 *   html          502 and a page of a load balancer
 *   err1          200 and `err: 1`
 *   truncated     200 and half of the JSON
 *   slow          the right answer, with a pause before every part of it       each pause (1)
 *   reset         the connection is reset in the middle of the answer
 *   padded        the right answer, occurrences padded to 1 MB
 */
import { type Answer, failure, text } from './answer.ts';
import { dig, isRecord } from './exact-json.ts';
import { limitHeaders } from './rate-limit.ts';

export interface Fault {
  readonly kind: FaultKind;
  /** How often; `revoked` lasts until it is switched off, all others strike once, unless said otherwise. */
  readonly times?: number;
  readonly method?: string;
  readonly path?: string;
  readonly seconds?: number;
}

export interface Struck {
  readonly token: string;
  readonly seconds: number;
  readonly ms: number;
}

/** How an answer leaves: as it should, or not. */
export interface Effect {
  /** Instead of the right answer. */
  readonly answer?: (struck: Struck) => Answer;
  readonly isTruncated?: true;
  readonly isReset?: true;
  readonly isSlow?: true;
  readonly padRowsTo?: number;
}

const BAD_GATEWAY =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

const effects = {
  rate_limited: {
    answer: ({ seconds, ms }) => {
      const headers = limitHeaders(5000, 0, seconds * 1000, ms);
      const answer = failure(429, 'API request limit reached');
      return { ...answer, headers: { ...answer.headers, ...headers } };
    },
  },
  server_error: { answer: () => failure(500, 'Internal server error') },
  forbidden: {
    answer: () =>
      failure(
        403,
        'insufficient privileges: read scope is required but the access token only has post_server_item.',
      ),
  },
  revoked: { answer: ({ token }) => failure(403, `access token not found: ${token}`) },
  html: { answer: () => text(502, 'text/html', BAD_GATEWAY) },
  err1: { answer: () => ({ ...failure(500, 'Something went wrong'), status: 200 }) },
  truncated: { isTruncated: true },
  slow: { isSlow: true },
  reset: { isReset: true },
  padded: { padRowsTo: 1_000_000 },
} satisfies Record<string, Effect>;

export type FaultKind = keyof typeof effects;

export interface Strike {
  readonly effect: Effect;
  readonly seconds: number;
}

export interface Faults {
  set(faults: readonly Fault[]): void;
  left(): readonly Fault[];
  /** The fault this call meets, which is then spent once. */
  strike(method: string, path: string): Strike | undefined;
}

export function createFaults(first: readonly Fault[]): Faults {
  let faults: { fault: Fault; left: number }[] = [];
  const set = (given: readonly Fault[]) => {
    faults = given.map((fault) => ({
      fault,
      left: fault.times ?? (fault.kind === 'revoked' ? Infinity : 1),
    }));
  };
  set(first);
  return {
    set,
    // JSON has no infinity: a fault without an end is shown without `times`.
    left: () =>
      faults
        .filter(({ left }) => left > 0)
        .map(({ fault, left }) => (left === Infinity ? fault : { ...fault, times: left })),
    strike(method, path) {
      const met = faults.find(
        ({ fault, left }) =>
          left > 0 && (fault.method ?? 'GET') === method && path.includes(fault.path ?? ''),
      );
      if (!met) return undefined;
      met.left -= 1;
      return { effect: effects[met.fault.kind], seconds: met.fault.seconds ?? 1 };
    },
  };
}

/** Reads what a test has put, or says what is wrong with it. */
export function parseFaults(body: unknown): Fault[] | string {
  const given = dig(body, 'faults');
  if (!Array.isArray(given)) return 'expected {"faults": [...]}';
  const faults: Fault[] = [];
  for (const fault of given) {
    if (!isFault(fault)) {
      return `${JSON.stringify(fault)} is no fault; kinds are ${Object.keys(effects).join(', ')}`;
    }
    faults.push(fault);
  }
  return faults;
}

function isFault(value: unknown): value is Fault {
  if (!isRecord(value)) return false;
  const { kind, times, method, path, seconds, ...others } = value;
  const isOptional = (given: unknown, type: string) => given === undefined || typeof given === type;
  return (
    typeof kind === 'string' &&
    Object.hasOwn(effects, kind) &&
    [times, seconds].every((number) => isOptional(number, 'number')) &&
    [method, path].every((word) => isOptional(word, 'string')) &&
    Object.keys(others).length === 0
  );
}
