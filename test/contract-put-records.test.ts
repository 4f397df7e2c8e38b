/** Putting entries on a stream that takes only some of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Entry, putAll } from '../contract/put-records.ts';
import { fakeClock, fakeStream, START } from './producer-fakes.ts';

const THROTTLED = 'ProvisionedThroughputExceededException';

function* entries(sizes: readonly number[]): Generator<Entry, string> {
  for (const [index, size] of sizes.entries())
    yield { data: Buffer.alloc(size, index % 256), partitionKey: String(index) };
  return 'made all';
}

function toolsFor(stream: { put: ReturnType<typeof fakeStream>['put'] }, milliseconds = 60_000) {
  const clock = fakeClock();
  const remaining = () => milliseconds - (clock.now().getTime() - START);
  return { stream, clock, random: () => 0.5, remaining, otherwise: 'they stay where they are' };
}

const keys = (taken: readonly Entry[]): readonly number[] =>
  taken.map(({ partitionKey }) => Number(partitionKey));

test('a call holds at most 500 entries', async () => {
  const stream = fakeStream();

  const answer = await putAll(entries(Array.from({ length: 1201 }, () => 10)), toolsFor(stream));

  expect(answer).toBe('made all');
  expect(stream.calls).toEqual([500, 500, 201]);
  expect(keys(stream.taken)).toEqual(Array.from({ length: 1201 }, (_, index) => index));
});

test('a call holds at most 5 MiB, and entries are made only when they are wanted', async () => {
  const stream = fakeStream();
  const million = 1_000_000;
  let made = 0;
  let furthest = 0;
  function* counted(): Generator<Entry, void> {
    for (const entry of entries(Array.from({ length: 23 }, () => million))) {
      made += 1;
      furthest = Math.max(furthest, made - stream.taken.length);
      yield entry;
    }
  }

  await putAll(counted(), toolsFor(stream));

  expect(stream.calls).toEqual([5, 5, 5, 5, 3]);
  expect(furthest).toBe(6);
});

test('no entries are no call', async () => {
  const stream = fakeStream();

  await putAll(entries([]), toolsFor(stream));

  expect(stream.calls).toEqual([]);
});

test('only what was refused is sent again, after a wait that doubles', async () => {
  const refusals = new Map([
    [3, 2],
    [4, 1],
  ]);
  const stream = fakeStream(({ partitionKey }) => {
    const left = refusals.get(Number(partitionKey)) ?? 0;
    refusals.set(Number(partitionKey), left - 1);
    return left > 0 ? THROTTLED : null;
  });
  const tools = toolsFor(stream);

  await putAll(entries(Array.from({ length: 6 }, () => 10)), tools);

  expect(stream.calls).toEqual([6, 2, 1]);
  expect(keys(stream.taken)).toEqual([0, 1, 2, 5, 4, 3]);
  expect(tools.clock.slept).toEqual([50, 100]);
});

test('whatever is refused how often, every entry is taken exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 1100 }), async (refusals) => {
      const left = [...refusals];
      const stream = fakeStream(({ partitionKey }) => {
        const index = Number(partitionKey);
        left[index] = (left[index] ?? 0) - 1;
        return (left[index] ?? 0) >= 0 ? 'InternalFailure' : null;
      });

      await putAll(entries(refusals.map(() => 5)), toolsFor(stream));

      expect(keys(stream.taken).toSorted((a, b) => a - b)).toEqual(refusals.map((_, index) => index));
    }),
    { numRuns: 50 },
  );
});

test('at one refusal in a thousand, a record is put 1.01 times at most', async () => {
  let asked = 0;
  const stream = fakeStream(() => {
    asked += 1;
    return asked % 1000 === 0 ? THROTTLED : null;
  });

  await putAll(entries(Array.from({ length: 20_000 }, () => 5)), toolsFor(stream));

  const puts = stream.calls.reduce((sum, records) => sum + records, 0);
  expect(puts / stream.taken.length).toBeLessThanOrEqual(1.01);
});

test('when the time is up it says what was refused and what to do', async () => {
  const stream = fakeStream(({ partitionKey }) => (partitionKey === '1' ? THROTTLED : null));
  const tools = toolsFor(stream, 3_000);

  await expect(putAll(entries([5, 5, 5]), tools)).rejects.toThrow(
    'the stream still refuses 1 of 3 records after 7 attempts (ProvisionedThroughputExceededException) and the time is up; they stay where they are; add shards if this lasts',
  );

  expect(tools.remaining()).toBeGreaterThan(0);
});

test('an answer that says nothing about an entry is no acknowledgement', async () => {
  const taken: number[] = [];
  const stream = {
    put: async (call: readonly Entry[]) => {
      taken.push(call.length);
      return call.slice(0, 2).map(() => null);
    },
  };

  await putAll(entries([5, 5, 5]), toolsFor(stream));

  expect(taken).toEqual([3, 1]);
});
