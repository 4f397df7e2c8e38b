/** Putting back what is kept: byte for byte, whatever is chosen, and nothing lost wherever it breaks off. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREFIX } from '../contract/archive.ts';
import type { Entry } from '../contract/put-records.ts';
import type { Objects } from '../operate/ports.ts';
import { readGivenUp } from '../operate/redrive/given-up.ts';
import { digestOf } from '../operate/redrive/kept.ts';
import { readQuarantine } from '../operate/redrive/quarantine.ts';
import { type Choice, redrive, type Tally } from '../operate/redrive/redrive.ts';
import { reportJson, reportLines } from '../operate/redrive/report.ts';
import { quarantineLine } from '../transformers/quarantine.ts';

const AT = new Date('2026-11-23T18:30:00Z');
const EVERYTHING: Choice = { since: null, until: null, type: null, reason: null };

/** A line as the transform writes it. */
function line(
  bytes: Buffer,
  { at = AT, type = 'shop_fact' as string | null, reasons = ['body.x: is wrong'] } = {},
) {
  const claims = {
    record_type: type,
    record_version: 1,
    record_key: 'k',
    feed: 'shop:web',
    run_id: 'r',
    seq: 1,
    happened_at: null,
  };
  return quarantineLine({ claims, reasons, bytes, sequenceNumber: '1', shard: 'shardId-000000000000', at });
}

const quarantined = (...lines: readonly Buffer[]): Buffer => gzipSync(Buffer.concat(lines));

/** A document as Lambda writes it for a batch that it gave up. */
const givenUp = (records: readonly Buffer[], at = AT): Buffer =>
  Buffer.from(
    JSON.stringify({
      requestContext: {
        requestId: 'c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5',
        functionArn: 'arn:aws:lambda:us-east-2:123456789012:function:transform',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 31,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: at.toISOString(),
      KinesisBatchInfo: { shardId: 'shardId-000000000000', batchSize: records.length },
      payload: JSON.stringify({
        Records: records.map((data, index) => ({
          kinesis: {
            partitionKey: `key-${index}`,
            sequenceNumber: String(index),
            data: data.toString('base64'),
          },
          eventSource: 'aws:kinesis',
        })),
      }),
    }),
  );

/** A bucket that says when it is used, so that a test can break off there. */
function aBucket(objects: Readonly<Record<string, Buffer>>, onCall: () => void = () => undefined) {
  const held = new Map(Object.entries(objects));
  const bucket: Objects = {
    async list(prefix) {
      onCall();
      return [...held.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
    async read(key) {
      onCall();
      return held.get(key) ?? null;
    },
    async write(key, bytes) {
      onCall();
      held.set(key, bytes);
    },
    async remove(key) {
      onCall();
      held.delete(key);
    },
  };
  return { held, bucket };
}

function aStream(onCall: () => void = () => undefined) {
  const taken: Entry[] = [];
  return {
    taken,
    async put(entries: readonly Entry[]): Promise<readonly (string | null)[]> {
      onCall();
      taken.push(...entries);
      onCall();
      return entries.map(() => null);
    },
  };
}

const texts = (entries: readonly Entry[]): string[] =>
  entries.map(({ data }) => Buffer.from(data).toString());

function run(
  objects: Objects,
  stream: { put: ReturnType<typeof aStream>['put'] },
  options: Partial<Parameters<typeof redrive>[0]> = {},
): Promise<Tally> {
  return redrive(
    { choice: EVERYTHING, isDryRun: false, isAgain: false, ...options },
    {
      objects,
      put: { stream, clock: { sleep: async () => undefined }, random: () => 0.5 },
      onObject: () => undefined,
      stopped: new AbortController().signal,
    },
  );
}

describe('a quarantined record comes back as it was', () => {
  test.each<[string, Buffer]>([
    ['text', Buffer.from('{"a":"é\\u0000"}\n ')],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0x0a, 0xc3])],
    ['nothing at all', Buffer.alloc(0)],
    ['more than fits as text', Buffer.alloc(1_030_000, 'abc\u0001')],
  ])('%s', (_what, bytes) => {
    const [kept] = readQuarantine(quarantined(line(bytes))).records;

    expect(kept).toMatchObject({ at: AT, type: 'shop_fact', reason: 'body.x: is wrong', place: 'line 1' });
    expect(kept?.record).toMatchObject({ digest: digestOf(bytes) });
    expect(
      kept !== undefined && 'entry' in kept.record && Buffer.compare(kept.record.entry.data, bytes),
    ).toBe(0);
  });
});

