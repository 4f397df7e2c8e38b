/** Rollbar's own counts: which hours are taken, and what is done with an answer that is not as documented. */
import { expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import type { Query } from '../contract/producer.ts';
import { countOccurrences } from '../producers/rollbar/counts.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;

function count(result: JsonValue, { since = NOON - 3 * HOUR, now = NOON + HOUR / 2 } = {}) {
  const asked: (Query | undefined)[] = [];
  const http = {
    get: async (_path: string, query?: Query) => {
      asked.push(query);
      return { status: 200, headers: {}, body: { err: 0, result } };
    },
    stream: () => {
      throw new Error('nothing is streamed');
    },
  };
  const context = { http, settings: { lookback_minutes: 10 }, log: () => undefined };
  const counts = countOccurrences({ ...context, since: new Date(since), now: () => new Date(now) });
  return { asked, counts };
}

const hour = (hours: number, occurrences: JsonValue): JsonValue => [NOON / 1000 + hours * 3600, occurrences];

test('whole hours are taken from the beginning of the feed on, but for the youngest half hour', async () => {
  const buckets = [hour(-4, 1), hour(-3, 2), hour(-2, 3), hour(-1, 4), hour(0, 5)];

  const [atHalfPast, before] = [
    count(buckets),
    count(buckets, { since: NOON - 3 * HOUR + 1, now: NOON + HOUR / 2 - 1000 }),
  ];

  expect((await atHalfPast.counts).map(({ from, to, count: held }) => [from, to, held])).toEqual([
    [new Date(NOON - 3 * HOUR), new Date(NOON - 2 * HOUR), 2],
    [new Date(NOON - 2 * HOUR), new Date(NOON - HOUR), 3],
    [new Date(NOON - HOUR), new Date(NOON), 4],
  ]);
  expect((await before.counts).map(({ count: held }) => held)).toEqual([3]);
  expect(atHalfPast.asked).toEqual([{ bucket_size: 3600, buckets: 168, min_level: 'debug' }]);
});

test.each<[string, JsonValue, string]>([
  ['no list', { counts: [] }, 'no list of buckets'],
  ['buckets that begin at odd times', [[NOON / 1000 + 60, 1]], 'does not begin on the hour'],
  ['a bucket without a time', [['noon', 1]], 'does not begin on the hour'],
  ['a bucket without a number', [hour(-1, null)], 'without a number'],
])('%s is an answer that Rollbar does not document', async (_name, result, message) => {
  await expect(count(result).counts).rejects.toThrow(
    expect.objectContaining({ kind: 'unexpected_response', message: expect.stringContaining(message) }),
  );
});
