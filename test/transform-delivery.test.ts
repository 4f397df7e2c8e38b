/** From a batch to the delivery streams and the quarantine, with all that can be refused on the way. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ENVELOPE_BYTES } from '../contract/envelope.ts';
import { pollPage } from '../contract/ledger.ts';
import { sampleEnvelope } from '../contract/samples.ts';
import { decode } from '../transformers/decode.ts';
import { createJudge } from '../transformers/judge.ts';
import { PACK_BYTES, pack, type Row } from '../transformers/pack.ts';
import { quarantineLine, rejectedEnvelope } from '../transformers/quarantine.ts';
import { route } from '../transformers/route.ts';
import { createHandler } from '../transformers/transform.ts';
import { copyRow } from './copy-model.ts';
import { everyKind, kindValidators } from './kinds.ts';
import { batchOf, sequenceNumber, type World, worldOf } from './transform-fakes.ts';

const page = (seed: number): string => JSON.stringify(sampleEnvelope(pollPage, seed));

/** A valid record of exactly so many bytes. */
function sized(bytes: number, seed: number): string {
  const { body } = sampleEnvelope(everyKind, seed);
  const widened = (payload: readonly string[]): string =>
    JSON.stringify({ ...sampleEnvelope(everyKind, seed), body: { ...body, payload } });
  const room = bytes - Buffer.byteLength(widened([]));
  // A string inside a SUPER is at most 65,535 bytes: the room is filled with strings of 47 characters and one rest.
  return widened([
    ...Array.from({ length: Math.floor(room / 50) - 1 }, () => 'x'.repeat(47)),
    'x'.repeat(47 + (room % 50) + 1),
  ]);
}

const lines = (records: readonly string[] = []): readonly string[] =>
  records.flatMap((record) => record.split('\n').slice(0, -1));

const handle = (world: World, ...data: readonly (string | Buffer)[]) =>
  createHandler(world.ports, kindValidators)(batchOf(...data), world.context);

describe('a batch', () => {
  test('of good records becomes one Firehose record with a row a line', async () => {
    const world = worldOf();
    const rows = `${page(1)}\n${page(2)}\n${page(3)}\n`;

    const response = await handle(world, page(1), page(2), page(3));

    expect(response).toEqual({ batchItemFailures: [] });
    expect(world.calls).toEqual([{ stream: 'landing', records: [rows] }]);
    const values = { RecordsAccepted: 3, RecordsRejected: 0, FirehoseRecords: 1, RetriedEntries: 0 };
    expect(world.published).toEqual([
      { dimensions: {}, values: { ...values, BytesOut: Buffer.byteLength(rows) } },
    ]);
  });

  test('without records calls nobody', async () => {
    const world = worldOf();

    const response = await handle(world);

    expect([response, world.calls]).toEqual([{ batchItemFailures: [] }, []]);
  });

  test('with a bad record keeps it whole, books it, counts it, and is no failure', async () => {
    const world = worldOf();
    const bad = page(2).replace('"seq":3', '"seq":"three"');
    const digest = createHash('sha256').update(bad).digest('hex');

    const response = await handle(world, page(1), bad, page(3));

    expect(response).toEqual({ batchItemFailures: [] });
    const [first, booked, third] = lines(world.taken.landing).map((line) => JSON.parse(line));
    expect([first, third]).toEqual([JSON.parse(page(1)), JSON.parse(page(3))]);
    const reason = 'seq: fitsInteger: expected a whole number of 32 bits';
    expect(booked.body).toEqual({
      run_id: 'sample-run-2',
      seq: 0,
      digest,
      rejected_type: 'poll_page',
      rejected_version: 1,
      rejected_key: '2/2',
      happened_at: null,
      rejected_at: '2026-11-23T18:31:00.000Z',
      size_bytes: Buffer.byteLength(bad),
      reasons: reason,
      truncated_fields: null,
    });
    expect(lines(world.taken.quarantine).map((line) => JSON.parse(line))).toEqual([
      {
        rejected_at: '2026-11-23T18:31:00.000Z',
        reasons: [reason],
        record_type: 'poll_page',
        record_version: 1,
        record_key: '2/2',
        feed: 'sample:feed',
        run_id: 'sample-run-2',
        seq: null,
        happened_at: null,
        digest,
        sequence_number: sequenceNumber(1),
        shard: 'shardId-000000000003',
        size_bytes: Buffer.byteLength(bad),
        data_encoding: 'text',
        data_truncated: false,
        data: bad,
      },
    ]);
    expect(world.published[0]).toEqual({
      dimensions: { record_type: 'poll_page' },
      values: { RecordsRejected: 1 },
    });
  });

  test('counts the rejects of types that nobody declared under one name', async () => {
    const world = worldOf();

    await handle(world, '{"record_type":"a1"}', '{"record_type":"a2"}', 'x');

    const counted = world.published.filter(({ dimensions }) => Object.keys(dimensions).length > 0);
    expect(counted).toEqual([{ dimensions: { record_type: 'unknown' }, values: { RecordsRejected: 3 } }]);
  });

  test('goes to several delivery streams by key, always the same way', async () => {
    const streams = ['a', 'b', 'c'];
    const pages = Array.from({ length: 60 }, (_, seed) => page(seed));
    const [one, other] = [worldOf({}, streams), worldOf({}, streams)];

    await handle(one, ...pages);
    await handle(other, ...pages.toReversed());

    const sorted = (world: World) => streams.map((stream) => lines(world.taken[stream]).toSorted());
    expect(sorted(one)).toEqual(sorted(other));
    expect(sorted(one).flat().toSorted()).toEqual(pages.toSorted());
    expect(sorted(one).every((rows) => rows.length > 5)).toBe(true);
  });
});

