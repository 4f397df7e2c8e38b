/**
 * Every alarm of the template sounds when it should, and stays silent otherwise: the template's own definitions,
 * evaluated on a day of a healthy pipeline in which one thing goes wrong.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALARM_NAMES, ALARM_SCALES, type AlarmName, type Scale } from '../infra/alarms/catalogue.ts';
import { billOf } from '../infra/cost/bill.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { type AlarmProperties, CloudWatch, type Dimensions, type Point } from './alarms/cloudwatch.ts';
import { ruleHolds } from './alarms/composite.ts';
import { evaluate } from './alarms/expression.ts';
import { now, producers, project, serverless, TemplateUnderTest } from './infra-stack.ts';

const ranked = {
  ...serverless,
  feeds: serverless.feeds.map(({ people: _kept, ...feed }) => ({
    ...feed,
    webhook: feed.feed === 'alpha:web',
  })),
  activity: { table: 'public.visits', userId: 'id', activeAt: 'at' },
  digest: { email: 'team@example.com' },
};
const template = new TemplateUnderTest(ranked);
const { freshnessMinutes, warehouse } = readInstallation(ranked, producers, now);
const rpu = warehouse.mode === 'serverless' ? warehouse.baseCapacityRpu : 0;
const alarms = template.all('AWS::CloudWatch::Alarm').map(([id, { Properties }]) => ({
  id,
  properties: Properties as AlarmProperties,
  name: String(/#([a-z-]+)$/.exec(Properties.AlarmDescription)?.[1]),
}));

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 26, 12);

/** RPU-seconds of five minutes, as the bill expects them of ten million occurrences a month. */
const COMPUTED = billOf({ Resources: template.resources }, 10_000_000).awake * rpu * 300;

/** What a healthy pipeline shows every five minutes, by metric: the dear and the late end of what is promised. */
const HEALTHY: Readonly<Record<string, number>> = {
  ...{ RunSeconds: 2, PollFailed: 0, Unauthorized: 0, RateLimited: 0, Skipped: 0, QuotaUsedPercent: 30 },
  ...{ Invocations: 5, Errors: 0, Duration: 2_000, Throttles: 0, IteratorAge: 31_000 },
  ...{ InvocationDroppedCount: 0, ErrorPortAllocation: 0 },
  ...{ WriteProvisionedThroughputExceeded: 0, OnFailureDestinationDeliveredEventCount: 0 },
  ...{ RecordsAccepted: 400, RecordsRejected: 0 },
  ...{
    'DeliveryToRedshift.Success': 1,
    'DeliveryToRedshift.Records': 3,
    'DeliveryToS3.DataFreshness': 60 * freshnessMinutes,
  },
  ...{ ThrottledRecords: 0, IncomingRecords: 3, ManifestsSkipped: 0 },
  ...{
    LandingRows: 4_000,
    MergeFailed: 0,
    FreshnessSeconds: 60 * 2 * freshnessMinutes,
    RunsLate: 0,
    RecordsUnreconciled: 0,
  },
  ...{ RankingRefused: 0, ComputeSeconds: COMPUTED },
};

/** What goes wrong: for so many minutes up to now the metric has this value, or none. */
interface Trouble {
  readonly metric: string;
  readonly value: number | null;
  readonly minutes: number;
  /** Only of what has this among its dimensions. */
  readonly of?: string;
}

function dayWith(trouble: Trouble | null): CloudWatch {
  const cloudWatch = new CloudWatch();
  const seen = new Set<string>();
  for (const { properties } of alarms) {
    for (const { namespace, name, dimensions } of CloudWatch.wantedBy(properties)) {
      const key = JSON.stringify([namespace, name, dimensions]);
      if (seen.has(key)) continue;
      seen.add(key);
      const healthy = HEALTHY[name];
      if (healthy === undefined) throw new Error(`nobody has said what a healthy ${name} is`);
      for (let minutes = 5; minutes <= 48 * 60; minutes += 5) {
        const isTrouble =
          trouble?.metric === name && minutes <= trouble.minutes && concerns(trouble, dimensions);
        const value = isTrouble ? trouble.value : healthy;
        if (value === null) continue;
        cloudWatch.put({ namespace, name, dimensions, at: NOW - minutes * MINUTE, value });
      }
    }
  }
  return cloudWatch;
}

