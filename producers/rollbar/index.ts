/**
 * The Rollbar producer: occurrences, items and deploys of one project.
 *
 * In every run the newest occurrences come first, then the items they belong to, deploys, a part of the sweep
 * over all items, and only then what earlier runs left unread: a backlog of hours delays nothing new.
 */
import type { JsonValue } from '../../contract/columns.ts';
import { numeric, quotaIn, untilReset } from '../../contract/pace.ts';
import { defineProducer, type Page } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { inTurn } from '../../contract/steps.ts';
import { type Context, unixNow } from './context.ts';
import { countOccurrences } from './counts.ts';
import { beginning, type Cursor, isCaughtUp } from './cursor.ts';
import { deploy } from './deploy.ts';
import { readDeploys } from './deploys.ts';
import { item } from './item.ts';
import { refreshItems, sweepItems } from './items.ts';
import { occurrence } from './occurrence.ts';
import { readBacklog, readHead } from './occurrences.ts';

export default defineProducer({
  name: 'rollbar',
  description: 'Errors and messages of a Rollbar project, their items, and deploys.',
  records: [occurrence, item, deploy],
  baseUrl: 'https://api.rollbar.com',
  secret: {
    description:
      'A project access token with the scope read and nothing else, used by Heimdallr alone: Rollbar, project, Settings, Project Access Tokens.',
    headers: (token: string) => ({ 'X-Rollbar-Access-Token': token }),
  },
  waitSeconds,
  quota: (headers) => quotaIn(headers, 'x-rate-limit', numeric(headers['x-rate-limit-remaining-seconds'])),
  refusal,
  settings: {
    lookback_minutes: {
      type: 'integer',
      description: 'Minutes of the newest occurrences that every run reads again, for rows that appear late.',
      default: 10,
    },
  },
  everyMinutes: 1,
  poll,
  counts: countOccurrences,
});

async function* poll(context: Context): AsyncGenerator<Page<Cursor>> {
  const { lookback_minutes } = context.settings;
  if (!Number.isInteger(lookback_minutes) || lookback_minutes < 1) {
    throw new RangeError(`lookback_minutes must be a whole number from 1, got ${lookback_minutes}`);
  }
  const start = Math.floor(context.since.getTime() / 1000);
  const steps = [readHead, refreshItems, readDeploys, sweepItems, readBacklog, refreshItems];
  yield* inTurn(
    steps.map((step) => (cursor: Cursor) => step(context, cursor)),
    context.cursor ?? beginning(start, unixNow(context.now)),
    isCaughtUp,
  );
}

/**
 * Seconds to wait before the next request. `Reset` is compared with the answer's own Date, never with our clock;
 * without either the caller backs off by itself.
 */
function waitSeconds(headers: Readonly<Record<string, string>>, status: number): number | null {
  const remaining = numeric(headers['x-rate-limit-remaining']);
  const isOver = status === 429 || (remaining !== null && remaining <= 0);
  if (!isOver) return null;
  const left = numeric(headers['x-rate-limit-remaining-seconds']);
  const seconds = left ?? untilReset(headers, 'x-rate-limit-reset');
  return seconds === null ? null : Math.min(Math.max(Math.ceil(seconds), 1), MAX_WAIT_SECONDS);
}

const MAX_WAIT_SECONDS = 15 * 60;

/** Rollbar's words when `err` is not 0, without the token that some of them repeat. */
function refusal(body: JsonValue): string | null {
  const err = at(body, 'err');
  if (err === null || err === 0) return null;
  const message = at(body, 'message');
  if (typeof message !== 'string') return `err ${JSON.stringify(err)} without a message`;
  return message
    .replace(/(access token not found:).*/is, '$1 [redacted]')
    .replace(/[\w-]{24,}/g, '[redacted]');
}
