/** What can be written in the installation, and what is said when it cannot be installed. */
import { describe, expect, test } from 'vitest';
import { rankingDefaults } from '../contract/impact.ts';
import configuration from '../heimdallr.config.ts';
import { generate } from '../infra/generate.ts';
import { withOverrides } from '../infra/overrides.ts';
import { ConfigurationError } from '../infra/read.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { existing, now, producers, serverless } from './infra-stack.ts';

const read = (written: unknown) => readInstallation(written, producers, now);

test('what is not written has its default', () => {
  const installation = read({ feeds: [{ feed: 'alpha:web' }], warehouse: serverless.warehouse });

  expect(installation).toEqual({
    feeds: [
      {
        feed: 'alpha:web',
        name: 'web',
        producer: producers[0],
        settings: {},
        baseUrl: 'https://api.alpha.example',
        people: 'keep',
        webhook: false,
        since: '24h',
      },
    ],
    warehouse: {
      mode: 'serverless',
      database: 'heimdallr',
      baseCapacityRpu: 8,
      maxRpuHoursPerDay: undefined,
    },
    freshnessMinutes: 15,
    deliveryStreams: 1,
    streamShards: 1,
    network: { kind: 'nat-gateway', availabilityZones: 3, natGateways: 1 },
    ranking: { everyHours: 24, settings: rankingDefaults },
    alarms: { email: [], slack: null, off: [], thresholds: {}, runbook: 'docs/runbook.md' },
    digest: null,
  });
});

test('the installation that is shipped can be installed', async () => {
  const found = await generate();

  const { feeds, warehouse } = readInstallation(configuration, found, now);

  expect(feeds.length).toBeGreaterThan(0);
  expect(warehouse.mode).toBe('serverless');
});

const withFeed = (feed: object) => ({ ...serverless, feeds: [feed] });
const withWarehouse = (changes: object) => ({
  ...serverless,
  warehouse: { ...serverless.warehouse, ...changes },
});
const adopting = (changes: object) => ({ ...existing, warehouse: { ...existing.warehouse, ...changes } });

