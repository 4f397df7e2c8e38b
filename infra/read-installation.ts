/**
 * Reads the installation: checks what was written against what can be deployed, and fills in the defaults.
 *
 * A wrong configuration must fail here, in a second and in words, not twenty minutes into a deployment.
 */
import { parseSince } from '../contract/feed.ts';
import type { Producer } from '../contract/producer.ts';
import { object, optional, type Reader, show, whole, wrong } from './read.ts';
import { readAlarms } from './read-alarms.ts';
import { readDigest } from './read-digest.ts';
import { type ResolvedFeed, readFeeds } from './read-feeds.ts';
import { readNetwork } from './read-network.ts';
import { rankingKeys, resolveRanking } from './read-ranking.ts';
import { readWarehouse } from './read-warehouse.ts';

/** The installation with nothing left to decide. */
export type ResolvedInstallation = ReturnType<typeof readInstallation>;

/**
 * @param value the default export of `heimdallr.config.ts`.
 * @throws {ConfigurationError} a line for every key that is wrong: where it stands, what was got and what is expected.
 */
export function readInstallation(value: unknown, producers: readonly Producer[], now: Date) {
  const {
    feeds,
    since: reach,
    activity,
    people,
    ranking,
    ...rest
  } = object({
    feeds: readFeeds(producers),
    since: optional(since(now), '24h'),
    warehouse: readWarehouse,
    freshnessMinutes: optional(whole(1, 15, 'Firehose gathers rows for 60 to 900 seconds'), 15),
    deliveryStreams: optional(whole(1, 20), 1),
    streamShards: optional(whole(1, 200), 1),
    network: optional(readNetwork, readNetwork({}, 'network')),
    alarms: optional(readAlarms, readAlarms({}, 'alarms')),
    ...rankingKeys,
    digest: optional(readDigest, null),
  })(value, '');
  const zones = rest.network.availabilityZones;
  if (rest.warehouse.mode === 'serverless' && (typeof zones === 'number' ? zones : zones.length) < 3) {
    wrong(
      'network.availabilityZones',
      show(zones),
      'three or more: the subnets of a Serverless workgroup span three',
    );
  }
  return {
    ...rest,
    feeds: feeds.map((each): ResolvedFeed => ({ ...each, since: reach })),
    ranking: resolveRanking({ activity, people, ranking }, feeds),
  };
}

/** Reads how far back the first poll reaches. */
export const since =
  (now: Date): Reader<string> =>
  (value, path) => {
    try {
      if (typeof value === 'string') parseSince(value, now);
    } catch {
      return wrong(path, show(value), '90m, 24h, 7d or a day such as 2026-01-01, not in the future');
    }
    return typeof value === 'string' ? value : wrong(path, show(value), 'text such as 24h');
  };
