/** How fresh each feed is: rows in, rows out. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import { pollPage } from '../contract/ledger.ts';
import { sampleBody } from '../contract/samples.ts';
import { drain } from '../warehouse/loader/drain.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(records, marts);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

const deploy = records.find(({ name }) => name === 'rollbar_deploy') ?? pollPage;
const ago = (seconds: number): string => new Date(world.clock.now.getTime() - 1000 * seconds).toISOString();
let seq = 0;

/** A page of a feed, polled so many seconds ago. */
function page(feed: string, seconds: number, newest: number | null, walk: string | null = null): Envelope {
  seq += 1;
  const origin = { feed, run_id: `run-${seq}`, seq, observed_at: ago(seconds) };
  const newest_fact_at = newest === null ? null : ago(newest);
  return seal(
    pollPage,
    { ...sampleBody(pollPage, seq), run_id: origin.run_id, walk, polled_at: ago(seconds), newest_fact_at },
    origin,
  );
}

/** A fact that happened and was seen so many seconds ago; the loader books it now. */
function fact(feed: string, happened: number, seen: number): Envelope {
  seq += 1;
  const body = { ...sampleBody(deploy, seq), [deploy.occurredAt]: ago(happened) };
  return seal(deploy, body, { feed, run_id: `run-${seq}`, seq, observed_at: ago(seen) });
}

async function freshness(...envelopes: readonly Envelope[]): Promise<readonly string[]> {
  await world.land(...envelopes);
  expect((await drain(records, world.ports)).failed).toEqual([]);
  const rows = await world.rows(`select feed, round(seconds_since_poll / 10.0) * 10 as since, facts_timed,
    round(p50_seconds::numeric, -1) as p50, round(p95_seconds::numeric, -1) as p95
    from heimdallr.feed_freshness order by feed`);
  return rows.map((row) =>
    Object.values(row)
      .map((value) => (value === null ? '-' : Number.isNaN(Number(value)) ? value : String(Number(value))))
      .join(' '),
  );
}

test('a feed without facts says when it was polled last', async () => {
  expect(await freshness(page('rollbar:web', 300, null), page('rollbar:web', 60, null))).toEqual([
    'rollbar:web 60 0 - -',
  ]);
});

test('the time from a fact to its row is told by feed, as it is mostly and as it is at worst', async () => {
  const facts = Array.from({ length: 99 }, (_, n) => fact('rollbar:web', 100 + n, 60));

  expect(
    await freshness(
      page('rollbar:web', 60, 100),
      ...facts,
      page('heroku:web', 30, 50),
      fact('heroku:web', 500, 30),
    ),
  ).toEqual(['heroku:web 30 1 500 500', 'rollbar:web 60 99 150 190']);
});

test('what was polled from the past does not count, neither as fresh nor as slow', async () => {
  const history = [fact('rollbar:web', 86_400, 60), fact('rollbar:web', 3_700, 60)];

  expect(
    await freshness(page('rollbar:web', 600, 700), page('rollbar:web', 20, 86_400, 'backfill'), ...history),
  ).toEqual(['rollbar:web 600 0 - -']);
});

test('a feed that was silent for a week is not a feed any more', async () => {
  expect(await freshness(page('rollbar:web', 8 * 86_400, null))).toEqual([]);
});