const refused: readonly (readonly [string, unknown, string])[] = [
  [
    'a misspelt key',
    { ...serverless, freshness: 5 },
    'freshness: got an unknown key, expected one of feeds, since, warehouse, freshnessMinutes, deliveryStreams, streamShards, network, alarms, activity, people, ranking, digest',
  ],
  [
    'a misspelt key of a feed',
    withFeed({ feed: 'alpha:web', setings: {} }),
    'feeds[0].setings: got an unknown key, expected settings, if that was meant, or one of feed, settings, baseUrl, people, webhook',
  ],
  ['no feeds', { ...serverless, feeds: [] }, 'feeds: got an empty list, expected at least one feed'],
  [
    'feeds that are no list',
    { ...serverless, feeds: 'alpha:web' },
    'feeds: got "alpha:web", expected a list',
  ],
  [
    'an unknown producer',
    withFeed({ feed: 'gamma:web' }),
    'feeds[0].feed: got "gamma:web", expected producer:name, where the producer is one of alpha, beta',
  ],
  [
    'a feed without a name',
    withFeed({ feed: 'alpha' }),
    'feeds[0].feed: got "alpha", expected producer:name, where the name is 1 to 48 lower-case letters, digits and single dashes',
  ],
  [
    'a name that cannot be part of an id',
    withFeed({ feed: 'alpha:Web App' }),
    'feeds[0].feed: got "alpha:Web App", expected producer:name, where the name is 1 to 48 lower-case letters, digits and single dashes',
  ],
  [
    'a feed twice',
    { ...serverless, feeds: [{ feed: 'alpha:web' }, { feed: 'alpha:web' }] },
    'feeds[1].feed: got "alpha:web" a second time, expected a name of its own for every feed',
  ],
  [
    'an unknown setting',
    withFeed({ feed: 'alpha:web', settings: { colour: 'red' } }),
    'feeds[0].settings.colour: got an unknown key, expected no keys',
  ],
  [
    'a setting that has no default and is missing',
    withFeed({ feed: 'beta:core' }),
    'feeds[0].settings.team: got nothing, expected text: Whose facts.',
  ],
  [
    'a setting of another type',
    withFeed({ feed: 'beta:core', settings: { team: 'a', depth: '3' } }),
    'feeds[0].settings.depth: got "3", expected a whole number from -9007199254740991 to 9007199254740991 (How deep.)',
  ],
  [
    'a setting that is no list',
    withFeed({ feed: 'beta:core', settings: { team: 'a', tags: 'x' } }),
    'feeds[0].settings.tags: got "x", expected a list',
  ],
  [
    'a setting that is neither true nor false',
    withFeed({ feed: 'beta:core', settings: { team: 'a', drafts: 1 } }),
    'feeds[0].settings.drafts: got 1, expected true or false: Drafts too.',
  ],
  [
    'an address without TLS',
    withFeed({ feed: 'alpha:web', baseUrl: 'http://rollbar.internal' }),
    'feeds[0].baseUrl: got "http://rollbar.internal", expected an https URL on the standard port, without a trailing slash',
  ],
  [
    'an unknown way to treat people',
    withFeed({ feed: 'alpha:web', people: 'forget' }),
    'feeds[0].people: got "forget", expected "keep" or "hash" or "drop"',
  ],
  [
    'a beginning in the future',
    { ...serverless, since: '2027-01-01' },
    'since: got "2027-01-01", expected 90m, 24h, 7d or a day such as 2026-01-01, not in the future',
  ],
  [
    'a buffer that Firehose does not have',
    { ...serverless, freshnessMinutes: 0.5 },
    'freshnessMinutes: got 0.5, expected a whole number from 1 to 15 (Firehose gathers rows for 60 to 900 seconds)',
  ],
  [
    'a buffer longer than the longest',
    { ...serverless, freshnessMinutes: 20 },
    'freshnessMinutes: got 20, expected a whole number from 1 to 15 (Firehose gathers rows for 60 to 900 seconds)',
  ],
  [
    'no warehouse',
    { feeds: serverless.feeds },
    'warehouse: got nothing, expected an object with mode, database, baseCapacityRpu, maxRpuHoursPerDay, host, port, firehoseSecretArn, publiclyAccessible, enhancedVpcRouting, copyRoleArn, secretArn, clusterIdentifier, workgroupName, workgroupArn',
  ],
  [
    'an unknown kind of warehouse',
    withWarehouse({ mode: 'managed' }),
    'warehouse.mode: got "managed", expected "serverless" or "existing"',
  ],
  [
    'a capacity between the two',
    withWarehouse({ baseCapacityRpu: 6 }),
    'warehouse.baseCapacityRpu: got 6, expected 4 or 8',
  ],
  [
    'the host of another warehouse',
    withWarehouse({ host: 'a.redshift.amazonaws.com' }),
    'warehouse.host: got an unknown key, expected one of mode, database, baseCapacityRpu, maxRpuHoursPerDay',
  ],
  [
    'a database that needs quotes',
    withWarehouse({ database: 'Heimdallr' }),
    'warehouse.database: got "Heimdallr", expected a database name: lower-case letters, digits and underscores',
  ],
  [
    'a host with a port',
    adopting({ host: 'a.b.redshift.amazonaws.com:5439' }),
    'warehouse.host: got "a.b.redshift.amazonaws.com:5439", expected the host of a Redshift endpoint, without port and database',
  ],
  [
    'a password where an ARN belongs, without showing it',
    adopting({ secretArn: 'hunter2' }),
    'warehouse.secretArn: got something else, expected the ARN of the secret of a database user that may create schemas and users',
  ],
  [
    'a warehouse that is neither cluster nor workgroup',
    adopting({ clusterIdentifier: undefined }),
    'warehouse.clusterIdentifier: got nothing, expected the identifier of the cluster',
  ],
  [
    'two zones for a Serverless workgroup',
    { ...serverless, network: { availabilityZones: 2 } },
    'network.availabilityZones: got 2, expected three or more: the subnets of a Serverless workgroup span three',
  ],
  [
    'a zone that is none',
    { ...serverless, network: { availabilityZones: ['here'] } },
    'network.availabilityZones[0]: got "here", expected an availability zone such as eu-west-1a',
  ],
  [
    'a network of another kind',
    { ...serverless, network: { kind: 'vpn' } },
    'network.kind: got "vpn", expected "nat-gateway" or "nat-instance" or "none"',
  ],
  [
    'gateways where there are none',
    { ...serverless, network: { kind: 'none', natGateways: 1 } },
    "network.natGateways: got 1, expected nothing, with network.kind 'none'",
  ],
  [
    'more gateways than zones',
    { ...existing, network: { availabilityZones: 1, natGateways: 2 } },
    'network.natGateways: got 2, expected at most one for each of the 1 availability zones',
  ],
  [
    'a warehouse that Firehose cannot reach',
    adopting({ publiclyAccessible: false }),
    'warehouse.publiclyAccessible: got false, expected true: Firehose reaches a warehouse over its public endpoint only; admit nothing but its addresses there',
  ],
  [
    'a warehouse into which Firehose cannot load',
    adopting({ enhancedVpcRouting: true }),
    'warehouse.enhancedVpcRouting: got true, expected false: Firehose cannot load into a warehouse with enhanced VPC routing; turn it off',
  ],
  [
    'several mistakes, all of them at once',
    {
      ...serverless,
      feeds: [{ feed: 'alpha:web', peopel: 'hash' }, { feed: 'beta:core' }],
      freshnessMinutes: 99,
    },
    [
      'feeds[0].peopel: got an unknown key, expected people, if that was meant, or one of feed, settings, baseUrl, people, webhook',
      'feeds[1].settings.team: got nothing, expected text: Whose facts.',
      'freshnessMinutes: got 99, expected a whole number from 1 to 15 (Firehose gathers rows for 60 to 900 seconds)',
    ].join('\n'),
  ],
  [
    'nothing at all',
    undefined,
    'the installation: got nothing, expected an object with feeds, since, warehouse, freshnessMinutes, deliveryStreams, streamShards, network, alarms, activity, people, ranking, digest',
  ],
];

