/**
 * What a run on one machine changes in the installation, given as CDK context so that the configuration file
 * stays what is deployed:
 *
 *     heimdallr:vendors   {"producer": "http://127.0.0.1:4010"}   poll these addresses instead
 *     heimdallr:feeds     producer:name,producer:name             keep only these feeds
 *     heimdallr:since     1h                                      how far back the first poll reaches
 */
import type { Producer } from '../contract/producer.ts';
import { keysOf, list, show, text, wrong } from './read.ts';
import { type ResolvedInstallation, since } from './read-installation.ts';

/**
 * @param context reads one context key; undefined when it is not set.
 * @throws {ConfigurationError} for an unknown producer or feed, and for what is no URL or no time.
 */
export function withOverrides(
  installation: ResolvedInstallation,
  producers: readonly Producer[],
  context: (key: string) => unknown,
  now: Date,
): ResolvedInstallation {
  const vendors = readVendors(context('heimdallr:vendors'), producers);
  const wanted = readFeeds(context('heimdallr:feeds'), installation);
  const reach = context('heimdallr:since');
  const from = reach === undefined ? null : since(now)(reach, 'context heimdallr:since');
  return {
    ...installation,
    feeds: installation.feeds
      .filter(({ feed }) => wanted === null || wanted.includes(feed))
      .map((feed) => ({
        ...feed,
        baseUrl: vendors[feed.producer.name] ?? feed.baseUrl,
        since: from ?? feed.since,
      })),
  };
}

const url = text(/^https?:\/\/[^/]+(?:\/.*[^/])?$/, 'an http or https URL without a trailing slash');

function readVendors(value: unknown, producers: readonly Producer[]): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const path = 'context heimdallr:vendors';
  const names = producers.map(({ name }) => name);
  const entries = Object.entries(keysOf(parsed(value, path), path, names));
  return Object.fromEntries(entries.map(([name, address]) => [name, url(address, `${path}.${name}`)]));
}

/** Context from the command line is text, context from a file is JSON already. */
function parsed(value: unknown, path: string): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return wrong(path, show(value), 'JSON such as {"producer": "http://127.0.0.1:4010"}');
  }
}

function readFeeds(value: unknown, { feeds }: ResolvedInstallation): readonly string[] | null {
  const path = 'context heimdallr:feeds';
  const names = typeof value === 'string' ? value.split(',').filter((name) => name !== '') : (value ?? []);
  const wanted = list(text(/^/, 'the name of a feed'))(names, path);
  const known = feeds.map(({ feed }) => feed);
  for (const name of wanted) {
    if (!known.includes(name)) wrong(path, show(name), `one of the configured feeds ${known.join(', ')}`);
  }
  return wanted.length === 0 ? null : wanted;
}
