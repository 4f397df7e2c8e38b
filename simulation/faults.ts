/**
 * Trouble on request: what a vendor does on a bad day, switched on for the next calls.
 *
 *   PUT /_simulator/faults
 *   {"faults": [{"kind": "server_error", "times": 3}, {"kind": "slow", "path": "/instances", "seconds": 0.2}]}
 *
 * A call meets the first fault that still has times left, and whose `method` (GET unless said otherwise) and
 * `path` (part of the path; empty means any) fit. PUT replaces all faults; `{"faults": []}` ends them; GET shows
 * what is left. Each vendor says in words of its own that it is over its limit, broken or does not know a token;
 * what happens to an answer on its way is the same for all.
 *
 *   kind          the call is answered with                                    seconds
 *   rate_limited  429 and no calls left                                        until the window ends (1)
 *   server_error  500
 *   forbidden     403, the token lacks the scope
 *   revoked       the token is not known, until it is switched off
 *   html          502 and a page of a load balancer
 *   truncated     the right status and half of the JSON
 *   slow          the right answer, with a pause before every part of it       each pause (1)
 *   reset         the connection is reset in the middle of the answer
 */
import { type Answer, text } from './answer.ts';
import { dig, isRecord } from './exact-json.ts';

export interface Fault {
  readonly kind: string;
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
  /** Bytes to which rows are filled up. */
  readonly padRowsTo?: number;
}

const BAD_GATEWAY =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** What can happen to any vendor's answer. */
export const onTheWay = {
  html: { answer: () => text(502, 'text/html', BAD_GATEWAY) },
  truncated: { isTruncated: true },
  slow: { isSlow: true },
  reset: { isReset: true },
} satisfies Record<string, Effect>;

export interface Strike {
  readonly effect: Effect;
  readonly seconds: number;
}

export interface Faults {
  set(faults: readonly Fault[]): void;
  left(): readonly Fault[];
  /** Reads what a test has put, and sets it; says what is wrong with it instead. */
  put(body: unknown): string | null;
  /** The fault this call meets, which is then spent once. */
  strike(method: string, path: string): Strike | undefined;
}

/** @param effects kind → what it does. */
export function createFaults(
  effects: Readonly<Record<string, Effect>>,
  first: readonly Fault[] = [],
): Faults {
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
    put(body) {
      const given = parseFaults(body, effects);
      if (typeof given === 'string') return given;
      set(given);
      return null;
    },
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
      const effect = effects[met?.fault.kind ?? ''];
      if (met === undefined || effect === undefined) return undefined;
      met.left -= 1;
      return { effect, seconds: met.fault.seconds ?? 1 };
    },
  };
}

function parseFaults(body: unknown, effects: Readonly<Record<string, Effect>>): Fault[] | string {
  const given = dig(body, 'faults');
  if (!Array.isArray(given)) return 'expected {"faults": [...]}';
  const faults: Fault[] = [];
  for (const fault of given) {
    if (!isFault(fault, effects))
      return `${JSON.stringify(fault)} is no fault; kinds are ${Object.keys(effects).join(', ')}`;
    faults.push(fault);
  }
  return faults;
}

function isFault(value: unknown, effects: Readonly<Record<string, Effect>>): value is Fault {
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