describe('a delivery stream', () => {
  const big = Array.from({ length: 4 }, (_, seed) => sized(300_000, seed));

  test('that refuses some records gets only those again', async () => {
    const world = worldOf({
      landing: (call, records) =>
        records.map((_, index) => (call === 0 && index === 1 ? 'ServiceUnavailableException' : null)),
    });

    const response = await handle(world, ...big);

    expect(response).toEqual({ batchItemFailures: [] });
    expect(world.calls.map(({ records }) => records.length)).toEqual([4, 1]);
    expect(lines(world.taken.landing).toSorted()).toEqual(big.toSorted());
    expect(world.slept).toEqual([75]);
  });

  test.each([
    ['the second of four', 1],
    ['the last of four', 3],
  ])('that never takes %s is reported from there', async (_, refused) => {
    const rowOf = (record: Uint8Array): number => big.indexOf(Buffer.from(record).toString('utf8').trim());
    const world = worldOf({
      landing: (_call, records) =>
        records.map((record) => (rowOf(record) === refused ? 'InternalFailure' : null)),
    });

    const response = await handle(world, ...big);

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(refused) }] });
    expect(lines(world.taken.landing)).toHaveLength(3);
    expect(world.context.getRemainingTimeInMillis()).toBeGreaterThanOrEqual(12_000);
    expect(Math.max(...world.slept)).toBe(2250);
  });

  test('that does not answer fails the batch from its first record, and once it answers is asked again', async () => {
    const silent = worldOf({ landing: () => new Error('socket hang up') });
    const late = worldOf({
      landing: (call, records) => (call === 0 ? new Error('socket hang up') : records.map(() => null)),
    });

    const responses = [await handle(silent, page(1), page(2)), await handle(late, page(1), page(2))];

    expect(responses).toEqual([
      { batchItemFailures: [{ itemIdentifier: sequenceNumber(0) }] },
      { batchItemFailures: [] },
    ]);
  });

  test('for the quarantine fails the batch too: a rejected record must not be lost', async () => {
    const world = worldOf({ quarantine: () => new Error('no such stream') });

    const response = await handle(world, page(1), page(2), 'bad', page(4));

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(2) }] });
  });

  test('of several that fails alone is reported alone, from the lowest row of all that failed', async () => {
    const pages = Array.from({ length: 30 }, (_, seed) => page(seed));
    const streams = ['a', 'b'];
    const lowest = pages.findIndex((text) => route(streams, JSON.parse(text).record_key) === 'b');
    const world = worldOf({ b: () => new Error('down') }, streams);

    const response = await handle(world, ...pages);

    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceNumber(lowest) }] });
    expect(world.taken.b).toBeUndefined();
  });

  test('gets at most 4 MiB and 500 records a call', async () => {
    const world = worldOf();
    const rows = Array.from({ length: 9 }, (_, seed) => sized(900_000, seed));

    await handle(world, ...rows);

    const sizes = world.calls.map(({ records }) => Buffer.byteLength(records.join('')));
    expect(sizes.every((size) => size <= 4 * 1024 * 1024)).toBe(true);
    expect(world.calls.map(({ records }) => records.length)).toEqual([4, 4, 1]);
  });
});

