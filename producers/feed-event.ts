/**
 * Checks what a schedule sends. It was written by the same deployment, and still: a function can be invoked by
 * hand, and a feed polled with a wrong setting would load wrong rows without a word.
 */
import { type FeedEvent, parseSince, REPAIR } from '../contract/feed.ts';
import type { Producer, Setting } from '../contract/producer.ts';

type SettingValue = FeedEvent['settings'][string];

/** A feed as its function polls it. */
export interface Feed {
  /** `producer:name` */
  readonly feed: string;
  readonly baseUrl: string;
  readonly secretArn: string;
  readonly settings: FeedEvent['settings'];
  readonly since: Date;
  readonly people: FeedEvent['people'];
  /** Null: the feed's own polling. */
  readonly walk: FeedWalk | null;
  readonly task: 'poll' | 'reconcile';
}

/** A walk as its function takes it. */
export interface FeedWalk {
  readonly name: string;
  readonly since: Date;
  readonly isAgain: boolean;
}

/**
 * Checks an event against its producer's declaration and fills in the defaults of settings.
 * @throws {TypeError} naming the field, what it holds and what it should.
 */
export function checkEvent(
  producer: Pick<Producer, 'name' | 'settings'> & { readonly counts?: unknown },
  event: unknown,
  now: Date,
): Feed {
  if (typeof event !== 'object' || event === null) throw wrong('', event, 'an object with feed, baseUrl, …');
  const given = event as Readonly<Record<string, unknown>>;
  const { feed, baseUrl, secretArn, people, task = 'poll' } = given;
  if (
    typeof feed !== 'string' ||
    !feed.startsWith(`${producer.name}:`) ||
    !FEED.test(feed) ||
    feed.length > 128
  )
    throw wrong('feed', feed, `text such as "${producer.name}:web", at most 128 characters`);
  if (typeof baseUrl !== 'string' || !BASE_URL.test(baseUrl))
    throw wrong('baseUrl', baseUrl, 'an http(s) address without a trailing slash');
  if (typeof secretArn !== 'string' || secretArn === '')
    throw wrong('secretArn', secretArn, 'the address of a secret');
  if (people !== 'keep' && people !== 'hash' && people !== 'drop')
    throw wrong('people', people, '"keep", "hash" or "drop"');
  if (typeof given.since !== 'string') throw wrong('since', given.since, 'text such as "24h"');
  if (task !== 'poll' && task !== 'reconcile') throw wrong('task', task, '"reconcile" or nothing');
  if (task === 'reconcile' && producer.counts === undefined)
    throw wrong('task', task, `left out, ${producer.name} declares no counts`);
  if (task === 'reconcile' && given.walk !== undefined)
    throw wrong('walk', given.walk, 'left out of a reconciliation, which has a walk of its own');
  const since = parseSince(given.since, now);
  return {
    feed,
    baseUrl,
    secretArn,
    people,
    since,
    task,
    walk: task === 'reconcile' ? { name: REPAIR, since, isAgain: false } : checkWalk(given.walk, now),
    settings: checkSettings(producer.settings, given.settings),
  };
}

/** The name stands behind a `#` in the table of cursors. */
const WALK = /^[a-z0-9][a-z0-9.-]{0,63}$/;

function checkWalk(given: unknown, now: Date): FeedWalk | null {
  if (given === undefined) return null;
  if (typeof given !== 'object' || given === null)
    throw wrong('walk', given, 'an object with name and since');
  const { name, since, again = false, ...rest } = given as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(`walk.${unknown}`, 'a value', 'one of name, since, again');
  if (typeof name !== 'string' || !WALK.test(name))
    throw wrong('walk.name', name, 'at most 64 lower-case letters, digits, dots and dashes');
  if (name === REPAIR) throw wrong('walk.name', name, 'another name, this one belongs to the reconciliation');
  if (typeof since !== 'string') throw wrong('walk.since', since, 'text such as "2026-01-01"');
  if (typeof again !== 'boolean') throw wrong('walk.again', again, 'true or false');
  return { name, since: parseSince(since, now), isAgain: again };
}

const FEED = /^[a-z][a-z0-9]*:[A-Za-z0-9][A-Za-z0-9._-]*$/;
const BASE_URL = /^https?:\/\/[^/?#\s]+(?:\/[^?#\s]*[^/?#\s])?$/;

function checkSettings(declared: Readonly<Record<string, Setting>>, given: unknown): FeedEvent['settings'] {
  if (typeof given !== 'object' || given === null) throw wrong('settings', given, 'an object');
  const settings: Record<string, SettingValue> = {};
  for (const name of Object.keys(given)) {
    if (declared[name] === undefined)
      throw wrong(`settings.${name}`, 'a value', `one of ${Object.keys(declared).join(', ') || 'none'}`);
  }
  for (const [name, setting] of Object.entries(declared)) {
    const value = (given as Readonly<Record<string, unknown>>)[name] ?? setting.default;
    if (!isSetting(setting.type, value)) throw wrong(`settings.${name}`, value, WANTED[setting.type]);
    settings[name] = value;
  }
  return settings;
}

const WANTED = {
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
  strings: 'a list of texts',
} as const;

function isSetting(type: Setting['type'], value: unknown): value is SettingValue {
  if (type === 'integer') return typeof value === 'number' && Number.isSafeInteger(value);
  if (type === 'strings') return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  return typeof value === type;
}

const wrong = (field: string, got: unknown, wanted: string): TypeError =>
  new TypeError(
    `the event${field === '' ? '' : `'s ${field}`} must be ${wanted}, got ${JSON.stringify(got)?.slice(0, 100) ?? 'nothing'}; deploy again, or correct what was sent by hand`,
  );
