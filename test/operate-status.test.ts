/** What `npm run status` says: each thing that can be wrong is told, and a pipeline in which nothing is, is healthy. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { timestamp, varchar } from '../contract/columns.ts';
import { seal } from '../contract/envelope.ts';
import { ledgerRecords, pollPage, rejectedRecord } from '../contract/ledger.ts';
import { defineRecord } from '../contract/record.ts';
import { UsageError } from '../operate/command-line.ts';
import type { FeedItem, Objects, Pipeline } from '../operate/ports.ts';
import { readOptions } from '../operate/status/options.ts';
import { type FeedReading, type Readings, readPipeline } from '../operate/status/readings.ts';
import { reportJson, reportLines } from '../operate/status/report.ts';
import { problems } from '../operate/status/verdict.ts';
import { createHandler } from '../warehouse/loader/load.ts';
import { SqlError } from '../warehouse/sql.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const limits = { freshnessSeconds: 45 * 60, silenceSeconds: 15 * 60 };

const calm: FeedReading = {
  feed: 'shop:web',
  cursorAgeSeconds: 30,
  waitsSeconds: null,
  open: 2,
  freshnessSeconds: 600,
  newestFactSeconds: null,
  p95Seconds: 300,
  ledger: { complete: 10, in_flight: 1, late: 0 },
  missing: 0,
  differing: 0,
};
const healthy: Readings = { feeds: [calm], rejects: [], skipped: [], givenUp: 0, landed: 3 };
const withFeed = (change: Partial<FeedReading>): Readings => ({
  ...healthy,
  feeds: [{ ...calm, ...change }],
});

describe('the verdict', () => {
  test('is healthy when nothing is wrong, also at the limits and while a vendor asks to wait', () => {
    expect(problems(healthy, limits)).toEqual([]);
    expect(problems(withFeed({ cursorAgeSeconds: 900, freshnessSeconds: 2700 }), limits)).toEqual([]);
    expect(problems(withFeed({ cursorAgeSeconds: 7200, waitsSeconds: 60 }), limits)).toEqual([]);
  });

  test.each<[string, Readings]>([
    ['no schedule polls a feed', { ...healthy, feeds: [] }],
    ['shop:web: never polled', withFeed({ cursorAgeSeconds: null })],
    ['shop:web: not polled for 16 min', withFeed({ cursorAgeSeconds: 960 })],
    ['shop:web: nothing of it is in the warehouse yet', withFeed({ freshnessSeconds: null })],
    ['shop:web: its newest poll in the warehouse is 60 min old', withFeed({ freshnessSeconds: 3600 })],
    [
      'shop:web: 1 run late, 7 records missing',
      withFeed({ ledger: { ...calm.ledger, late: 1 }, missing: 7 }),
    ],
    ['shop:web: 2 spans in which its vendor holds more', withFeed({ differing: 2 })],
    ['4 records rejected', { ...healthy, rejects: [{ type: 'shop_fact', reason: 'x', records: 4 }] }],
    ['1 batch object of records that the transform gave up on', { ...healthy, givenUp: 1 }],
    ['1 batch object that Firehose skipped, first errors/m', { ...healthy, skipped: ['errors/m'] }],
  ])('says: %s', (said, readings) => {
    expect(problems(readings, limits)).toEqual([expect.stringContaining(said)]);
  });

  test('is the last line of --json, and every problem is a line for a person', () => {
    const wrong = problems({ ...healthy, givenUp: 2 }, limits);

    const lines = reportLines({ ...healthy, givenUp: 2 }, wrong);

    expect(JSON.parse(reportJson(healthy, []))).toMatchObject({
      healthy: true,
      feeds: [{ feed: 'shop:web' }],
    });
    expect(JSON.parse(reportJson(healthy, wrong))).toMatchObject({ healthy: false, problems: wrong });
    expect(lines.filter((line) => line.startsWith('problem'))).toHaveLength(1);
    expect(reportLines(healthy, []).at(-1)).toBe('healthy');
  });
});

describe('the readings', () => {
  const fact = defineRecord({
    name: 'shop_fact',
    version: 1,
    description: 'A fact.',
    key: ['id'],
    occurredAt: 'seen_at',
    columns: { id: varchar(36, 'Its id.'), seen_at: timestamp('When it was seen.') },
  });
  const types = [...ledgerRecords, fact];
  let world: World;
  beforeAll(async () => {
    world = await openWarehouse();
    await world.reset(
      types,
      marts.filter(({ name }) => ['ledger', 'feed_freshness'].includes(name)),
    );
  });
  afterAll(() => world.database.close());
  beforeEach(() => world.empty());

  const now = new Date();
  const ago = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();
  const origin = (run_id: string, seq: number, minutes: number) => ({
    ...{ feed: 'shop:web', run_id, seq },
    observed_at: ago(minutes),
  });
  const page = (run_id: string, minutes: number, facts: number) =>
    seal(
      pollPage,
      {
        ...{ run_id, page: 1, producer: 'shop', walk: null, polled_at: ago(minutes), first_seq: 1 },
        emitted: facts === 0 ? {} : { shop_fact: facts },
        ...{ unchanged: 0, requests: 1, is_caught_up: true, newest_fact_at: ago(minutes + 1) },
      },
      origin(run_id, facts + 1, minutes),
    );

  function pipeline(objects: Readonly<Record<string, readonly string[]>>, item: FeedItem | null): Pipeline {
    const refuse = (): never => {
      throw new Error('not needed for a status');
    };
    const bucket: Objects = {
      list: async (prefix) => objects[prefix] ?? [],
      ...{ read: refuse, write: refuse, remove: refuse },
    };
    return {
      name: 'test',
      output: (name) => name,
      starts: async () => [
        { functionArn: 'f', input: JSON.stringify({ feed: 'shop:web' }) },
        { functionArn: 'f', input: JSON.stringify({ feed: 'shop:web', task: 'reconcile' }) },
        { functionArn: 'g', input: '{}' },
      ],
      ...{ invoke: refuse, stream: refuse, bucket: () => bucket, warehouse: () => world.sql },
      ...{ secret: refuse, putSecret: refuse },
      states: async () => new Map(item === null ? [] : [['shop:web', item]]),
    };
  }

  test('say in words that the warehouse is away, and what to do', async () => {
    const away = {
      ...world.sql,
      query: () => Promise.reject(new SqlError('statement 1 of 1 (select) ended as FAILED: no connection')),
    };

    const reading = readPipeline({ ...pipeline({}, null), warehouse: () => away }, now);

    await expect(reading).rejects.toThrow(
      /^the warehouse answers no question, .*ended as FAILED: no connection\. Nothing is lost .*docs\/runbook\.md/,
    );
  });

  test('tell of a healthy feed: when it was polled, how fresh it is, what is open, that its books are closed', async () => {
    await world.land(
      seal(fact, { id: 'a', seen_at: ago(5) }, origin('r1', 1, 4)),
      page('r1', 4, 1),
      page('r2', 3, 0),
    );
    await createHandler(types, world.ports)();
    const item = { cursor: '{"after":7,"open":[7,8,9]}', observedAt: ago(2), notBefore: null };

    const readings = await readPipeline(pipeline({}, item), now);

    const [feed] = readings.feeds;
    expect(readings).toMatchObject({ rejects: [], skipped: [], givenUp: 0, landed: 0 });
    expect(readings.feeds).toHaveLength(1);
    expect(feed).toMatchObject({ feed: 'shop:web', cursorAgeSeconds: 120, waitsSeconds: null, open: 3 });
    expect(feed).toMatchObject({ ledger: { complete: 2, in_flight: 0, late: 0 }, missing: 0, differing: 0 });
    expect(Math.abs((feed?.freshnessSeconds ?? 0) - 180)).toBeLessThan(60);
    expect(problems(readings, limits)).toEqual([]);
  });

  test('tell of a broken one: late runs with what is missing, rejects by reason, what was skipped and given up', async () => {
    const refused = (seq: number, reasons: string) =>
      seal(
        rejectedRecord,
        {
          ...{ run_id: 'r1', seq, digest: String(seq), rejected_type: 'shop_fact', rejected_version: 1 },
          ...{ rejected_key: null, happened_at: null, rejected_at: ago(100), size_bytes: 10, reasons },
          truncated_fields: null,
        },
        origin('r1', 100 + seq, 100),
      );
    // Of five facts two were refused, and three never came.
    await world.land(
      page('r1', 120, 5),
      refused(1, 'body.id: is missing\nmore'),
      refused(2, 'body.id: is missing'),
    );
    await createHandler(types, world.ports)();
    const objects = {
      'errors/': ['errors/manifests/m'],
      'landing/errors/': ['landing/errors/manifests/n'],
      'aws/lambda/': ['aws/lambda/b'],
    };

    const readings = await readPipeline(pipeline(objects, null), now);

    expect(readings).toMatchObject({
      feeds: [{ feed: 'shop:web', cursorAgeSeconds: null, ledger: { late: 1 }, missing: 3 }],
      rejects: [{ type: 'shop_fact', reason: 'body.id: is missing', records: 2 }],
      skipped: ['errors/manifests/m', 'landing/errors/manifests/n'],
      givenUp: 1,
    });
    expect(
      problems(readings, limits).map((problem) => problem.split(';')[0]?.replace(/ \d+ min old$/, '')),
    ).toEqual([
      'shop:web: never polled',
      'shop:web: its newest poll in the warehouse is 2 h',
      'shop:web: 1 run late, 3 records missing',
      '2 records rejected in the last day',
      '1 batch object of records that the transform gave up on',
      '2 batch objects that Firehose skipped, first errors/manifests/m',
    ]);
  });
});

test('the command line takes a place and limits in minutes', () => {
  expect(readOptions(['--data', 'd', '--fresh', '5', '--json'])).toEqual({
    place: { dataDir: 'd' },
    limits: { freshnessSeconds: 300, silenceSeconds: 900 },
    json: true,
  });
  for (const args of [
    ['--fresh', '0'],
    ['--silence', 'soon'],
    ['--stale', '1'],
  ])
    expect(() => readOptions(args)).toThrow(UsageError);
});
