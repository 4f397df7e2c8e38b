/**
 * The alarms on what a running stack shows: the synthesised stack runs, the metrics of its functions are read from their
 * logs as CloudWatch reads them, the local services say what AWS would measure of itself, and the template's own alarms
 * are evaluated on both.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RANK_TASK } from '../contract/impact.ts';
import { ALARM_NAMES, type AlarmName } from '../infra/alarms/catalogue.ts';
import { AwsError } from '../local/services/index.ts';
import { type AlarmProperties, CloudWatch, type Point } from './alarms/cloudwatch.ts';
import { ServiceMetrics } from './alarms/service-metrics.ts';
import { plan } from './faults/stack/plan/index.ts';
import { FEED, openProject, type Project } from './faults/stack/project.ts';
import { Stage, WEBHOOK_SECRET } from './faults/stack/stage.ts';

let project: Project;
let stage: Stage;
let services: ServiceMetrics;
let cloudWatch = new CloudWatch();
let published = new Set<string>();
let alarms: readonly { readonly name: string; readonly properties: AlarmProperties }[];
/** Names of the alarms that have sounded at any minute. */
let heard = new Set<string>();
/** Since then no time was skipped, and until then somebody has listened; milliseconds. */
let watchedSince = 0;
let listenedUntil = 0;

const put = (point: Omit<Point, 'at'>): void => {
  published.add(keyOf(point.name, point.dimensions));
  cloudWatch.put({ ...point, at: stage.clock.now().getTime() });
};

/** Is there for its webhook: nobody polls it, and what would say so is left out. */
const PUSHED = 'heroku:web';

/** Thresholds that would take a million rows, or minutes that really pass, to be reached. */
const THRESHOLDS = { 'landing-growing': 1_000, 'producer-timeouts': 2_900 };

beforeAll(async () => {
  project = await openProject({
    feeds: [{ feed: FEED }, { feed: PUSHED, settings: { app: 'shop' }, webhook: true }],
    alarms: { thresholds: THRESHOLDS },
  });
  stage = await Stage.start({
    ...{ project, seed: 1, speed: 4800, warehouseUrl: null, isThorough: false },
    onEvent(event) {
      services?.heard(event);
      if (event.kind !== 'metric') return;
      const { namespace, name, dimensions, values } = event;
      for (const value of values) put({ namespace, name, dimensions, value });
    },
  });
  const { Resources } = JSON.parse(readFileSync(join(project.assembly, 'Heimdallr.template.json'), 'utf8'));
  services = new ServiceMetrics(stage, Resources, put);
  alarms = Object.values<{ Type: string; Properties: AlarmProperties }>(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties: properties }) => ({
      name: String(/#([a-z-]+)$/.exec(properties.AlarmDescription)?.[1]),
      properties,
    }))
    .filter(
      ({ name, properties }) =>
        name === 'webhook-errors' || !properties.AlarmDescription.includes(` ${PUSHED}: `),
    );
}, 120_000);
afterAll(async () => {
  await stage?.close();
  await project?.close();
});
beforeEach(async () => {
  await recover();
  await services.sample();
  cloudWatch = new CloudWatch();
  published = new Set();
  heard = new Set();
  watchedSince = stage.clock.now().getTime();
  listenedUntil = watchedSince;
});

/** Nothing goes wrong any more, and everything that was held up arrives. */
async function recover(): Promise<void> {
  stage.hooks.disarm();
  stage.vendor.setFaults([]);
  services.watch();
  await stage.pollToTheEnd();
  await stage.land();
  await stage.loadAll();
}

const keyOf = (name: string, dimensions: object): string =>
  JSON.stringify([name, Object.entries(dimensions).toSorted(([one], [other]) => (one < other ? -1 : 1))]);

/** What is done in those minutes besides the polling. */
interface Life {
  /** Firehose delivers; false when it cannot. */
  readonly lands?: boolean;
  readonly loads?: boolean;
  /** What Firehose gave up is loaded. */
  readonly reloads?: boolean;
  /** The feed is polled. */
  readonly polls?: boolean;
}

/** Time passes in steps of five minutes, and whatever is due is done. */
async function live(
  minutes: number,
  { lands = true, loads = true, reloads = true, polls = true }: Life = {},
): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    if (polls) await stage.poll();
    if (passed % 15 === 0) {
      if (lands) await stage.land();
      if (loads) {
        if (reloads) await stage.load('reload');
        await stage.load();
      }
    }
    await services.sample();
    nextStep();
  }
}

