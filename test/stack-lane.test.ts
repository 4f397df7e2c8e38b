/** What Lambda does with a batch of a stream: sizes, partial answers, repeats, bisecting, giving up. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { InvokeResult } from '../local/stack/async-invocation.ts';
import { handledRecords } from '../local/stack/batch-verdict.ts';
import type { EventRecord } from '../local/stack/kinesis-event.ts';
import { type BatchRules, Lane } from '../local/stack/lane.ts';

const NOW = new Date('2026-11-23T18:30:00Z');

/** A record with a number as its sequence number. */
function record(sequenceNumber: number, ageSeconds = 0): EventRecord {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'key',
      sequenceNumber: String(sequenceNumber),
      data: '',
      approximateArrivalTimestamp: NOW.getTime() / 1000 - ageSeconds,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::111111111111:role/role',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:111111111111:stream/facts',
  };
}

const numbers = (records: readonly EventRecord[]): number[] =>
  records.map(({ kinesis }) => Number(kinesis.sequenceNumber));

const ok = (payload: unknown): InvokeResult => ({ status: 'ok', requestId: 'r', payload });
const failed: InvokeResult = {
  status: 'failed',
  requestId: 'r',
  error: { errorType: 'Error', errorMessage: 'no', trace: [] },
};
const throttled: InvokeResult = { status: 'throttled' };
const failFrom = (...identifiers: number[]): InvokeResult =>
  ok({
    batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier: String(itemIdentifier) })),
  });

const RULES: BatchRules = {
  batchSize: 100,
  windowSeconds: 0,
  reportsItemFailures: true,
  bisects: false,
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
};

interface Story {
  /** Sequence numbers of every call, in order. */
  readonly calls: number[][];
  readonly done: number[];
  readonly discarded: { records: number[]; condition: string; invocations: number }[];
}

/** Lets a lane work on records until all are done with. */
async function work(
  records: readonly EventRecord[],
  rules: Partial<BatchRules>,
  answer: (numbers: readonly number[], call: number) => InvokeResult,
  bytes = 100,
): Promise<Story> {
  const story: Story = { calls: [], done: [], discarded: [] };
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  await new Promise<void>((resolve) => {
    const lane = new Lane({
      rules: { ...RULES, ...rules },
      speed: 1_000_000,
      now: () => NOW,
      signal: stopping.signal,
      invoke: async (batch) => {
        story.calls.push(numbers(batch));
        return answer(numbers(batch), story.calls.length);
      },
      discard: async ({ records, condition, invocations }) => {
        story.discarded.push({ records: numbers(records), condition, invocations });
      },
      onBatch: () => {},
      onDone: (batch) => {
        story.done.push(...numbers(batch));
        if (story.done.length === records.length) resolve();
      },
    });
    for (const one of records) lane.add({ record: one, bytes });
    void lane.run();
  });
  return story;
}

const five = [1, 2, 3, 4, 5].map((number) => record(number));

describe('an answer to a batch of three with ReportBatchItemFailures', () => {
  const batch = ['101', '102', '103'];
  test.each<[string, unknown, number | null]>([
    ['null is a success', null, 3],
    ['an empty object is a success', {}, 3],
    ['an empty list is a success', { batchItemFailures: [] }, 3],
    ['a list that is null is a success', { batchItemFailures: null }, 3],
    ['an object about something else is a success', { handled: 3 }, 3],
    ['one number begins the next attempt', { batchItemFailures: [{ itemIdentifier: '102' }] }, 1],
    [
      'the lowest of several numbers does',
      { batchItemFailures: [{ itemIdentifier: '103' }, { itemIdentifier: '102' }] },
      1,
    ],
    ['the first number repeats all', { batchItemFailures: [{ itemIdentifier: '101' }] }, 0],
    ['an empty identifier fails the whole batch', { batchItemFailures: [{ itemIdentifier: '' }] }, null],
    ['an identifier that is null does', { batchItemFailures: [{ itemIdentifier: null }] }, null],
    ['a misnamed identifier does', { batchItemFailures: [{ sequenceNumber: '102' }] }, null],
    ['a number of another batch does', { batchItemFailures: [{ itemIdentifier: '999' }] }, null],
    ['one bad identifier among good ones does', { batchItemFailures: [{ itemIdentifier: '102' }, {}] }, null],
    ['a bare number does', { batchItemFailures: ['102'] }, null],
    ['a list that is none does', { batchItemFailures: '102' }, null],
    ['an answer that is no object does', 'ok', null],
  ])('%s', (_what, answer, handled) => {
    expect(handledRecords(answer, batch)).toBe(handled);
  });
});

