/**
 * Redaction: secrets and personal data leave a payload before anything is stored or logged.
 *
 * Rules are data, declared with the record type: paths whose values go, and beside them a short list of key
 * names that are secret wherever they stand, because a customer's `custom` is free text. The name may also be a
 * value, as in `{"key": "session_id", "value": "…"}`. Case never matters: `X-Forwarded-For` arrives in any.
 */
import { createHmac } from 'node:crypto';
import type { JsonValue } from './columns.ts';
import type { Redaction } from './record.ts';

export const REDACTED = '[redacted]';

/** What a feed wants done with whatever identifies a person. */
export type People =
  | { readonly mode: 'keep' }
  | { readonly mode: 'drop' }
  | { readonly mode: 'hash'; readonly key: string };

/** Keys that are secret wherever they stand. Whole words: `token_count` is not a token, `authToken` is one. */
const SECRET_KEY =
  /^(?:.*[-_.])?(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|authorization|cookies?|credentials?|private[-_]?key|session[-_]?id|csrf|ssn|card[-_]?number|cvv)$/i;
const SECRET_CAMEL_KEY = /[a-z\d](?:Pass(?:word|wd|phrase)?|Secret|Token|ApiKey|PrivateKey|SessionId)$/;

const isSecret = (key: string): boolean => SECRET_KEY.test(key) || SECRET_CAMEL_KEY.test(key);

/** The identity of a person as the feed wants it: itself, its keyed SHA-256 in hex, or null. */
export function identity(value: string, people: People): string | null {
  if (people.mode === 'keep') return value;
  return people.mode === 'drop' ? null : createHmac('sha256', people.key).update(value, 'utf8').digest('hex');
}

/** A copy of the value with every redaction done. A path from the root goes before one of any depth. */
export function redact(
  value: JsonValue,
  rules: Readonly<Record<string, Redaction>>,
  people: People,
): JsonValue {
  const anchored: Rule[] = [];
  const anywhere = new Map<string, Rule[]>();
  for (const [path, redaction] of Object.entries(rules)) {
    const [head = '', ...rest] = path.toLowerCase().split('.');
    if (head !== '**') {
      anchored.push({ head, rest, redaction });
      continue;
    }
    const [key = '', ...below] = rest;
    anywhere.set(key, [...(anywhere.get(key) ?? []), { head: key, rest: below, redaction }]);
  }
  return walk(value, anchored, { anywhere, people }, 0);
}

interface Rule {
  /** In lower case. */
  readonly head: string;
  readonly rest: readonly string[];
  readonly redaction: Redaction;
}

interface Order {
  /** First key of a path of any depth → what then follows. */
  readonly anywhere: ReadonlyMap<string, readonly Rule[]>;
  readonly people: People;
}

/** Deeper values are cut off later anyway (`super.ts`); the bound keeps the recursion off the stack's end. */
const MAX_DEPTH = 600;

function walk(value: JsonValue, rules: readonly Rule[], order: Order, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value))
    return value.map((element, index) => step(String(index), element, rules, order, depth));
  const copy: Record<string, JsonValue> = {};
  const names = namesSecret(value) ? 'value' : null;
  for (const [key, element] of Object.entries(value)) {
    const isHidden = element !== null && (key === names || isSecret(key));
    const result = isHidden ? REDACTED : step(key, element, rules, order, depth);
    Object.defineProperty(copy, key, { value: result, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

/** True for `{"key": "session_id", "value": …}` and `{"name": "Cookie", "value": …}`. */
function namesSecret(value: object): boolean {
  if (!Object.hasOwn(value, 'value')) return false;
  const { key, name } = value as { key?: unknown; name?: unknown };
  return [key, name].some((text) => typeof text === 'string' && isSecret(text));
}

function step(key: string, value: JsonValue, rules: readonly Rule[], order: Order, depth: number): JsonValue {
  const name = key.toLowerCase();
  const below: Rule[] = [];
  for (const { head, rest, redaction } of [...rules, ...(order.anywhere.get(name) ?? [])]) {
    if (head !== '*' && head !== name) continue;
    const [next, ...others] = rest;
    if (next === undefined) return apply(value, redaction, order.people);
    below.push({ head: next, rest: others, redaction });
  }
  return walk(value, below, order, depth + 1);
}

function apply(value: JsonValue, redaction: Redaction, people: People): JsonValue {
  if (value === null) return null;
  if (redaction === 'remove') return REDACTED;
  if (redaction === 'person') {
    return typeof value === 'string' || typeof value === 'number'
      ? identity(String(value), people)
      : REDACTED;
  }
  return typeof value === 'string' ? withoutQuery(value) : REDACTED;
}

/** A URL up to its query or fragment, and without user and password. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}