const concerns = ({ of }: Trouble, dimensions: Dimensions): boolean =>
  of === undefined || JSON.stringify(dimensions).includes(of);

const sounding = (cloudWatch: CloudWatch): readonly string[] =>
  alarms
    .filter(({ properties }) => cloudWatch.sounds(properties, NOW))
    .map(({ id }) => id.replace(/^Horn|[0-9A-F]{8}$/g, ''))
    .toSorted();

/** Alarm → what makes it sound, and the alarms that then sound: all of them, and no other. */
const CASES: Readonly<Record<AlarmName, readonly [Trouble, ...string[]]>> = {
  'feed-not-polled': [
    { metric: 'RunSeconds', value: null, minutes: 20, of: 'alpha:web' },
    'feednotpolledalphaweb',
  ],
  'feed-failing': [{ metric: 'PollFailed', value: 1, minutes: 15, of: 'alpha:web' }, 'feedfailingalphaweb'],
  'feed-unauthorised': [
    { metric: 'Unauthorized', value: 1, minutes: 5, of: 'beta:core' },
    'feedunauthorisedbetacore',
  ],
  'feed-rate-limited': [
    { metric: 'RateLimited', value: 1, minutes: 60, of: 'alpha:app' },
    'feedratelimitedalphaapp',
  ],
  'feed-quota-low': [
    { metric: 'QuotaUsedPercent', value: 95, minutes: 60, of: 'alpha:app' },
    'feedquotalowalphaapp',
  ],
  'webhook-errors': [{ metric: 'Errors', value: 1, minutes: 60, of: 'Webhook' }, 'webhookerrorsalphaweb'],
  'feed-lease-stuck': [
    { metric: 'Skipped', value: 1, minutes: 20, of: 'alpha:app' },
    'feedleasestuckalphaapp',
  ],
  'producer-errors': [
    { metric: 'Errors', value: 1, minutes: 15, of: 'Produceralpha' },
    'producererrorsalpha',
  ],
  'producer-timeouts': [
    { metric: 'Duration', value: 55_000, minutes: 15, of: 'Producerbeta' },
    'producertimeoutsbeta',
  ],
  'schedule-failures': [{ metric: 'InvocationDroppedCount', value: 1, minutes: 5 }, 'schedulefailures'],
  'nat-ports-exhausted': [
    { metric: 'ErrorPortAllocation', value: 3, minutes: 5 },
    'natportsexhaustedgateway1',
  ],
  'stream-throttled': [
    { metric: 'WriteProvisionedThroughputExceeded', value: 500, minutes: 15 },
    'streamthrottled',
  ],
  'transform-behind': [{ metric: 'IteratorAge', value: 4_000_000, minutes: 30 }, 'transformbehind'],
  'transform-errors': [{ metric: 'Errors', value: 1, minutes: 15, of: 'Transform' }, 'transformerrors'],
  'transform-throttled': [{ metric: 'Throttles', value: 2, minutes: 15 }, 'transformthrottled'],
  'batches-given-up': [
    { metric: 'OnFailureDestinationDeliveredEventCount', value: 1, minutes: 5 },
    'batchesgivenup',
  ],
  'rejects-unusual': [{ metric: 'RecordsRejected', value: 30, minutes: 15 }, 'rejectsunusual'],
  'delivery-failing': [
    { metric: 'DeliveryToRedshift.Success', value: 0, minutes: 30 },
    'deliveryfailingstream1',
  ],
  'delivery-stale': [
    { metric: 'DeliveryToS3.DataFreshness', value: 3_000, minutes: 15 },
    'deliverystalestream1',
  ],
  'delivery-throttled': [{ metric: 'ThrottledRecords', value: 5, minutes: 15 }, 'deliverythrottledstream1'],
  'nothing-delivered': [
    { metric: 'DeliveryToRedshift.Records', value: null, minutes: 60 },
    'nothingdeliveredstream1',
  ],
  'manifests-skipped': [{ metric: 'ManifestsSkipped', value: 2, minutes: 60 }, 'manifestsskipped'],
  'loader-errors': [{ metric: 'Errors', value: 1, minutes: 30, of: 'Loader' }, 'loadererrorsloader'],
  'landing-growing': [{ metric: 'LandingRows', value: 2_000_000, minutes: 120 }, 'landinggrowing'],
  'statements-failing': [{ metric: 'MergeFailed', value: 1, minutes: 30 }, 'statementsfailing'],
  'warehouse-stale': [
    { metric: 'FreshnessSeconds', value: null, minutes: 30, of: 'alpha:web' },
    'warehousestalealphaweb',
  ],
  'ledger-late': [{ metric: 'RunsLate', value: 1, minutes: 30 }, 'ledgerlate'],
  'reconciliation-differs': [
    { metric: 'RecordsUnreconciled', value: 4, minutes: 360 },
    'reconciliationdiffers',
  ],
  'ranking-refused': [{ metric: 'RankingRefused', value: 1, minutes: 36 * 60 }, 'rankingrefused'],
  'cost-above-ceiling': [
    { metric: 'ComputeSeconds', value: 2 * COMPUTED, minutes: 36 * 60 },
    'costaboveceiling',
  ],
};

