/**
 * How a request fails: the error that the poll will see, and whether asking again may help.
 */
import type { InternalAxiosRequestConfig } from 'axios';
import { PollError, type PollErrorKind } from '../contract/producer.ts';
import type { Scrubber } from './credential.ts';

/** The run has no time, or no share of the quota, for another request: nothing is wrong with the vendor. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/**
 * One failed attempt. It never reaches a poll, which gets its `error`: axios-retry looks for `config` here, and
 * the config holds the credential.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly error: PollError;
  /** Asking again may help. */
  readonly isPassing: boolean;
  config: InternalAxiosRequestConfig | null = null;

  constructor(error: PollError, isPassing: boolean) {
    super(error.message);
    this.error = error;
    this.isPassing = isPassing;
  }
}

export interface FailureOptions {
  readonly isPassing?: boolean;
  /** As the vendor said; null when it did not. */
  readonly waitSeconds?: number | null;
  /** Of the answer, when it is the reason. */
  readonly status?: number | null;
}

/** Makes the failures of one request. */
export type Fail = (kind: PollErrorKind, what: string, options?: FailureOptions) => Failure;

/** What is to be done about each kind of failure. */
const ADVICE: Readonly<Record<PollErrorKind, string>> = {
  rate_limited: 'nothing to do, the feed waits as the vendor says',
  unavailable: "the next run tries again; if it lasts, look at the vendor's status page",
  unauthorized: "put a valid token with the right to read into the feed's secret",
  not_found:
    "check the feed's settings: what they name is gone, or the token may not see it (many vendors say so alike)",
  unexpected_response: "compare with the vendor's documentation, the producer may have to change",
};

/** @param path as the producer gave it; its query can hold anything and is left out. */
export function failuresOf(path: string, scrub: Scrubber): Fail {
  const where = scrub.text(path.replace(/[?#].*$/s, ''));
  return (kind, what, { isPassing = false, waitSeconds = null, status = null } = {}) => {
    const options = {
      ...(waitSeconds === null ? {} : { retryAfterSeconds: waitSeconds }),
      ...(status === null ? {} : { status }),
    };
    return new Failure(new PollError(kind, `GET ${where}: ${what}; ${ADVICE[kind]}`, options), isPassing);
  };
}

/** The code of a system's error, such as ECONNRESET; its message can hold more than is wanted. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code !== '' ? code : 'no code';
}
