/**
 * A producer: a value that says what one vendor's records are and how to poll them.
 *
 * It reaches for nothing. The HTTP client, the clock, the cursor and the settings are handed to `poll`; the
 * schedule, the function, the secret, the tables and the tests follow from the declaration.
 */
import type { JsonValue } from './columns.ts';
import type { SourceCount } from './count.ts';
import type { Emitted, RecordType } from './record.ts';

/** A setting of a feed: plain data, so that the configuration can be checked against it. */
export interface Setting {
  readonly type: 'string' | 'integer' | 'boolean' | 'strings';
  readonly description: string;
  readonly default?: string | number | boolean | readonly string[];
}

type SettingTypes = { string: string; integer: number; boolean: boolean; strings: readonly string[] };

/** The TypeScript type of a feed's settings, from their declaration. */
export type SettingsOf<S extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof S]: SettingTypes[S[Name]['type']];
};

/** One page: records to put on the stream, and the cursor to save once they are there. */
export interface Page<Cursor> {
  readonly records: readonly Emitted[];
  readonly cursor: Cursor;
  /** True when nothing unread is left at the vendor; the last page of a complete poll says so. */
  readonly isCaughtUp?: boolean;
  /** Time of the oldest fact read on the way down; for progress, nothing is decided by it. */
  readonly reached?: Date;
}

/** What a poll gets. */
export interface PollContext<Cursor = unknown, Settings = unknown> {
  readonly http: Http;
  /** The cursor saved last; null on the very first poll of the feed. */
  readonly cursor: Cursor | null;
  readonly settings: Settings;
  /** How far back the very first poll reaches. */
  readonly since: Date;
  readonly now: () => Date;
  /** A line in the structured log; never a payload. */
  readonly log: (message: string, fields?: Readonly<Record<string, string | number | boolean>>) => void;
}

/** The vendor's API: base address, credential, time-outs, retries, rate limits and secrets are taken care of. */
export interface Http {
  /**
   * Reads a JSON answer of at most 16 MB without loss of digits.
   * @param headers beside the credential, for a vendor that pages by header, as with `Range`. To a request with
   *   `If-None-Match` the answer can be status 304 with the body null.
   */
  get(path: string, query?: Query, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /**
   * Reads an answer that can be large, element by element, without ever holding it whole.
   * @param array name of the (first) array whose elements are wanted, as in `{"result":{"instances":[…]}}`.
   */
  stream(path: string, query: Query, array: string): AsyncIterable<JsonValue>;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonValue;
}

/** Requests that a vendor allows in a window of time. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly seconds: number;
}

/** How a vendor pushes. A delivery only makes its feed be polled at once. */
export interface Webhook {
  /** How to set it up at the vendor. */
  readonly description: string;
  /** HMAC-SHA256 over the body's bytes, in hex, from a delivery's headers (lower-case names); null when there is none. */
  readonly signature: (headers: Readonly<Record<string, string | undefined>>) => string | null;
  /** What tells the delivery from every other, and when it was sent (ISO time); null when its body says neither. */
  readonly delivery: (body: JsonValue) => { readonly id: string; readonly sentAt: string } | null;
}

export interface Producer<
  Cursor = unknown,
  S extends Readonly<Record<string, Setting>> = Readonly<Record<string, Setting>>,
> {
  /** Its folder's name. */
  readonly name: string;
  readonly description: string;
  readonly records: readonly RecordType[];
  /** Address of the vendor's API without a trailing slash; a feed can override it. */
  readonly baseUrl: string;
  readonly secret: {
    /** What to put into the secret, and where to find it. */
    readonly description: string;
    /** Request headers that carry the credential. */
    readonly headers: (token: string) => Readonly<Record<string, string>>;
  };
  /** Seconds to wait before the next request, from an answer's headers (lower-case names); null: none. */
  readonly waitSeconds: (headers: Readonly<Record<string, string>>, status: number) => number | null;
  /**
   * What an answer's headers say about the requests that are left; null when they say nothing. A walk stops while
   * there is enough left for the minute polling. Left out: the vendor does not tell, and a walk stops when refused.
   */
  readonly quota?: (headers: Readonly<Record<string, string>>) => Quota | null;
  /** The vendor's words when an answer with status 200 is a failure in disguise; null when it is none. */
  readonly refusal: (body: JsonValue) => string | null;
  readonly settings: S;
  /** For a vendor that pushes; off unless the feed says `webhook: true`. */
  readonly webhook?: Webhook;
  /** Minutes between two polls of a feed. */
  readonly everyMinutes: number;
  readonly poll: (context: PollContext<Cursor, SettingsOf<S>>) => AsyncIterable<Page<Cursor>>;
  /**
   * Asks the vendor how much it holds, in spans that lie behind `since` and are so old that nothing of them is still
   * on its way. Left out: the vendor offers nothing by which a gap could be proved.
   */
  readonly counts?: (
    context: Omit<PollContext<Cursor, SettingsOf<S>>, 'cursor'>,
  ) => Promise<readonly SourceCount[]>;
}

/**
 * Declares a producer.
 * @throws {TypeError} when the declaration cannot be deployed.
 */
export function defineProducer<Cursor, const S extends Readonly<Record<string, Setting>>>(
  producer: Producer<Cursor, S>,
): Producer<Cursor, S> {
  const fail = (problem: string): never => {
    throw new TypeError(`producer ${producer.name}: ${problem}`);
  };
  if (!/^[a-z][a-z0-9]{0,29}$/.test(producer.name)) fail('a name is 1 to 30 lower-case letters and digits');
  if (!/^https?:\/\/[^/]+(?:\/.*[^/])?$/.test(producer.baseUrl))
    fail(`baseUrl must be a URL without a trailing slash`);
  if (producer.records.length === 0) fail('it declares no record types');
  if (!Number.isInteger(producer.everyMinutes) || producer.everyMinutes < 1)
    fail('everyMinutes must be a whole number from 1');
  for (const { name } of producer.records) {
    if (!name.startsWith(`${producer.name}_`)) fail(`record type ${name} must be named ${producer.name}_…`);
  }
  return producer;
}

/** What went wrong while polling, and so who must act; the cursor stays where it was in every case. */
export type PollErrorKind =
  /** The vendor asks to wait: nobody must act. */
  | 'rate_limited'
  /** No answer, or a server error: an alarm if it lasts. */
  | 'unavailable'
  /** The credential is refused: a person must act now. */
  | 'unauthorized'
  /** What was asked for is not there, or the credential may not see it: a person must look at the settings. */
  | 'not_found'
  /** An answer that is not what the vendor documents: a developer must look. */
  | 'unexpected_response';

/** A poll that could not go on. Its message never holds a secret or a payload. */
export class PollError extends Error {
  override readonly name = 'PollError';
  readonly kind: PollErrorKind;
  /** For `rate_limited`: seconds to wait, as the vendor said. */
  readonly retryAfterSeconds: number | null;
  /** Of the answer that was the reason; null when there was none, or its status was not. */
  readonly status: number | null;

  constructor(
    kind: PollErrorKind,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number; status?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.status = options.status ?? null;
  }
}