describe('refuses, and says where and what is expected:', () => {
  test.each(refused)('%s', (_what, written, message) => {
    expect(() => read(written)).toThrow(new ConfigurationError(message));
  });
});

const overridden = (context: Readonly<Record<string, unknown>>) =>
  withOverrides(read(serverless), producers, (key) => context[key], now);

test('without context nothing is overridden', () => {
  expect(overridden({})).toEqual(read(serverless));
});

test('context points the feeds of a producer at another address', () => {
  const { feeds } = overridden({ 'heimdallr:vendors': '{"alpha": "http://127.0.0.1:4010"}' });

  expect(feeds.map(({ feed, baseUrl }) => [feed, baseUrl])).toEqual([
    ['alpha:web', 'http://127.0.0.1:4010'],
    ['alpha:app', 'http://127.0.0.1:4010'],
    ['beta:core', 'https://api.beta.example'],
  ]);
});

test('context keeps some of the feeds and moves their beginning', () => {
  const { feeds } = overridden({ 'heimdallr:feeds': 'beta:core,alpha:app', 'heimdallr:since': '1h' });

  expect(feeds.map(({ feed, since }) => [feed, since])).toEqual([
    ['alpha:app', '1h'],
    ['beta:core', '1h'],
  ]);
});

test('context from a file may be JSON already, and no names keep all feeds', () => {
  const { feeds } = overridden({
    'heimdallr:vendors': { beta: 'http://127.0.0.1:1' },
    'heimdallr:feeds': [],
  });

  expect(feeds.map(({ baseUrl }) => baseUrl).at(-1)).toBe('http://127.0.0.1:1');
  expect(feeds).toHaveLength(3);
});

describe('refuses context, and says what is known:', () => {
  test.each([
    [
      'an unknown feed',
      { 'heimdallr:feeds': 'alpha:shop' },
      'context heimdallr:feeds: got "alpha:shop", expected one of the configured feeds alpha:web, alpha:app, beta:core',
    ],
    [
      'an unknown producer',
      { 'heimdallr:vendors': { gamma: 'http://x' } },
      'context heimdallr:vendors.gamma: got an unknown key, expected one of alpha, beta',
    ],
    [
      'what is no JSON',
      { 'heimdallr:vendors': 'alpha=http://x' },
      'context heimdallr:vendors: got "alpha=http://x", expected JSON such as {"producer": "http://127.0.0.1:4010"}',
    ],
    [
      'what is no URL',
      { 'heimdallr:vendors': { alpha: 'localhost' } },
      'context heimdallr:vendors.alpha: got "localhost", expected an http or https URL without a trailing slash',
    ],
    [
      'what is no time',
      { 'heimdallr:since': 'yesterday' },
      'context heimdallr:since: got "yesterday", expected 90m, 24h, 7d or a day such as 2026-01-01, not in the future',
    ],
  ])('%s', (_what, context, message) => {
    expect(() => overridden(context)).toThrow(new ConfigurationError(message));
  });
});
