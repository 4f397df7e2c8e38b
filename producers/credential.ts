/**
 * A feed's credential: read from its secret, kept for a while, and kept out of everything that is written.
 *
 * Vendors echo tokens: Rollbar answers 403 with "access token not found: <the token>", and its payloads carry
 * tokens of the applications that report to it. So the token is looked for in whatever leaves the function.
 */
import type { JsonValue } from '../contract/columns.ts';
import type { FeedEvent } from '../contract/feed.ts';
import { PollError } from '../contract/producer.ts';
import { type People, REDACTED } from '../contract/redact.ts';
import type { Clock, Secrets } from './ports.ts';

export interface Credential {
  readonly token: string;
  /** Key with which persons are hashed; null when the secret has none. */
  readonly personKey: string | null;
  /** What the vendor signs webhooks with; null when the secret has none. */
  readonly webhookSecret: string | null;
}

/**
 * Records are searched for tokens from this length on: looking for a shorter one would hit ordinary words. Vendors'
 * tokens are longer; what a simulator takes need not be.
 */
const SEARCHED_TOKEN = 8;

/** How long a credential is kept before it is read again. */
const KEPT_MS = 5 * 60_000;

/**
 * Reads the text of a secret: the bare token, or JSON such as `{"token": "…", "personKey": "…"}`.
 * @throws {PollError} `unauthorized`: a person must put something else into the secret.
 */
export function parseCredential(text: string, secretArn: string): Credential {
  const wrong = (got: string): PollError =>
    new PollError(
      'unauthorized',
      `the secret ${secretArn} must hold the bare token or {"token": "…", "personKey": "…"}, got ${got}; put the token into it`,
    );
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) {
    return { token: checkedToken(trimmed, wrong), personKey: null, webhookSecret: null };
  }
  const { token, personKey = null, webhookSecret = null } = fields(trimmed, wrong);
  if (typeof token !== 'string') throw wrong('JSON without a "token"');
  if (personKey !== null && (typeof personKey !== 'string' || personKey === ''))
    throw wrong('a "personKey" that is no text');
  if (webhookSecret !== null && (typeof webhookSecret !== 'string' || webhookSecret === ''))
    throw wrong('a "webhookSecret" that is no text');
  return { token: checkedToken(token.trim(), wrong), personKey, webhookSecret };
}

function fields(text: string, wrong: (got: string) => PollError): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Without the parser's message: it quotes the secret.
    throw wrong('text that starts with "{" and is no JSON');
  }
}

function checkedToken(token: string, wrong: (got: string) => PollError): string {
  if (token === '') throw wrong('an empty token');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw wrong('a token with blanks or characters that no header can carry');
  return token;
}

/**
 * What the feed wants done with persons.
 * @throws {PollError} `unauthorized` when persons are to be hashed and the secret holds no key for it.
 */
export function peopleOf(mode: FeedEvent['people'], credential: Credential, secretArn: string): People {
  if (mode !== 'hash') return { mode };
  if (credential.personKey === null) {
    throw new PollError(
      'unauthorized',
      `people: hash needs a "personKey" beside the "token" in the secret ${secretArn}, got none; add one and keep it, a new key makes new persons`,
    );
  }
  return { mode, key: credential.personKey };
}

/** Reads secrets, each at most once in a few minutes. */
export class CredentialCache {
  readonly #secrets: Secrets;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly credential: Credential; readonly until: number }>();

  constructor(secrets: Secrets, clock: Clock) {
    this.#secrets = secrets;
    this.#clock = clock;
  }

  async read(secretArn: string): Promise<Credential> {
    const now = this.#clock.now().getTime();
    const kept = this.#kept.get(secretArn);
    if (kept !== undefined && now < kept.until) return kept.credential;
    const credential = parseCredential(await this.#secrets.read(secretArn), secretArn);
    this.#kept.set(secretArn, { credential, until: now + KEPT_MS });
    return credential;
  }

  /** Makes the next `read` ask again. */
  forget(secretArn: string): void {
    this.#kept.delete(secretArn);
  }
}

/** Replaces a token wherever it stands. */
export interface Scrubber {
  /** The text without the token, in whichever spelling. */
  text(text: string): string;
  /** The value without the token; the same value when it holds none. */
  value<T extends JsonValue>(value: T, json: string): T;
}

/** @param token the secret; in JSON, in JSON within JSON and in URLs it is spelt differently. */
export function scrubber(token: string): Scrubber {
  const inJson = JSON.stringify(token).slice(1, -1);
  const spellings = [token, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(token)];
  // The longest first: a shorter spelling can be a part of it.
  const wanted = [...new Set(spellings)].sort((one, other) => other.length - one.length);
  const text = (dirty: string): string =>
    wanted.reduce((clean, spelling) => clean.replaceAll(spelling, REDACTED), dirty);
  const deep = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return text(String(value)) === String(value) ? value : REDACTED;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(deep);
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [text(key), deep(element)]));
  };
  return {
    text,
    // Looking through the text first: a walk through every value would cost as much as writing it.
    value: (value, json) =>
      token.length < SEARCHED_TOKEN || text(json) === json ? value : (deep(value) as typeof value),
  };
}
