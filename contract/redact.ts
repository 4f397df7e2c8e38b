/**
 * Redaction: secrets and personal data leave a payload before anything is stored or logged.
 *
 * Rules are data, declared with the record type: paths whose values go, and beside them a short list of key
 * names that are secret wherever they stand, because a customer's `custom` is free text.
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

/** Keys that are secret wherever they stand. Whole words: `token_count` is not a token. */
const SECRET_KEY =
  /^(?:.*[-_.])?(?:pass(?:word|wd|phrase)?|secret|token|access_?token|api_?key|authorization|cookies?|set-cookie|credentials?|private_?key|session_?id|csrf|ssn|card_?number|cvv)$/i;

/** The identity of a person as the feed wants it: itself, its keyed SHA-256 in hex, or null. */
export function identity(value: string, people: People): string | null {
  if (people.mode === 'keep') return value;
  return people.mode === 'drop' ? null : createHmac('sha256', people.key).update(value, 'utf8').digest('hex');
}

/** A copy of the value with every redaction done. */
export function redact(
  value: JsonValue,
  rules: Readonly<Record<string, Redaction>>,
  people: People,
): JsonValue {
  const paths = Object.entries(rules).map(([path, redaction]) => ({ path: path.split('.'), redaction }));
  return walk(value, paths, people, 0);
}

interface Rule {
  readonly path: readonly string[];
  readonly redaction: Redaction;
}

/** Deeper values are cut off later anyway (`super.ts`); the bound keeps the recursion off the stack's end. */
const MAX_DEPTH = 600;

function walk(value: JsonValue, rules: readonly Rule[], people: People, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value))
    return value.map((element, index) => step(String(index), element, rules, people, depth));
  const copy: Record<string, JsonValue> = {};
  for (const [key, element] of Object.entries(value)) {
    const result =
      SECRET_KEY.test(key) && element !== null ? REDACTED : step(key, element, rules, people, depth);
    Object.defineProperty(copy, key, { value: result, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function step(
  key: string,
  value: JsonValue,
  rules: readonly Rule[],
  people: People,
  depth: number,
): JsonValue {
  const below: Rule[] = [];
  for (const rule of rules) {
    const [head, ...rest] = rule.path;
    if (head === '**') {
      below.push(rule);
      if (rest[0] === key && rest.length === 1) return apply(value, rule.redaction, people);
      if (rest[0] === key) below.push({ path: rest.slice(1), redaction: rule.redaction });
    } else if (head === '*' || head === key) {
      if (rest.length === 0) return apply(value, rule.redaction, people);
      below.push({ path: rest, redaction: rule.redaction });
    }
  }
  return walk(value, below, people, depth + 1);
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