describe('batches', () => {
  test('hold at most BatchSize records', async () => {
    const story = await work(five, { batchSize: 2 }, () => ok(null));

    expect(story.calls).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('hold at most 6 MB', async () => {
    const story = await work(five, {}, () => ok(null), 2.5 * 1024 * 1024);

    expect(story.calls).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('wait for the batching window unless they are full', async () => {
    // 300 seconds, a million times faster: all five are added before it ends.
    const story = await work(five, { windowSeconds: 300 }, () => ok(null));

    expect(story.calls).toEqual([[1, 2, 3, 4, 5]]);
  });
});

describe('a failed batch', () => {
  test('is repeated from the reported number on', async () => {
    const story = await work(five, {}, (_numbers, call) => (call === 1 ? failFrom(4, 3) : ok(null)));

    expect(story).toEqual({
      calls: [
        [1, 2, 3, 4, 5],
        [3, 4, 5],
      ],
      done: [1, 2, 3, 4, 5],
      discarded: [],
    });
  });

  test('is repeated whole when the function threw', async () => {
    const story = await work(five, {}, (_numbers, call) => (call === 1 ? failed : ok(null)));

    expect(story.calls).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
  });

  test('is a success when reporting is not turned on, whatever is reported', async () => {
    const story = await work(five, { reportsItemFailures: false }, () => failFrom(1));

    expect(story).toEqual({ calls: [[1, 2, 3, 4, 5]], done: [1, 2, 3, 4, 5], discarded: [] });
  });

  test('is given up after its retries, and the next batch goes on', async () => {
    const story = await work(five, { batchSize: 3, maximumRetryAttempts: 2 }, (batch) =>
      batch.includes(2) ? failed : ok(null),
    );

    expect(story).toEqual({
      calls: [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
        [4, 5],
      ],
      done: [1, 2, 3, 4, 5],
      discarded: [{ records: [1, 2, 3], condition: 'RetryAttemptsExhausted', invocations: 3 }],
    });
  });

  test('gives up only what was not reported as handled', async () => {
    const story = await work(five, { maximumRetryAttempts: 1 }, (batch) =>
      batch.includes(4) ? failFrom(4) : ok(null),
    );

    expect(story).toEqual({
      calls: [
        [1, 2, 3, 4, 5],
        [4, 5],
      ],
      done: [1, 2, 3, 4, 5],
      discarded: [{ records: [4, 5], condition: 'RetryAttemptsExhausted', invocations: 2 }],
    });
  });
});

describe('bisecting', () => {
  const four = five.slice(0, 4);

  test('finds the one bad record, and halving uses up no retry', async () => {
    const story = await work(four, { bisects: true, maximumRetryAttempts: 1 }, (batch) =>
      batch.includes(3) ? failed : ok(null),
    );

    expect(story).toEqual({
      calls: [[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]],
      done: [1, 2, 3, 4],
      discarded: [{ records: [3], condition: 'RetryAttemptsExhausted', invocations: 2 }],
    });
  });

  test('cuts at the reported number, and that uses up no retry either', async () => {
    const story = await work(four, { bisects: true, maximumRetryAttempts: 0 }, (batch) =>
      batch.length > 2 ? failFrom(batch[1] ?? 0) : ok(null),
    );

    expect(story).toEqual({
      calls: [
        [1, 2, 3, 4],
        [2, 3, 4],
        [3, 4],
      ],
      done: [1, 2, 3, 4],
      discarded: [],
    });
  });

  test('halves when the function threw although it can report', async () => {
    const story = await work(four, { bisects: true }, (_batch, call) => (call === 1 ? failed : ok(null)));

    expect(story.calls).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [3, 4],
    ]);
  });

  test('a first record that is reported again and again uses up the retries', async () => {
    const story = await work(four, { bisects: true, maximumRetryAttempts: 1 }, () => failFrom(1));

    expect(story).toEqual({
      calls: [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
      done: [1, 2, 3, 4],
      discarded: [{ records: [1, 2, 3, 4], condition: 'RetryAttemptsExhausted', invocations: 2 }],
    });
  });
});

test('a function that is too busy uses up no retry', async () => {
  const story = await work(five, { maximumRetryAttempts: 0 }, (_batch, call) =>
    call < 4 ? throttled : ok(null),
  );

  expect(story).toMatchObject({ done: [1, 2, 3, 4, 5], discarded: [] });
  expect(story.calls).toHaveLength(4);
});

test('records that are too old are given up without a call', async () => {
  const records = [record(1, 90), record(2, 61), record(3, 59)];

  const story = await work(records, { maximumRecordAgeSeconds: 60 }, () => ok(null));

  expect(story).toEqual({
    calls: [[3]],
    done: [1, 2, 3],
    discarded: [{ records: [1, 2], condition: 'RecordAgeExceeded', invocations: 0 }],
  });
});
