/**
 * Reads what runs of workflows cost, once a day: CircleCI works it out daily, and may lack the last 24 hours, so
 * three days are read again.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { type Context, type Cursor, type Steps, unixNow } from './cursor.ts';
import { rowsOf } from './read.ts';
import { usageOf } from './usage.ts';

const DAY = 86_400;
const DAYS_AGAIN = 3;

export async function* readUsages(context: Context, from: Cursor): Steps {
  const { settings, now, log } = context;
  const time = unixNow(now);
  if (!settings.with_credits || time < from.usage_at) return from;
  const cursor = { ...from, usage_at: time + DAY };
  const path = `/insights/${settings.project.split('/').map(encodeURIComponent).join('/')}/workflows`;
  const first = Math.max(from.start, time - DAYS_AGAIN * DAY);
  try {
    const names: JsonValue[] = [];
    for await (const row of rowsOf(context, path, { 'all-branches': true })) names.push(at(row, 'name'));
    for (const name of names) {
      const query = { 'all-branches': true, 'start-date': new Date(first * 1000).toISOString() };
      const records = [];
      for await (const row of rowsOf(context, `${path}/${encodeURIComponent(String(name))}`, query))
        records.push(usageOf(row, name));
      // The day is done when all names are: a crash in between repeats it.
      if (records.length > 0) yield { records, cursor: from };
    }
  } catch (error) {
    // Insights are an extra that a plan may lack.
    if (!(error instanceof PollError) || error.kind !== 'not_found') throw error;
    log('CircleCI gives no insights for this project: credits are not known', {});
  }
  yield { records: [], cursor };
  return cursor;
}
