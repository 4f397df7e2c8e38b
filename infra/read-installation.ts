/**
 * Reads the installation: checks what was written against what can be deployed, and fills in the defaults.
 *
 * A wrong configuration must fail here, in a second and in words, not twenty minutes into a deployment.
 */
import { type FeedEvent, parseSince } from '../contract/feed.ts';
import type { Producer, Setting } from '../contract/producer.ts';
import { arn, keysOf, list, object, oneOf, optional, type Reader, show, text, whole, wrong } from './read.ts';

/** A feed with everything that its schedule sends, except its secret. */
export interface ResolvedFeed extends Omit<FeedEvent, 'secretArn'> {
  readonly producer: Producer;
  /** The part of `feed` behind the colon. */
  readonly name: string;
  /** The vendor may push. */
  readonly webhook: boolean;
}

/** The installation with nothing left to decide. */
export type ResolvedInstallation = ReturnType<typeof readInstallation>;
export type ResolvedWarehouse = ReturnType<typeof readWarehouse>;
export type ResolvedServerless = ReturnType<typeof serverless>;
export type ResolvedExisting = Exclude<ResolvedWarehouse, ResolvedServerless>;
export type ResolvedNetwork = ReturnType<typeof network>;

/**
 * @param value the default export of `heimdallr.config.ts`.
 * @throws {ConfigurationError} a line for every key that is wrong: where it stands, what was got and what is expected.
 */
export function readInstallation(value: unknown, producers: readonly Producer[], now: Date) {
  const readSince = since(now);
  const {
    feeds,
    since: reach,
    ...rest
  } = object({
    feeds: list(feed(producers)),
    since: optional(readSince, '24h'),
    warehouse: readWarehouse,
    freshnessMinutes: optional(whole(1, 15, 'Firehose gathers rows for 60 to 900 seconds'), 15),
    deliveryStreams: optional(whole(1, 20), 1),
    streamShards: optional(whole(1, 200), 1),
    network: optional(network, network({}, 'network')),
  })(value, '');
  if (feeds.length === 0) wrong('feeds', 'an empty list', 'at least one feed');
  const repeated = feeds.findIndex(
    (each, index) => feeds.findIndex((other) => other.feed === each.feed) < index,
  );
  if (repeated >= 0) {
    wrong(
      `feeds[${repeated}].feed`,
      `${show(feeds[repeated]?.feed)} a second time`,
      'a name of its own for every feed',
    );
  }
  const zones = rest.network.availabilityZones;
  if (rest.warehouse.mode === 'serverless' && (typeof zones === 'number' ? zones : zones.length) < 3) {
    wrong(
      'network.availabilityZones',
      show(zones),
      'three or more: the subnets of a Serverless workgroup span three',
    );
  }
  return { ...rest, feeds: feeds.map((each): ResolvedFeed => ({ ...each, since: reach })) };
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

const database = text(
  /^[a-z][a-z0-9_]{0,62}$/,
  'a database name: lower-case letters, digits and underscores',
);

const serverless = object({
  mode: oneOf(['serverless']),
  database,
  baseCapacityRpu: oneOf([4, 8]),
  maxRpuHoursPerDay: optional(whole(1, 24 * 1024), undefined),
});

/** A fact about a warehouse without which it cannot be used. */
function onlyIf(wanted: boolean, why: string): Reader<boolean> {
  return (value, path) => (value === wanted ? wanted : wrong(path, show(value), `${wanted}: ${why}`));
}

const existing = {
  mode: oneOf(['existing']),
  host: text(
    /^[a-z0-9.-]+\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?$/,
    'the host of a Redshift endpoint, without port and database',
  ),
  port: optional(whole(1024, 65_535), 5439),
  database,
  firehoseSecretArn: arn('secretsmanager', "the ARN of the secret of Firehose's database user"),
  publiclyAccessible: optional(
    onlyIf(
      true,
      'Firehose reaches a warehouse over its public endpoint only; admit nothing but its addresses there',
    ),
    true,
  ),
  enhancedVpcRouting: optional(
    onlyIf(false, 'Firehose cannot load into a warehouse with enhanced VPC routing; turn it off'),
    false,
  ),
  copyRoleArn: optional(
    text(/^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/, 'the ARN of a role attached to the warehouse'),
    undefined,
  ),
};

const secretArn = arn(
  'secretsmanager',
  'the ARN of the secret of a database user that may create schemas and users',
);

const existingCluster = object({
  ...existing,
  clusterIdentifier: text(/^[a-z][a-z0-9-]{0,62}$/, 'the identifier of the cluster'),
  secretArn,
});

const existingWorkgroup = object({
  ...existing,
  workgroupName: text(
    /^[a-z0-9-]{3,64}$/,
    'the name of the workgroup (or clusterIdentifier, for a provisioned cluster)',
  ),
  workgroupArn: arn('redshift-serverless', 'the ARN of the workgroup'),
  secretArn,
});

function readWarehouse(value: unknown, path: string) {
  const written = keysOf(value, path, WAREHOUSE_KEYS);
  const mode = oneOf(['serverless', 'existing'])(written.mode, `${path}.mode`);
  if (mode === 'serverless') return serverless(value, path);
  return 'clusterIdentifier' in written ? existingCluster(value, path) : existingWorkgroup(value, path);
}

const WAREHOUSE_KEYS = [
  ...[
    'mode',
    'database',
    'baseCapacityRpu',
    'maxRpuHoursPerDay',
    'host',
    'port',
    'firehoseSecretArn',
    'publiclyAccessible',
    'enhancedVpcRouting',
    'copyRoleArn',
    'secretArn',
  ],
  ...['clusterIdentifier', 'workgroupName', 'workgroupArn'],
];

function network(value: unknown, path: string) {
  const read = object({
    availabilityZones: optional(zones, 3),
    natGateways: optional(whole(1, 6), 1),
  })(value, path);
  const count =
    typeof read.availabilityZones === 'number' ? read.availabilityZones : read.availabilityZones.length;
  if (read.natGateways > count) {
    wrong(
      `${path}.natGateways`,
      String(read.natGateways),
      `at most one for each of the ${count} availability zones`,
    );
  }
  return read;
}

const zones: Reader<number | readonly string[]> = (value, path) =>
  Array.isArray(value)
    ? list(text(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, 'an availability zone such as eu-west-1a'))(value, path)
    : whole(1, 6)(value, path);
