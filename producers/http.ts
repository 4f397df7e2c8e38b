/**
 * The HTTP client that a poll gets: one vendor, one credential, one run.
 *
 * A vendor's answer can fail in more ways than its status says: HTML with status 200, JSON cut off in the
 * middle, `{"err":1}`, or one byte every nine seconds. So an answer counts only when its body has been read (of
 * a streamed one: to its first element), and all of that happens inside axios' adapter: to axios-retry a bad
 * body is then a failed request like any other, and there is one way to ask again.
 *
 * axios' own errors hold the request with its credential; none of them ever leaves this file, not even as a
 * cause.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import axiosRetry from 'axios-retry';
import type { Http, Producer, Query } from '../contract/producer.ts';
import { type Answering, type Chunks, failureOf, paceAfter, readElements, readJson } from './answer.ts';
import { chunksOf, type Limits, stopwatch } from './body.ts';
import type { Scrubber } from './credential.ts';
import type { Unread } from './elements.ts';
import { codeOf, Failure, failuresOf, OutOfTime } from './failure.ts';
import { type Headers, patience, SHORT_WAIT_MS } from './patience.ts';
import type { Clock, LogFields } from './ports.ts';

/** The vendor as its producer declares it, and the way in. */
export interface Vendor {
  readonly producer: Pick<Producer, 'secret' | 'waitSeconds' | 'refusal' | 'quota'>;
  readonly baseUrl: string;
  readonly token: string;
}

export interface HttpTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly scrub: Scrubber;
  readonly warn: (message: string, fields: LogFields) => void;
  /** Milliseconds until the run must stop asking. */
  readonly remaining: () => number;
  readonly limits?: Limits;
  /** The share of the vendor's quota, from 0 to 1, that is left to others. */
  readonly leaves?: number;
}

/** A run's exchange with its vendor. */
export interface Conversation {
  readonly http: Http;
  /** Requests made so far, repeats included. */
  requests(): number;
  /** Elements of answers that were passed over, since the last call. */
  takeUnread(): readonly Unread[];
  /** The most that was used of the vendor's quota, as its answers said, %; null when none said it. */
  quotaUsed(): number | null;
  /** The vendor wants no request before then, ms since 1970; 0 when it has not said. */
  openFrom(): number;
  /** Closes its connections. */
  end(): void;
}

/** Answers a request that names the state it knows; there is no body. */
const NOT_MODIFIED = 304;

/** A quota that is whole again so soon is not scarce, however much of it is used: CircleCI's windows can be a second. */
const SCARCE_SECONDS = 5;

/** A request is made at most four times. */
const MAX_RETRIES = 3;

const LIMITS: Limits = { silenceMs: 10_000, answerMs: 60_000 };