test('all alarms stay silent in a healthy hour', () => {
  expect(sounding(dayWith(null))).toEqual([]);
});

describe('what goes wrong sounds the alarm that is for it, and no other:', () => {
  test.each(ALARM_NAMES)('%s', (name) => {
    const [trouble, ...expected] = CASES[name];

    expect(sounding(dayWith(trouble))).toEqual(expected);
  });

  // Of these one is enough: a batch that cannot be loaded, a delivery that crashed, a quota that was nearly used up, a
  // ranking of the day that says nothing.
  const ONCE: readonly AlarmName[] = [
    'manifests-skipped',
    'webhook-errors',
    'feed-quota-low',
    'ranking-refused',
  ];
  const lasting = ALARM_NAMES.filter((name) => CASES[name][0].minutes > 15 && !ONCE.includes(name));

  test.each(lasting)('%s, not before it has lasted', (name) => {
    const [trouble] = CASES[name];

    expect(sounding(dayWith({ ...trouble, minutes: 5 }))).toEqual([]);
  });
});

test('every name of the list is in the template, and nothing else', () => {
  expect([...new Set(alarms.map(({ name }) => name))].toSorted()).toEqual([...ALARM_NAMES].toSorted());
});

test('every feed and every producer has alarms of its own', () => {
  const described = alarms.map(({ properties }) => String(properties.AlarmDescription));
  for (const feed of ['alpha:web', 'alpha:app', 'beta:core'])
    expect(described.filter((text) => text.includes(`${feed}:`))).toHaveLength(feed === 'alpha:web' ? 8 : 7);
  for (const producer of ['alpha', 'beta'])
    expect(described.filter((text) => text.startsWith(`Heimdallr, ${producer}: `))).toHaveLength(2);
});

/** Values of a metric of one feed in the hour before, every five minutes. */
function hourOf(metrics: Readonly<Record<string, readonly (number | null)[]>>): CloudWatch {
  const cloudWatch = new CloudWatch();
  for (const [name, values] of Object.entries(metrics)) {
    for (const [index, value] of values.entries()) {
      const at = NOW - (60 - 5 * index) * MINUTE;
      if (value !== null)
        cloudWatch.put({ namespace: 'Heimdallr', name, dimensions: { feed: 'alpha:web' }, at, value });
    }
  }
  return cloudWatch;
}
const soundsForWeb = (cloudWatch: CloudWatch, name: AlarmName): boolean =>
  alarms
    .filter((alarm) => alarm.name === name && alarm.properties.AlarmDescription.includes('alpha:web:'))
    .some(({ properties }) => cloudWatch.sounds(properties, NOW));

