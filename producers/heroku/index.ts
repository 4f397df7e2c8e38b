/**
 * The Heroku producer: releases and builds of one app.
 *
 * In every run the newest page of each list comes first, then what has not settled, and only then what earlier runs
 * left unread.
 */
import { quotaIn } from '../../contract/pace.ts';
import { defineProducer, type Page } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { inTurn } from '../../contract/steps.ts';
import { build } from './build.ts';
import { builds } from './builds.ts';
import { countReleases } from './counts.ts';
import { beginning, type Context, type Cursor, isCaughtUp } from './cursor.ts';
import { release } from './release.ts';
import { releases } from './releases.ts';
import { readNewest, readRest } from './walk.ts';

export default defineProducer({
  name: 'heroku',
  description: 'Releases and builds of a Heroku app.',
  records: [release, build],
  baseUrl: 'https://api.heroku.com',
  secret: {
    description:
      'An OAuth token with the scope read, of an account that sees the app: heroku authorizations:create --scope read.',
    headers: (token: string) => ({ Authorization: `Bearer ${token}` }),
  },
  waitSeconds,
  quota: (headers) => quotaIn({ ...headers, 'ratelimit-limit': POOL }, 'ratelimit', null),
  refusal: () => null,
  settings: {
    app: {
      type: 'string',
      description:
        'Id of the app, as `heroku apps:info --json` shows it. A name works until it is given to another app.',
    },
  },
  webhook: {
    description:
      'heroku webhooks:add --app APP --include api:release --include api:build --level notify --secret SECRET --url URL',
    signature(headers) {
      const given = headers['heroku-webhook-hmac-sha256'];
      return given === undefined ? null : Buffer.from(given, 'base64').toString('hex');
    },
    delivery(body) {
      const id = at(body, 'webhook_metadata', 'delivery', 'id') ?? at(body, 'id');
      const sentAt = at(body, 'published_at') ?? at(body, 'created_at');
      return typeof id === 'string' && typeof sentAt === 'string' ? { id, sentAt } : null;
    },
  },
  everyMinutes: 1,
  poll,
  counts: countReleases,
});

async function* poll(context: Context): AsyncGenerator<Page<Cursor>> {
  const { app } = context.settings;
  if (!/^[a-z0-9][a-z0-9-]{1,35}$/.test(app))
    throw new RangeError(`app must be the id or the name of a Heroku app, got ${JSON.stringify(app)}`);
  const steps = [
    (cursor: Cursor) => readNewest(context, releases, cursor),
    (cursor: Cursor) => readNewest(context, builds, cursor),
    (cursor: Cursor) => readRest(context, releases, cursor),
    (cursor: Cursor) => readRest(context, builds, cursor),
  ];
  const start = Math.floor(context.since.getTime() / 1000);
  yield* inTurn(steps, context.cursor ?? beginning(start), isCaughtUp);
}

/**
 * All tokens of an account share 4,500 calls, refilled at about 75 a minute. Heroku names no time to wait: an empty
 * pool is given a minute, and one that runs low a second between two calls, which is slower than it refills.
 */
function waitSeconds(headers: Readonly<Record<string, string>>, status: number): number | null {
  if (status === 429) return 60;
  const remaining = Number(headers['ratelimit-remaining'] ?? Number.NaN);
  if (remaining <= 0) return 60;
  return remaining < LOW ? 1 : null;
}

const LOW = 500;
/** Calls in a full pool; no header says it. */
const POOL = '4500';