describe('a record that cannot go back says why', () => {
  const noise = Buffer.from(
    Array.from({ length: 1_040_000 }, (_, index) => (index * index * 31 + (index >> 3)) % 251),
  );
  const changed = (change: object): Buffer =>
    Buffer.from(`${JSON.stringify({ ...JSON.parse(line(Buffer.from('x')).toString()), ...change })}\n`);

  test.each<[string, Buffer]>([
    ['was too large to be kept whole (5 bytes)', changed({ data_truncated: true, size_bytes: 5 })],
    ['is damaged', changed({ data: 'y' })],
    ['data_encoding must be text, base64 or gzip+base64, got "zip"', changed({ data_encoding: 'zip' })],
    ['cannot be decoded', changed({ data_encoding: 'gzip+base64' })],
    ['is no line of the quarantine', changed({ digest: 1 })],
    ['is no line of the quarantine', Buffer.from('{"half":\n')],
  ])('%s', (problem, bytes) => {
    const [kept] = readQuarantine(quarantined(bytes)).records;

    expect(kept?.record).toEqual({ problem: expect.stringContaining(problem) });
  });

  test('the transform cuts only what no compression makes small enough', () => {
    const random = Buffer.from(noise.map((byte, index) => byte ^ ((index * 2_654_435_761) >>> 13)));
    const [kept] = readQuarantine(quarantined(line(random))).records;

    expect(kept?.record).toEqual({
      problem: 'was too large to be kept whole (1040000 bytes): only its beginning is here',
    });
  });

  test.each<[string, Buffer]>([
    ['is no JSON object', Buffer.from('<xml>')],
    ['has no payload with Records', Buffer.from('{"version":"1.0","KinesisBatchInfo":{}}')],
    ['has no payload with Records', Buffer.from('{"payload":"{\\"feed\\":1}"}')],
  ])('a document that %s', (problem, bytes) => {
    const kept = readGivenUp(bytes);

    expect(kept.records.map(({ record }) => record)).toEqual([{ problem: expect.stringContaining(problem) }]);
    expect(kept.part([0])).toBe(bytes);
  });

  test('a record of a batch without its data', () => {
    const [kept] = readGivenUp(Buffer.from('{"payload":"{\\"Records\\":[{\\"kinesis\\":{}}]}"}')).records;

    expect(kept?.record).toEqual({ problem: expect.stringContaining('is no record of a stream') });
  });
});

test('a batch that was given up goes back with its bytes and its partition keys, and is moved away', async () => {
  const records = [Buffer.from('{"record_type":"shop_fact","n":1}'), Buffer.from([0xff, 0xfe])];
  const key = 'aws/lambda/uuid/shardId-000000000000/2026/11/23/2026-11-23T18.30.00-x';
  const document = givenUp(records);
  const { bucket, held } = aBucket({ [key]: document });
  const stream = aStream();

  const tally = await run(bucket, stream);

  expect(stream.taken.map(({ partitionKey }) => partitionKey)).toEqual(['key-0', 'key-1']);
  expect(
    stream.taken.map(({ data }, index) => Buffer.compare(data, records[index] ?? Buffer.alloc(0))),
  ).toEqual([0, 0]);
  expect([...held.keys()]).toEqual([expect.stringMatching(new RegExp(`^redriven/${key}-[0-9a-f]{12}$`))]);
  expect(JSON.parse([...held.values()][0]?.toString() ?? '')).toEqual(JSON.parse(document.toString()));
  expect([...tally.byReason]).toEqual([
    ['shop_fact\tRetryAttemptsExhausted', 1],
    ['unknown\tRetryAttemptsExhausted', 1],
  ]);
});