test.each<[string, readonly (number | null)[], boolean]>([
  ['is used up in the middle of an hour, and nobody asks any more', [70, 80, 90, 100, null, null], true],
  ['is used evenly, to three quarters at its end', [15, 30, 45, 60, 75, 10, 25, 40, 55, 70, 75, 5], false],
])('a quota that resets every hour and %s', (_what, used, isSounding) => {
  expect(soundsForWeb(hourOf({ QuotaUsedPercent: used }), 'feed-quota-low')).toBe(isSounding);
});

test('a vendor that has a feed wait for a quarter of an hour, again and again, limits it', () => {
  // Each answer of five minutes is a run that was limited, or skipped because it waits.
  const waits = [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0];
  const waiting = hourOf({ RateLimited: waits, Skipped: waits.map((limited) => 1 - limited) });
  const held = hourOf({ RateLimited: waits.map(() => 0), Skipped: waits.map(() => 1) });

  expect(soundsForWeb(waiting, 'feed-rate-limited')).toBe(true);
  expect(soundsForWeb(waiting, 'feed-lease-stuck')).toBe(false);
  expect(soundsForWeb(held, 'feed-rate-limited')).toBe(false);
  expect(soundsForWeb(held, 'feed-lease-stuck')).toBe(true);
});

test('the ceiling is in RPU-seconds of a day', () => {
  const { Threshold } = new TemplateUnderTest(serverless)
    .all('AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => Properties)
    .find(({ AlarmDescription }) => AlarmDescription.endsWith('#cost-above-ceiling'));

  // Every quarter of an hour a COPY and a load of a minute each, once a day a ranking of five: at 8 RPU, and half as much again.
  expect(Threshold).toBe(1.5 * 8 * (96 * 60 + 96 * 60 + 300));
});

test('a warehouse that computes as much as it is expected to costs what it may', () => {
  const ceiling = alarms.find(({ name }) => name === 'cost-above-ceiling')?.properties.Threshold;

  expect(ceiling / (COMPUTED * 288)).toBeCloseTo(1.5, 1);
});

describe('a pipeline that begins, or begins again after hours', () => {
  /** Minute by minute: rows go in from now on, the first COPY is a quarter of an hour later. */
  const begin = (minutesAgo: number, copied: boolean): CloudWatch => {
    const cloudWatch = new CloudWatch();
    const [nothing] = alarms.filter(({ name }) => name === 'nothing-delivered');
    for (const { namespace, name, dimensions } of CloudWatch.wantedBy(nothing?.properties ?? {})) {
      const first = name === 'IncomingRecords' ? minutesAgo : minutesAgo - 15;
      const every = name === 'IncomingRecords' ? 1 : 15;
      if (name !== 'IncomingRecords' && !copied) continue;
      for (let minutes = first; minutes > 0; minutes -= every)
        cloudWatch.put({ namespace, name, dimensions, at: NOW - minutes * MINUTE, value: 3 });
    }
    return cloudWatch;
  };
  const minutes = Array.from({ length: 120 }, (_none, index) => index);

  test('delivers its first rows later than it takes them, and nothing sounds', () => {
    expect(minutes.filter((ago) => sounding(begin(ago, true)).includes('nothingdeliveredstream1'))).toEqual(
      [],
    );
  });

  test('and delivers nothing sounds after an hour at the latest', () => {
    const first = minutes.find((ago) => sounding(begin(ago, false)).includes('nothingdeliveredstream1'));

    expect(first).toBeGreaterThan(30);
    expect(first).toBeLessThanOrEqual(60);
  });
});

test('a transform that takes none of what arrives is behind, though no age is told of it', () => {
  const [behind] = alarms.filter(({ name }) => name === 'transform-behind');
  const cloudWatch = new CloudWatch();
  const [put] = CloudWatch.wantedBy(behind?.properties ?? {});
  for (let ago = 31; ago > 0; ago -= 1) cloudWatch.put({ ...put, at: NOW - ago * MINUTE, value: 3 } as Point);

  expect(put?.name).toBe('IncomingRecords');
  expect(sounding(cloudWatch)).toContain('transformbehind');
});

test('a first run that meets the rate limit is no trouble yet', () => {
  expect(
    soundsForWeb(
      hourOf({ RateLimited: [...Array(11).fill(null), 1], Skipped: [...Array(11).fill(null), 0] }),
      'feed-rate-limited',
    ),
  ).toBe(false);
});

describe('the pipeline as a whole', () => {
  const composite = template.one('AWS::CloudWatch::CompositeAlarm').Properties.AlarmRule;
  const isUnhealthy = (trouble: Trouble | null): boolean => {
    const cloudWatch = dayWith(trouble);
    return ruleHolds(composite, (id) =>
      alarms.some((alarm) => alarm.id === id && cloudWatch.sounds(alarm.properties, NOW)),
    );
  };

  test('is healthy while nothing is wrong, and while only tickets sound', () => {
    expect(isUnhealthy(null)).toBe(false);
    expect(isUnhealthy(CASES['rejects-unusual'][0])).toBe(false);
  });

  test('is not healthy while one alarm of many pages', () => {
    expect(isUnhealthy(CASES['feed-unauthorised'][0])).toBe(true);
    expect(isUnhealthy(CASES['ledger-late'][0])).toBe(true);
  });

  test('is one alarm above all, whose rule CloudWatch takes, however many feeds there are', () => {
    const feeds = Array.from({ length: 40 }, (_, index) => ({
      feed: `alpha:${'a'.repeat(46)}${index + 10}`,
    }));
    const many = new TemplateUnderTest({ ...serverless, feeds });
    const composites = many.all('AWS::CloudWatch::CompositeAlarm');
    const below = composites.map(([, { Properties }]) =>
      (Properties.AlarmRule['Fn::Join'][1] as unknown[]).flatMap((part) =>
        typeof part === 'string' ? [] : [(part as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0]],
      ),
    );
    const pages = many
      .all('AWS::CloudWatch::Alarm')
      .filter(([, { Properties }]) => Properties.AlarmActions[0].Ref.startsWith('HornPage'))
      .map(([id]) => id);

    expect(pages.length).toBeGreaterThan(160);
    expect(composites.filter(([id]) => !below.flat().includes(id)).map(([id]) => id)).toEqual([
      expect.stringMatching(/^HornUnhealthy[0-9A-F]{8}$/),
    ]);
    expect(pages.filter((id) => !below.flat().includes(id))).toEqual([]);
    for (const children of below) {
      expect(children.length).toBeLessThanOrEqual(100);
      // As CloudFormation names them, in a region with a long name.
      const arns = children.map(
        (id) => `ALARM("arn:aws:cloudwatch:ap-southeast-1:123456789012:alarm:Heimdallr-${id}-ABCDEFGHIJKL")`,
      );
      expect(arns.join(' OR ').length).toBeLessThanOrEqual(10_240);
    }
  });

  test('stands first on the dashboard', () => {
    const [[id]] = template.all('AWS::CloudWatch::CompositeAlarm') as [[string, unknown]];
    const status = JSON.stringify(template.one('AWS::CloudWatch::Dashboard').Properties.DashboardBody);

    expect(status.indexOf(id)).toBeGreaterThan(-1);
    for (const alarm of alarms) expect(status.indexOf(alarm.id)).toBeGreaterThan(status.indexOf(id));
  });
});

test('the runbook says when each sounds', () => {
  const runbook = readFileSync(join(project, 'docs', 'runbook.md'), 'utf8');
  const when = { LessThan: 'below', GreaterThan: 'above', GreaterThanOrEqualTo: 'at least' } as const;
  const { digest: _none, ...usual } = ranked;
  const usually = new TemplateUnderTest(usual).all('AWS::CloudWatch::Alarm');
  const rows = ALARM_NAMES.map((name) => {
    const [, { Properties: properties }] =
      usually.find(([, alarm]) => alarm.Properties.AlarmDescription.endsWith(`#${name}`)) ??
      expect.fail(name);
    const comparison = properties.ComparisonOperator.replace('Threshold', '') as keyof typeof when;
    const threshold = properties.Threshold.toLocaleString('en-US');
    const minutes = CloudWatch.reachOf(properties) / MINUTE / properties.EvaluationPeriods;
    const severity = properties.AlarmActions[0].Ref.startsWith('HornPage') ? 'page' : 'ticket';
    const windows = `${properties.EvaluationPeriods} × ${minutes === 1440 ? '24 h' : `${minutes} min`}`;
    return `| ${name} | ${severity} | ${when[comparison]} ${threshold} | ${ALARM_SCALES[name].unit} | ${windows} |`;
  });

  expect(runbook).toContain(rows.join('\n'));
});

test('a page sounds at the topic of pages, and makes the pipeline unhealthy', () => {
  const topicOf = (id: RegExp) =>
    template.all('AWS::SNS::Topic').find(([logicalId]) => id.test(logicalId))?.[0];
  const { AlarmRule } = template.one('AWS::CloudWatch::CompositeAlarm').Properties;
  const pages = alarms.filter(({ properties }) => properties.AlarmActions[0].Ref === topicOf(/Page/));

  expect(pages.length).toBeGreaterThan(10);
  expect(pages.length).toBeLessThan(alarms.length);
  for (const { id } of pages) expect(JSON.stringify(AlarmRule)).toContain(`"${id}"`);
  for (const { properties } of alarms)
    expect([topicOf(/Page/), topicOf(/Ticket/)]).toContain(properties.OKActions[0].Ref);
});

test('the dashboard is one screen, in the order in which a fact travels, with every feed and every alarm', () => {
  const body = template.one('AWS::CloudWatch::Dashboard').Properties.DashboardBody;
  const text: string = (body['Fn::Join'] as [string, unknown[]])[1]
    .map((part) => (typeof part === 'string' ? part : 'x'))
    .join('');
  const widgets: readonly {
    x: number;
    y: number;
    width: number;
    height: number;
    properties: { title: string };
  }[] = JSON.parse(text).widgets;
  const graphs = widgets.slice(1);
  const [status] = widgets;

  expect(graphs.map(({ properties: { title } }) => title.split(':')[0])).toEqual([
    'Polled',
    'Stream',
    'Transform',
    'Delivery',
    'Loader',
    'Freshness',
    'Books',
    'Cost',
  ]);
  expect(graphs.map(({ x }) => x)).toEqual([0, 6, 12, 18, 0, 6, 12, 18]);
  expect(Math.max(...widgets.map(({ y, height }) => y + height))).toBeLessThanOrEqual(18);
  for (const feed of ['alpha:web', 'alpha:app', 'beta:core'])
    expect(JSON.stringify(graphs[0])).toContain(`"${feed}"`);
  expect(JSON.stringify(status).match(/"x"/g)?.length).toBeGreaterThanOrEqual(alarms.length);
});

test('a dashboard of twenty feeds shows every alarm, a hundred in a widget at most', () => {
  const feeds = Array.from({ length: 20 }, (_, index) => ({ feed: `alpha:app${index}` }));
  const many = new TemplateUnderTest({ ...serverless, feeds });
  const parts: readonly unknown[] = many.one('AWS::CloudWatch::Dashboard').Properties.DashboardBody[
    'Fn::Join'
  ][1];
  const text = parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
  const widgets: readonly { type: string; y: number; x: number; properties: { alarms: unknown[] } }[] =
    JSON.parse(text).widgets;
  const shown = widgets.filter(({ type }) => type === 'alarm');
  const made = many.all('AWS::CloudWatch::Alarm');

  expect(made.length).toBeGreaterThan(150);
  // And the one that is above all.
  expect(shown.reduce((sum, { properties }) => sum + properties.alarms.length, 0)).toBe(made.length + 1);
  for (const { properties, y } of shown) {
    expect(properties.alarms.length).toBeLessThanOrEqual(100);
    expect(y).toBe(0);
  }
});

describe('the configuration', () => {
  const withAlarms = (chosen: object) => new TemplateUnderTest({ ...serverless, alarms: chosen });

  test('turns an alarm off and moves a threshold', () => {
    const chosen = withAlarms({ off: ['delivery-stale'], thresholds: { 'transform-behind': 7_200_000 } });
    const texts = chosen.all('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

    expect(texts.filter(({ AlarmDescription }) => AlarmDescription.endsWith('#delivery-stale'))).toEqual([]);
    expect(
      texts.find(({ AlarmDescription }) => AlarmDescription.endsWith('#transform-behind')).Threshold,
    ).toBe(7_200_000);
  });

  test('sends mail and writes to Slack', () => {
    const chosen = withAlarms({
      email: ['on-call@example.com'],
      slack: { workspaceId: 'T0123ABCD', channelId: 'C0123ABCD' },
      runbook: 'https://example.com/runbook.md',
    });

    expect(chosen.all('AWS::SNS::Subscription')).toHaveLength(2);
    expect(chosen.one('AWS::Chatbot::SlackChannelConfiguration').Properties).toMatchObject({
      SlackChannelId: 'C0123ABCD',
      SnsTopicArns: [expect.anything(), expect.anything()],
    });
    const [, first] = chosen.all('AWS::CloudWatch::Alarm')[0] ?? [];
    expect(first?.Properties.AlarmDescription).toContain('https://example.com/runbook.md#');
  });

  test.each([
    [{ off: ['delivery-stail'] }, /alarms\.off\[0\]: got "delivery-stail", expected "feed-not-polled" or/],
    [
      { thresholds: { 'ledger-laet': 1 } },
      /alarms\.thresholds\.ledger-laet: got an unknown key, expected ledger-late/,
    ],
    [
      { thresholds: { 'ledger-late': 'many' } },
      /alarms\.thresholds\.ledger-late: got "many", expected a number above 0, in runs \(/,
    ],
    [{ thresholds: { 'producer-errors': 0 } }, /producer-errors: got 0, expected a number above 0, in runs /],
    [
      { thresholds: { 'transform-behind': -5 } },
      /transform-behind: got -5, expected a number above 0, at most 604799999, in ms /,
    ],
    [
      { thresholds: { 'delivery-failing': 90 } },
      /delivery-failing: got 90, expected a number above 0, at most 1, in share of 1/,
    ],
    [
      { thresholds: { 'feed-quota-low': 200 } },
      /feed-quota-low: got 200, expected .* above 0, at most 99, in %/,
    ],
    [{ email: ['nobody'] }, /alarms\.email\[0\]: got "nobody", expected an e-mail address/],
    [{ slack: { workspaceId: 'x', channelId: 'C0123ABCD' } }, /alarms\.slack\.workspaceId: got "x"/],
    [{ runbook: 'docs' }, /alarms\.runbook: got "docs", expected an https address/],
  ])('refuses %j', (chosen, message) => {
    expect(() => withAlarms(chosen)).toThrow(message);
  });
});

test('the threshold of every alarm is within its scale', () => {
  for (const { name, properties } of alarms) {
    const { most = Number.POSITIVE_INFINITY }: Scale = ALARM_SCALES[name as AlarmName];

    expect({ name, isWithin: properties.Threshold > 0 && properties.Threshold <= most }).toEqual({
      name,
      isWithin: true,
    });
  }
});

describe('metric math', () => {
  test.each([
    ['IF(FILL(a, 0) > 0 AND FILL(b, 0) == 0, 1, 0)', { a: 3, b: null }, 1],
    ['IF(FILL(a, 0) > 0 AND FILL(b, 0) == 0, 1, 0)', { a: null, b: null }, 0],
    ['100 * a / (a + b)', { a: 1, b: 3 }, 25],
    ['a + b', { a: 1, b: null }, null],
  ])('%s of %j is %j', (expression, metrics, value) => {
    expect(evaluate(expression, metrics)).toBe(value);
  });

  test.each(['ANOMALY(a)', 'a % 2', 'a +', 'c'])('%s is not understood', (expression) => {
    expect(() => evaluate(expression, { a: 1 })).toThrow(SyntaxError);
  });
});