/** To the middle of a minute, five minutes on, so that what a step takes moves nothing across the begin of one. */
function nextStep(): void {
  const seconds = stage.clock.now().getTime() / 1000;
  stage.clock.advance(300 - ((seconds + 150) % 300));
  listen();
}

/** Time passes in which nothing is done: whoever takes silence for trouble does not look at it. */
function skip(seconds: number): void {
  listen();
  stage.clock.advance(seconds);
  watchedSince = stage.clock.now().getTime();
  listenedUntil = watchedSince - MINUTE;
  listen();
}

const MINUTE = 60_000;

/** Hears every alarm at every minute that has begun since. */
function listen(): void {
  const now = stage.clock.now().getTime();
  for (let at = (Math.floor(listenedUntil / MINUTE) + 1) * MINUTE; at <= now; at += MINUTE) {
    for (const { name, properties } of alarms) {
      const isWatched =
        properties.TreatMissingData !== 'breaching' || at - CloudWatch.reachOf(properties) >= watchedSince;
      if (isWatched && cloudWatch.sounds(properties, at)) heard.add(name);
    }
  }
  listenedUntil = now;
}

/** Alarms that have sounded at any minute. */
function sounding(): readonly string[] {
  listen();
  return [...heard].toSorted();
}

/** A fault of the plan, which goes on for as long as it takes. */
const strike = async (name: string): Promise<void> => {
  const fault = plan.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`no fault is called ${name}`);
  expect(await fault.strike(stage)).toBeGreaterThan(0);
};

const fails = (): never => {
  throw new Error('the warehouse is away');
};

test('in a healthy hour every metric is published under the dimensions that the alarms read, and all are silent', async () => {
  await stage.vendor.pour(60, 170);

  await live(75);

  const wanted = alarms
    .filter(({ name }) => name !== 'ranking-refused')
    .flatMap(({ properties }) => CloudWatch.wantedBy(properties))
    .filter(({ namespace, name }) => namespace === 'Heimdallr' || name === 'Errors')
    .filter(({ dimensions }) => !/Ranking|Digest|heroku/.test(JSON.stringify(dimensions)))
    .map(({ name, dimensions }) => keyOf(name, dimensions));
  expect(wanted.length).toBeGreaterThan(15);
  expect(wanted.filter((key) => !published.has(key))).toEqual([]);
  expect(sounding()).toEqual([]);
  // The alarm on costs looks at a day: one that is all like this hour stays below it, and not far.
  const [ceiling] = alarms.filter(({ name }) => name === 'cost-above-ceiling');
  const [computed] = CloudWatch.wantedBy(ceiling?.properties ?? {});
  expect(cloudWatch.sum(computed) * (24 / 1.25)).toBeGreaterThan(ceiling?.properties.Threshold / 5);
  expect(cloudWatch.sum(computed) * (24 / 1.25)).toBeLessThan(ceiling?.properties.Threshold);
});

/** The warehouse has a clock of its own; from now on it shows what everybody's shows. */
async function tellTime(): Promise<void> {
  await stage.services.warehouse.query(
    `create or replace function redshift.getdate() returns timestamp language sql stable as
     $$ select (statement_timestamp() at time zone 'utc')::timestamp + interval '${stage.clock.aheadOf('')} milliseconds' $$`,
  );
}

/** A batch is tried so often in five minutes here; some thirty times in all. */
const ATTEMPTS = 8;

