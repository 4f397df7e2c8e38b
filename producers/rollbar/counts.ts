/**
 * Counts occurrences per hour at the source, which is what proves that none is missing here.
 *
 * `/reports/occurrence_counts` leaves out what is below `error` unless told otherwise. A bucket is named by its
 * beginning. The youngest hours are left alone: a row can appear late, and what has just been counted may not have
 * been polled.
 */
import type { JsonValue } from '../../contract/columns.ts';
import type { SourceCount } from '../../contract/count.ts';
import { PollError } from '../../contract/producer.ts';
import { at, unixSeconds } from '../../contract/read.ts';
import { type Context, unixNow } from './context.ts';
import { occurrence } from './occurrence.ts';

const HOUR = 3600;
/** A week; Rollbar answers 366 buckets at most. */
const BUCKETS = 168;
/** Rows appear so much later than they were received, at most; beyond, the comparison finds them. */
const SETTLED_SECONDS = 1800;
const PATH = '/api/1/reports/occurrence_counts';

/** What Rollbar holds in each whole hour since the feed's beginning, but for the youngest. */
export async function countOccurrences({
  http,
  since,
  now,
}: Omit<Context, 'cursor'>): Promise<readonly SourceCount[]> {
  const { body } = await http.get(PATH, { bucket_size: HOUR, buckets: BUCKETS, min_level: 'debug' });
  const buckets = at(body, 'result');
  if (!Array.isArray(buckets)) throw unexpected('no list of buckets');
  const youngest = unixNow(now) - SETTLED_SECONDS - HOUR;
  return buckets.flatMap((bucket: JsonValue) => {
    const start = unixSeconds(at(bucket, 0));
    const count = at(bucket, 1);
    if (start === null || start % HOUR !== 0) throw unexpected('a bucket that does not begin on the hour');
    if (typeof count !== 'number') throw unexpected('a bucket without a number');
    if (start * 1000 < since.getTime() || start > youngest) return [];
    const from = new Date(start * 1000);
    return {
      type: occurrence,
      column: 'occurred_at',
      from,
      to: new Date((start + HOUR) * 1000),
      count,
      since: from,
    };
  });
}

const unexpected = (got: string): PollError =>
  new PollError(
    'unexpected_response',
    `${PATH}: expected result to be pairs of a time on the hour and a number, got ${got}; compare with Rollbar's reference`,
  );