describe('packs', () => {
  const arrivals = (sizes: readonly number[]): readonly Row[] =>
    decode(batchOf(...sizes.map((size) => 'x'.repeat(size))).Records);

  test('hold all rows in order, are never too large, and name their first record', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(5000), fc.nat(400_000), fc.nat(1_000_000)), { maxLength: 30 }),
        (sizes) => {
          const rows = arrivals(sizes);

          const packs = pack(rows);

          const all = Buffer.concat(packs.map(({ data }) => data));
          expect(all.equals(Buffer.concat(rows.map(({ line }) => line)))).toBe(true);
          for (const { data } of packs) {
            expect(data.length <= PACK_BYTES || data.indexOf('\n') === data.length - 1).toBe(true);
          }
          const firsts = packs.map(({ sequenceNumber: number }) =>
            rows.findIndex((row) => row.sequenceNumber === number),
          );
          expect(firsts).toEqual(firsts.toSorted((one, other) => one - other));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('are filled even when rows between them went elsewhere', () => {
    const rows = arrivals([100, 200, 300, 400]).filter((_, index) => index !== 1);

    const packs = pack(rows);

    expect(packs.map(({ data }) => data.toString())).toEqual([
      `${'x'.repeat(100)}\n${'x'.repeat(300)}\n${'x'.repeat(400)}\n`,
    ]);
  });

  test.each([
    ['500 bytes', 500],
    ['7 KB', 7_000],
    ['60 KB', 60_000],
  ])('of rows of %s are billed for at most 5 %% more than they hold', (_, size) => {
    const packs = pack(arrivals(Array.from({ length: Math.ceil(4_000_000 / size) }, () => size)));

    const bytes = packs.reduce((sum, { data }) => sum + data.length, 0);
    const billed = packs.reduce((sum, { data }) => sum + Math.ceil(data.length / 5120) * 5120, 0);
    expect(billed / bytes).toBeLessThanOrEqual(1.05);
  });
});

describe('the quarantine', () => {
  const judge = createJudge(kindValidators);
  const rejection = (bytes: Buffer, reasons: readonly string[] = ['because']) => {
    const judged = judge(Buffer.concat([bytes, Buffer.from('\n')]));
    if ('accepted' in judged) throw new Error('the record is good');
    return {
      claims: judged.rejected,
      reasons,
      bytes,
      sequenceNumber: sequenceNumber(0),
      shard: 'shardId-000000000000',
      at: new Date('2026-11-23T18:31:00.000Z'),
    };
  };

  test('keeps bytes that are no text in base64', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);

    const line = JSON.parse(quarantineLine(rejection(bytes)).toString());

    expect([line.data_encoding, line.data_truncated, Buffer.from(line.data, 'base64')]).toEqual([
      'base64',
      false,
      bytes,
    ]);
  });

  test('compresses what would not fit, and loses nothing', () => {
    const bytes = Buffer.from('"\\'.repeat(520_000));

    const line = quarantineLine(rejection(bytes));

    const kept = JSON.parse(line.toString());
    expect(line.length).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES);
    expect([kept.data_encoding, kept.data_truncated]).toEqual(['gzip+base64', false]);
    expect(gunzipSync(Buffer.from(kept.data, 'base64')).equals(bytes)).toBe(true);
  });

  test('cuts what does not even fit compressed, and says so', () => {
    const bytes = noise(1_048_000);

    const line = quarantineLine(rejection(bytes));

    const kept = JSON.parse(line.toString());
    expect(line.length).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES);
    expect([kept.data_encoding, kept.data_truncated, kept.size_bytes]).toEqual(['base64', true, 1_048_000]);
    expect(bytes.subarray(0, 700_000).equals(Buffer.from(kept.data, 'base64'))).toBe(true);
  });

  test('books every rejection with a record that is itself good, whatever was rejected', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue(),
      fc.constant('x'.repeat(2000)),
      fc.integer(),
    );
    const claims = fc.record(
      {
        record_type: odd,
        record_version: odd,
        record_key: odd,
        feed: odd,
        run_id: fc.oneof(odd, fc.constant('ends with a blank ')),
        seq: odd,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(claims, fc.array(fc.string(), { maxLength: 20 }), (claimed, reasons) => {
        const envelope = rejectedEnvelope(rejection(Buffer.from(JSON.stringify(claimed)), reasons));

        const judged = judge(Buffer.from(`${JSON.stringify(envelope)}\n`));

        expect('rejected' in judged ? judged.reasons : copyRow(judged.line)).toEqual(envelope);
      }),
      { numRuns: 300 },
    );
  });
});

/** Bytes that do not compress. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash('sha256').update(String(index)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}