describe('of an object in which only some are chosen', () => {
  const early = new Date('2026-11-20T00:00:00Z');
  const lines = [
    line(Buffer.from('a'), { type: 'shop_fact', at: early }),
    line(Buffer.from('b'), { type: 'shop_item', reasons: ['body.y: is wrong', 'body.price: must be >= 0'] }),
    line(Buffer.from('c'), { type: null, reasons: ['envelope: is not JSON'] }),
  ];

  test.each<[string, Partial<Choice>, string[]]>([
    ['by type', { type: 'shop_item' }, ['b']],
    ['by a part of any reason', { reason: 'body.price' }, ['b']],
    ['from a time on', { since: new Date('2026-11-21') }, ['b', 'c']],
    ['before a time', { until: AT }, ['a']],
    ['by time and reason', { since: early, until: new Date(AT.getTime() + 1), reason: 'JSON' }, ['c']],
  ])('%s, they go back and the others stay', async (_how, choice, chosen) => {
    const { bucket, held } = aBucket({ 'quarantine/2026/11/23/18/x': quarantined(...lines) });
    const stream = aStream();

    await run(bucket, stream, { choice: { ...EVERYTHING, ...choice } });

    const rest = held.get('quarantine/2026/11/23/18/x') ?? Buffer.alloc(0);
    const moved = [...held].find(([key]) => key.startsWith('redriven/quarantine/2026/11/23/18/x-'))?.[1];
    const stays = lines.filter((_, index) => !chosen.includes('abc'[index] ?? ''));
    const goes = lines.filter((_, index) => chosen.includes('abc'[index] ?? ''));
    expect(texts(stream.taken)).toEqual(chosen);
    expect(gunzipSync(rest).toString()).toBe(Buffer.concat(stays).toString());
    expect(gunzipSync(moved ?? Buffer.alloc(0)).toString()).toBe(Buffer.concat(goes).toString());
  });

  test('in a dry run it is said which, and nothing is touched', async () => {
    const { bucket, held } = aBucket({ 'quarantine/x': quarantined(...lines) });
    const stream = aStream();

    const tally = await run(bucket, stream, { isDryRun: true });

    expect([stream.taken, [...held.keys()]]).toEqual([[], ['quarantine/x']]);
    expect(reportLines(tally, true)).toEqual([
      '           1  shop_fact: body.x: is wrong',
      '           1  shop_item: body.y: is wrong',
      '           1  unknown: envelope: is not JSON',
      'dry run    would put back 3 records of 1 object',
    ]);
  });
});

test('what cannot go back stays, is named, and is counted', async () => {
  const cut = Buffer.from(
    line(Buffer.from('x')).toString().replace('"data_truncated":false', '"data_truncated":true'),
  );
  const { bucket, held } = aBucket({ 'quarantine/x': quarantined(line(Buffer.from('a')), cut) });
  const stream = aStream();

  const tally = await run(bucket, stream);
  const once = gunzipSync(held.get('quarantine/x') ?? Buffer.alloc(0)).toString();
  await run(bucket, stream);

  expect(texts(stream.taken)).toEqual(['a']);
  expect(once).toBe(cut.toString());
  expect(reportLines(tally, false).slice(1)).toEqual([
    'stuck      quarantine/x, line 2: shop_fact was too large to be kept whole (1 bytes): only its beginning is here',
    'redriven   1 record of 1 object',
    'not done   1 record cannot be put back and stays where it is',
  ]);
  expect(JSON.parse(reportJson(tally, false, false))).toEqual({
    ...{ records: 1, repeats: 0, objects: 1, isDryRun: false, isStopped: false, stuck: 1 },
    byType: { shop_fact: 1 },
  });
});

test('a record that is kept more than once goes back once, and so does not multiply', async () => {
  const same = line(Buffer.from('same'));
  const { bucket, held } = aBucket({
    'quarantine/1': quarantined(same, same),
    'quarantine/2': quarantined(same),
  });
  const stream = aStream();

  const tally = await run(bucket, stream);

  expect([texts(stream.taken), tally.records, tally.repeats]).toEqual([['same'], 1, 2]);
  expect([...held.keys()].every((key) => key.startsWith(PREFIX.redriven))).toBe(true);
});

