/**
 * Reads the feeds of the installation: which producer each is of, and that producer's own settings.
 */
import type { FeedEvent } from '../contract/feed.ts';
import type { Producer, Setting } from '../contract/producer.ts';
import {
  keysOf,
  list,
  object,
  oneOf,
  optional,
  type Reader,
  show,
  text,
  unique,
  whole,
  wrong,
} from './read.ts';

/** A feed with everything that its schedule sends, except its secret. */
export interface ResolvedFeed extends Omit<FeedEvent, 'secretArn'> {
  readonly producer: Producer;
  /** The part of `feed` behind the colon. */
  readonly name: string;
  /** The vendor may push. */
  readonly webhook: boolean;
}

/** Reads the list of feeds: one at least, each with a name of its own. */
export const readFeeds =
  (producers: readonly Producer[]): Reader<readonly Omit<ResolvedFeed, 'since'>[]> =>
  (value, path) => {
    const feeds = list(feed(producers))(value, path);
    if (feeds.length === 0) wrong(path, 'an empty list', 'at least one feed');
    unique(
      feeds.map((each) => each.feed),
      (index) => `${path}[${index}].feed`,
      'a name of its own for every feed',
    );
    return feeds;
  };

const httpsUrl = text(
  /^https:\/\/[^/:]+(?:\/.*[^/])?$/,
  'an https URL on the standard port, without a trailing slash',
);

const feed =
  (producers: readonly Producer[]): Reader<Omit<ResolvedFeed, 'since'>> =>
  (value, path) => {
    const known = ['feed', 'settings', 'baseUrl', 'people', 'webhook'];
    const written = keysOf(value, path, known);
    const producer = producerOf(written.feed, `${path}.feed`, producers);
    const rest = object({
      feed: text(
        FEED,
        'producer:name, where the name is 1 to 48 lower-case letters, digits and single dashes',
      ),
      settings: settings(producer),
      baseUrl: optional(httpsUrl, producer.baseUrl),
      people: optional(oneOf(['keep', 'hash', 'drop']), 'keep' as const),
      webhook: optional(webhook(producer), false),
    })(value, path);
    return { ...rest, producer, name: rest.feed.slice(producer.name.length + 1) };
  };

/** Only some vendors push. */
const webhook =
  (producer: Producer): Reader<boolean> =>
  (value, path) => {
    if (typeof value !== 'boolean') return wrong(path, show(value), 'true or false');
    if (value && producer.webhook === undefined)
      return wrong(path, 'true', `false: the producer ${producer.name} declares no webhook`);
    return value;
  };

/** The name becomes part of a secret's name and of a construct's id. */
const FEED = /^[a-z][a-z0-9]*:(?=.{1,48}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

function producerOf(value: unknown, path: string, producers: readonly Producer[]): Producer {
  const name = typeof value === 'string' ? value.split(':')[0] : undefined;
  const names = producers.map((producer) => producer.name).join(', ');
  return (
    producers.find((producer) => producer.name === name) ??
    wrong(path, show(value), `producer:name, where the producer is one of ${names}`)
  );
}

/** A setting that was left out has its default; one without a default must be given. */
const settings =
  (producer: Producer): Reader<FeedEvent['settings']> =>
  (value, path) => {
    const declared = Object.entries(producer.settings);
    const shape = declared.map(([name, setting]): [string, Reader<FeedEvent['settings'][string]>] => [
      name,
      setting.default === undefined
        ? settingReader(setting)
        : optional(settingReader(setting), setting.default),
    ]);
    return object(Object.fromEntries(shape))(value ?? {}, path);
  };

function settingReader({ type, description }: Setting): Reader<FeedEvent['settings'][string]> {
  const expected = (what: string): string => `${what}: ${description}`;
  switch (type) {
    case 'string':
      return text(/^/, expected('text'));
    case 'strings':
      return list(text(/^/, expected('text')));
    case 'integer':
      return whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, description);
    case 'boolean':
      return (value, path) =>
        typeof value === 'boolean' ? value : wrong(path, show(value), expected('true or false'));
  }
}