/** Begins a conversation; whoever begins it ends it. */
export function converse({ producer, baseUrl, token }: Vendor, tools: HttpTools): Conversation {
  const { clock, random, scrub, warn, remaining, limits = LIMITS, leaves = 0 } = tools;
  let requests = 0;
  let openFrom = 0;
  let isLeftToOthers = false;
  let quotaUsed: number | null = null;
  let unread: Unread[] = [];

  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
  };
  const client = axios.create({
    ...agents,
    responseType: 'stream',
    maxRedirects: 0, // The credential must not follow to wherever a redirect points.
    proxy: false, // The way out is the network's business, not a variable's.
    validateStatus: () => true,
    headers: { Accept: 'application/json', 'User-Agent': 'heimdallr', ...producer.secret.headers(token) },
  });
  const send = axios.getAdapter('http');
  axiosRetry(client, {
    retries: MAX_RETRIES,
    retryCondition: (error: unknown) =>
      error instanceof Failure && error.isPassing && untilOpen() < remaining(),
    retryDelay: () => 0, // `turn` waits, for this and for every other reason.
    onRetry: (attempt, error) => warn('the vendor is asked again', { attempt, reason: error.message }),
  });

  const untilOpen = (): number => Math.max(openFrom - clock.now().getTime(), 0);
  const openAfter = (milliseconds: number): void => {
    openFrom = Math.max(openFrom, clock.now().getTime() + milliseconds);
  };

  /** Waits until the vendor wants the next request. */
  async function turn({ fail }: Answering): Promise<void> {
    if (isLeftToOthers) throw new OutOfTime('what is left of the quota is for the minute polling');
    const wait = untilOpen();
    if (wait > SHORT_WAIT_MS) {
      const waitSeconds = Math.ceil(wait / 1000);
      throw fail('rate_limited', `not asked, the vendor wants no request for ${waitSeconds} s`, {
        waitSeconds,
      });
    }
    if (wait >= remaining()) throw new OutOfTime('no time is left for another request');
    if (wait > 0) await clock.sleep(wait);
  }

  /** Makes a request until `read` has made something of the answer, or there is no hope. */
  async function request<T>(
    path: string,
    query: Query,
    headers: Headers,
    read: (answering: Answering, body: Chunks, status: number, headers: Headers) => Promise<T>,
  ): Promise<T> {
    const answering = { producer, scrub, fail: failuresOf(path, scrub) };
    let attempts = 0;
    const attempt = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse<T>> => {
      await turn(answering);
      requests += 1;
      attempts += 1;
      try {
        const late = new AbortController();
        const wait = stopwatch({ clock, remaining, limits, fail: answering.fail });
        const response = await wait(send({ ...config, signal: late.signal }), () => late.abort());
        const { status } = response;
        const answered = plain(response.headers);
        const quota = producer.quota?.(answered) ?? null;
        // Before the status: an answer that refuses says best that nothing is left.
        if (quota !== null && quota.limit > 0 && quota.seconds >= SCARCE_SECONDS)
          quotaUsed = Math.max(quotaUsed ?? 0, 100 * (1 - quota.remaining / quota.limit));
        const body = chunksOf(response.data, wait, answering.fail);
        if ((status < 200 || status > 299) && status !== NOT_MODIFIED)
          throw await failureOf(answering, status, answered, body, clock.now());
        const pace = paceAfter(answering, status, answered);
        if (pace !== null) openAfter(1000 * pace);
        if (quota !== null && quota.remaining < leaves * quota.limit) {
          isLeftToOthers = true;
          openAfter(1000 * quota.seconds);
        }
        return { ...response, data: await read(answering, body, status, answered) };
      } catch (error) {
        const failure =
          error instanceof AxiosError
            ? answering.fail('unavailable', `no answer (${codeOf(error)})`, { isPassing: true })
            : error;
        if (failure instanceof Failure) {
          failure.config = config;
          const { retryAfterSeconds } = failure.error;
          if (retryAfterSeconds !== null) openAfter(1000 * retryAfterSeconds);
          else if (failure.isPassing) openAfter(patience(attempts, random));
        }
        throw failure;
      }
    };
    try {
      return (await client.request<T>({ url: address(baseUrl, path, query), headers, adapter: attempt }))
        .data;
    } catch (error) {
      throw error instanceof Failure ? error.error : error;
    }
  }

  const http: Http = {
    get: (path, query = {}, headers = {}) =>
      request(path, query, headers, async (answering, body, status, answered) => ({
        status,
        headers: answered,
        body: status === NOT_MODIFIED ? null : await readJson(answering, body),
      })),
    async *stream(path, query, array) {
      const passOver = (element: Unread): void => {
        unread.push(element);
        warn('an element of an answer is passed over', { bytes: element.bytes, reason: element.reason });
      };
      const { first, rest } = await request(path, query, {}, async (answering, body) => {
        const elements = readElements(answering, body, array, passOver);
        return { first: await elements.next(), rest: elements };
      });
      try {
        for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
      } catch (error) {
        throw error instanceof Failure ? error.error : error;
      } finally {
        await rest.return();
      }
    },
  };

  return {
    http,
    requests: () => requests,
    takeUnread() {
      const taken = unread;
      unread = [];
      return taken;
    },
    quotaUsed: () => quotaUsed,
    openFrom: () => openFrom,
    end() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/**
 * The address of a request; a list repeats its key.
 * @throws {TypeError} when the path is none: a whole address could carry the credential to another host.
 */
function address(baseUrl: string, path: string, query: Query): string {
  if (!path.startsWith('/')) throw new TypeError(`a path must start with "/", got one that does not`);
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  if (text === '') return baseUrl + path;
  return `${baseUrl}${path}${path.includes('?') ? '&' : '?'}${text}`;
}

/** Headers as a producer reads them: lower-case names, one text each. */
function plain(headers: object): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  );
}