test('what has gone back goes once more only when asked, and stays where it is', async () => {
  const { bucket, held } = aBucket({ 'quarantine/x': quarantined(line(Buffer.from('a'))) });
  const stream = aStream();

  await run(bucket, stream);
  const moved = [...held.keys()];
  await run(bucket, stream);
  await run(bucket, stream, { isAgain: true });

  expect(texts(stream.taken)).toEqual(['a', 'a']);
  expect([...held.keys()]).toEqual(moved);
});

test('a stream that goes on refusing ends it with what to do, and nothing is moved', async () => {
  const { bucket, held } = aBucket({ 'quarantine/x': quarantined(line(Buffer.from('a'))) });
  const refusing = { put: async (entries: readonly Entry[]) => entries.map(() => 'ThroughputExceeded') };

  await expect(run(bucket, refusing)).rejects.toThrow(
    /still refuses 1 of 1 records .*they are kept where they are, the same command goes on; add shards/,
  );

  expect([...held.keys()]).toEqual(['quarantine/x']);
});

test('wherever it breaks off and whatever is chosen, no record is lost, and in the end all are back', async () => {
  const choices = fc.record({
    type: fc.constantFrom(null, 'a', 'b'),
    reason: fc.constantFrom(null, 'one', 'two'),
    breaksAt: fc.nat(14),
  });
  const record = fc.record({
    type: fc.constantFrom('a', 'b'),
    reason: fc.constantFrom('one', 'two'),
    isCut: fc.boolean(),
  });
  const objects = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
  let broken = 0;
  await fc.assert(
    fc.asyncProperty(objects, fc.array(choices, { maxLength: 4 }), async (made, attempts) => {
      let untilBroken = Number.POSITIVE_INFINITY;
      const step = (): void => {
        untilBroken -= 1;
        if (untilBroken <= 0) throw new Error('broken off');
      };
      const named = made.flatMap((records, object) =>
        records.map((each, index) => ({
          ...each,
          object,
          text: JSON.stringify({ record_type: each.type, id: `${object}-${index}` }),
        })),
      );
      const bytesOf = (object: number): Buffer => {
        const of = named.filter((each) => each.object === object);
        if (object === 0) return givenUp(of.map(({ text }) => Buffer.from(text)));
        return quarantined(
          ...of.map(({ text, type, reason, isCut }) =>
            Buffer.from(
              line(Buffer.from(text), { type, reasons: [reason] })
                .toString()
                .replace('"data_truncated":false', `"data_truncated":${isCut}`),
            ),
          ),
        );
      };
      const { bucket, held } = aBucket(
        Object.fromEntries(
          made.map((_, object) => [
            `${object === 0 ? PREFIX.givenUp : PREFIX.quarantine}${object}`,
            bytesOf(object),
          ]),
        ),
        step,
      );
      const stream = aStream(step);
      const isCut = ({ object, isCut: cut }: (typeof named)[number]): boolean => object > 0 && cut;
      const still = (): string =>
        [...held]
          .filter(([key]) => !key.startsWith(PREFIX.redriven))
          .flatMap(
            ([key, bytes]) =>
              (key.startsWith(PREFIX.givenUp) ? readGivenUp(bytes) : readQuarantine(bytes)).records,
          )
          .map(({ record }) => ('entry' in record ? Buffer.from(record.entry.data).toString() : 'cut'))
          .join('\n');

      for (const { breaksAt, type, reason } of attempts) {
        untilBroken = breaksAt === 0 ? Number.POSITIVE_INFINITY : breaksAt;
        await run(bucket, stream, { choice: { ...EVERYTHING, type, reason } }).catch(() => {
          broken += 1;
        });
        const safe = new Set([...texts(stream.taken), ...still().split('\n')]);
        expect(named.filter((each) => !isCut(each) && !safe.has(each.text))).toEqual([]);
      }
      untilBroken = Number.POSITIVE_INFINITY;
      const last = await run(bucket, stream);

      expect(new Set(texts(stream.taken))).toEqual(
        new Set(named.filter((each) => !isCut(each)).map(({ text }) => text)),
      );
      expect(last.stuck.length).toBe(named.filter(isCut).length);
      expect(
        still()
          .split('\n')
          .filter((each) => each !== '' && each !== 'cut'),
      ).toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect(broken).toBeGreaterThan(20);
});