/** What goes wrong, and all alarms that then sound; no other does. */
const CASES: readonly (readonly [string, readonly AlarmName[], () => Promise<void>])[] = [
  [
    'a revoked token',
    ['feed-failing', 'feed-unauthorised'],
    async () => {
      stage.vendor.setFaults([{ kind: 'revoked' }]);
      await live(30);
    },
  ],
  ['a feed that is not polled', ['feed-not-polled', 'warehouse-stale'], () => live(95, { polls: false })],
  ['a loader that does not run', ['warehouse-stale'], () => live(60, { loads: false })],
  [
    'a vendor that says for two hours that it was asked too often',
    ['feed-quota-low', 'feed-rate-limited'],
    async () => {
      stage.vendor.setFaults([{ kind: 'rate_limited', times: 1000, seconds: 600 }]);
      await live(125);
    },
  ],
  [
    'somebody else who uses up what the vendor allows',
    ['feed-quota-low'],
    async () => {
      await stage.vendor.spend(4_200);
      await live(5);
    },
  ],
  [
    'a connection to the vendor for which the NAT gateway has no port',
    ['nat-ports-exhausted'],
    async () => {
      services.exhaustPorts();
      await live(5);
    },
  ],
  [
    'a schedule whose function somebody has deleted',
    ['schedule-failures'],
    async () => {
      const { feed, stack } = stage;
      const name = `${feed.name}-left-behind`;
      stack.schedules.add({ ...feed, name, functionArn: `${feed.functionArn}-deleted` });
      await expect(stack.schedules.fire(name)).rejects.toThrow('there is no function');
      await live(5);
    },
  ],
  [
    'runs that hang until their time is over',
    ['producer-errors', 'producer-timeouts'],
    async () => {
      const { functions } = stage.stack;
      const producer = stage.part('producer');
      stage.kill('producer');
      functions.deploy({ ...producer, timeoutSeconds: 3 });
      stage.hooks.arm({
        beforeCall: async ({ service, callerAccessKeyId }) => {
          if (service === 'dynamodb' && callerAccessKeyId === producer.logicalId) await pause(4_000);
        },
      });
      try {
        await live(15);
      } finally {
        functions.deploy(producer);
      }
    },
  ],
  [
    'a delivery that cannot be noted',
    ['webhook-errors'],
    async () => {
      const { functions, functionUrls } = stage.stack;
      const webhook = functions.list().find(({ name }) => functionUrls.has(name));
      stage.hooks.arm({
        beforeCall({ service, callerAccessKeyId }) {
          if (service === 'dynamodb' && callerAccessKeyId === webhook?.logicalId)
            throw new AwsError('AccessDeniedException', 'somebody has changed the role');
        },
      });
      const body = JSON.stringify({
        published_at: stage.clock.now().toISOString(),
        webhook_metadata: { delivery: { id: 'the-first' } },
      });
      const { status } = await fetch(String(functionUrls.get(String(webhook?.name))), {
        method: 'POST',
        headers: {
          'heroku-webhook-hmac-sha256': createHmac('sha256', WEBHOOK_SECRET).update(body).digest('base64'),
        },
        body,
      });
      expect(status).toBe(502);
      await live(5);
    },
  ],
  [
    'rows of a record type that no release knows any more',
    ['landing-growing'],
    async () => {
      const { warehouse } = stage.services;
      await warehouse.query(
        `insert into heimdallr.landing
         select 'of_a_producer_that_is_gone', 1, seq::text, 'gone:web', 'a-run', seq, now(), '{}' from generate_series(1, 1500) as seq`,
      );
      try {
        await live(125);
      } finally {
        await warehouse.query(
          "delete from heimdallr.landing where record_type = 'of_a_producer_that_is_gone'",
        );
      }
    },
  ],
  [
    'a table from which somebody deletes what the vendor still has',
    ['reconciliation-differs'],
    async () => {
      const { warehouse } = stage.services;
      await warehouse.query(`create function public.lose() returns trigger language plpgsql as
        $$ begin return case when new.id % 7 = 0 then null else new end; end $$`);
      await warehouse.query(
        'create trigger lose before insert on heimdallr.rollbar_occurrence for each row execute function public.lose()',
      );
      try {
        await stage.vendor.pour(60, 170);
        await live(10);
        // Two hours until it is counted, and two more until it was read again in vain; then the six of the alarm.
        for (let hour = 0; hour < 10; hour += 1) {
          await stage.reconcile();
          skip(60);
          await stage.poll();
          await stage.land();
          await stage.load();
          skip(3540);
        }
      } finally {
        await warehouse.query('drop trigger lose on heimdallr.rollbar_occurrence');
      }
    },
  ],
  [
    'a lease that a dead run with a wrong clock has taken for an hour',
    ['feed-lease-stuck'],
    async () => {
      const { name } = stage.part('producer');
      stage.clock.skew(name, 3600);
      const disarm = stage.hooks.arm({
        afterCall({ service }) {
          if (service === 'dynamodb') stage.kill('producer');
        },
      });
      await stage.poll();
      disarm();
      stage.clock.skew(name, 0);
      await live(25);
    },
  ],
  [
    'a producer that dies in every run',
    ['feed-not-polled', 'producer-errors'],
    async () => {
      stage.hooks.arm({
        afterCall({ service }) {
          if (service === 'dynamodb') stage.kill('producer');
        },
      });
      await live(40);
    },
  ],
  [
    'a stream and a delivery stream that refuse records',
    ['delivery-throttled', 'stream-throttled'],
    async () => {
      for (let passed = 0; passed < 20; passed += 5) {
        await stage.vendor.pour(300, 170);
        services.refuse('kinesis', 150);
        services.refuse('firehose', 1);
        await live(5);
      }
    },
  ],
  [
    'poison records',
    ['rejects-unusual'],
    async () => {
      await strike('poison records of every kind');
      await live(5);
    },
  ],
  [
    'COPYs that fail for two hours',
    ['delivery-failing', 'nothing-delivered', 'warehouse-stale'],
    async () => {
      stage.hooks.arm({ beforeCopy: fails });
      // As long as Firehose itself repeats them there is nothing to load again.
      await live(125, { lands: false, reloads: false });
    },
  ],
  [
    'batches that were given up and cannot be loaded again',
    ['loader-errors', 'manifests-skipped'],
    async () => {
      await strike('COPY fails until it is given up');
      stage.hooks.arm({ beforeStatement: (sql) => (/^copy/i.test(sql) ? fails() : undefined) });
      await live(65);
    },
  ],
  [
    'S3 that takes no rows for an hour, and then takes them',
    ['delivery-stale', 'nothing-delivered'],
    async () => {
      stage.hooks.arm({
        beforeWrite(_bucket, key) {
          if (key.includes('landing/'))
            throw new AwsError('SlowDown', 'Please reduce your request rate.', 503);
        },
      });
      await live(65, { lands: false });
      stage.hooks.disarm();
      await live(5);
    },
  ],
  [
    'a warehouse that refuses the loader',
    ['loader-errors', 'warehouse-stale'],
    async () => {
      stage.hooks.arm({ beforeStatement: fails });
      await live(65);
    },
  ],
  [
    'a merge that fails',
    ['loader-errors', 'statements-failing'],
    async () => {
      await stage.vendor.pour(5, 170);
      stage.hooks.arm({
        beforeStatement: (sql) => (/^merge.*rollbar_occurrence/is.test(sql) ? fails() : undefined),
      });
      await live(50);
    },
  ],
  [
    'a transform whose concurrency somebody has set to 0',
    ['transform-behind', 'transform-throttled', 'warehouse-stale'],
    async () => {
      const { functions } = stage.stack;
      const transform = stage.part('transform');
      await stage.land();
      functions.kill(transform.name);
      functions.deploy({ ...transform, reservedConcurrency: 0 });
      try {
        await live(95, { lands: false });
      } finally {
        functions.deploy(transform);
      }
    },
  ],
  // From here on something is lost that nobody brings back.
  [
    'a transform that dies with every batch, until it is given up',
    ['batches-given-up', 'transform-errors'],
    async () => {
      stage.hooks.arm({
        beforeCall({ service, action }) {
          if (service === 'firehose' && action === 'PutRecordBatch') stage.kill('transform');
        },
      });
      while (services.givenUp === 0) {
        const attempts = services.transformErrors + ATTEMPTS;
        await stage.poll();
        while (services.transformErrors < attempts && services.givenUp === 0) await pause(20);
        await stage.load();
        nextStep();
      }
    },
  ],
  [
    'rows that somebody deletes before they are loaded',
    ['ledger-late'],
    async () => {
      await stage.vendor.pour(5, 170);
      await stage.poll();
      await stage.land();
      const { affected } = await stage.services.warehouse.query(
        "delete from heimdallr.landing where record_type = 'rollbar_occurrence'",
      );
      expect(affected).toBeGreaterThan(0);
      await live(75);
      await tellTime();
      await live(35);
    },
  ],
  [
    'a dashboard that asks the warehouse every minute',
    ['cost-above-ceiling'],
    async () => {
      for (let minutes = 0; minutes < 400; minutes += 1) {
        services.wakeWarehouse();
        skip(60);
      }
    },
  ],
  [
    'a ranking without a table of who used the product',
    ['ranking-refused'],
    async () => {
      const { stack } = stage;
      const ranking = stack.schedules.list().find(({ input }) => JSON.parse(input).task === RANK_TASK);
      await stack.schedules.fire(String(ranking?.name));
      skip(60);
    },
  ],
];

test('every alarm sounds in one of these cases', () => {
  const heard = new Set(CASES.flatMap(([, expected]) => expected));

  expect([...heard].toSorted()).toEqual([...ALARM_NAMES].toSorted());
});

test.each(CASES)('%s: %j', async (_what, expected, happen) => {
  await happen();

  expect(sounding()).toEqual(expected);
});
