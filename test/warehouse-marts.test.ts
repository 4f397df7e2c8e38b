/** What the marts say: rows in, rows out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import { pollPage, rejectedRecord } from '../contract/ledger.ts';
import type { Body, RecordType } from '../contract/record.ts';
import { sampleBody } from '../contract/samples.ts';
import { drain } from '../warehouse/loader/drain.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const MINUTE = 60_000;

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(records, marts);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

function typeNamed(name: string): RecordType {
  const type = records.find((known) => known.name === name);
  if (type === undefined) throw new Error(`no record type is named ${name}`);
  return type;
}

/** Lands records and loads them. */
async function load(...envelopes: readonly Envelope[]): Promise<void> {
  await world.land(...envelopes);
  expect((await drain(records, world.ports)).failed).toEqual([]);
}

describe('the ledger', () => {
  const fact = typeNamed('rollbar_deploy');
  const ago = (minutes: number): string =>
    new Date(world.clock.now.getTime() - minutes * MINUTE).toISOString();

  /** The poll_page that a run puts on the stream after its page's records. */
  function page(
    run_id: string,
    minutesAgo: number,
    emitted: Record<string, number>,
    number = 1,
    firstSeq = 1,
  ): Envelope {
    const seq = firstSeq + Object.values(emitted).reduce((sum, count) => sum + count, 0);
    const body: Body = {
      run_id,
      page: number,
      producer: 'rollbar',
      polled_at: ago(minutesAgo),
      first_seq: firstSeq,
      emitted,
      unchanged: 0,
      requests: 1,
      is_caught_up: true,
      newest_fact_at: null,
    };
    return seal(pollPage, body, { feed: 'rollbar:web', run_id, seq, observed_at: ago(minutesAgo) });
  }

  /** A record of the run with this number. */
  const record = (run_id: string, seq: number, minutesAgo = 1): Envelope =>
    seal(fact, sampleBody(fact, seq), { feed: 'rollbar:web', run_id, seq, observed_at: ago(minutesAgo) });

  function rejection(run_id: string, seq: number, type: string | null = fact.name): Envelope {
    const body: Body = {
      run_id,
      seq,
      digest: `${run_id} ${seq}`,
      rejected_type: type,
      rejected_version: 1,
      rejected_key: null,
      rejected_at: ago(1),
      size_bytes: 1,
      reasons: 'because',
      truncated_fields: null,
    };
    return seal(rejectedRecord, body, { feed: 'rollbar:web', run_id, seq, observed_at: ago(1) });
  }

  const ledger = async (): Promise<readonly string[]> =>
    (
      await world.rows(
        'select run_id, record_type, emitted, delivered, rejected, missing, status from heimdallr.ledger order by run_id, record_type',
      )
    ).map((row) => Object.values(row).join(' '));

  test('balances a run: emitted = delivered + rejected', async () => {
    await load(
      record('run-1', 1),
      record('run-1', 2),
      rejection('run-1', 3),
      page('run-1', 5, { rollbar_deploy: 3, rollbar_item: 0 }),
    );

    expect(await ledger()).toEqual([
      'run-1 poll_page 1 1 0 0 complete',
      'run-1 rollbar_deploy 3 2 1 0 complete',
      'run-1 rollbar_item 0 0 0 0 complete',
    ]);
  });

  test('says of what is missing whether it may still come', async () => {
    await load(
      record('run-1', 1),
      page('run-1', 59, { rollbar_deploy: 3 }),
      record('run-2', 1),
      page('run-2', 61, { rollbar_deploy: 3 }),
    );

    expect(await ledger()).toEqual([
      'run-1 poll_page 1 1 0 0 complete',
      'run-1 rollbar_deploy 3 1 0 2 in_flight',
      'run-2 poll_page 1 1 0 0 complete',
      'run-2 rollbar_deploy 3 1 0 2 late',
    ]);
  });

  test('waits an hour from the last page of a run, not from the first', async () => {
    await load(page('run-1', 70, { rollbar_deploy: 1 }), page('run-1', 50, {}, 2, 3));

    expect(await ledger()).toEqual([
      'run-1 poll_page 2 2 0 0 complete',
      'run-1 rollbar_deploy 1 0 0 1 in_flight',
    ]);
  });

  test('misses a page whose own entry got lost, by its number', async () => {
    await load(page('run-1', 90, {}, 1, 1), page('run-1', 90, {}, 3, 7));

    expect(await ledger()).toEqual(['run-1 poll_page 3 2 0 1 late']);
  });

  test('does not mind repeats, on either side', async () => {
    const all = [record('run-1', 1), rejection('run-1', 2), page('run-1', 90, { rollbar_deploy: 2 })];

    await load(...all, ...all);
    await load(...all);

    expect(await ledger()).toEqual([
      'run-1 poll_page 1 1 0 0 complete',
      'run-1 rollbar_deploy 2 1 1 0 complete',
    ]);
  });

  test('counts a record that was rejected, sent again and delivered as delivered', async () => {
    await load(rejection('run-1', 1), page('run-1', 90, { rollbar_deploy: 1 }));
    await load(record('run-1', 1));

    expect(await ledger()).toEqual([
      'run-1 poll_page 1 1 0 0 complete',
      'run-1 rollbar_deploy 1 1 0 0 complete',
    ]);
  });

  test('lets no record behind the last booked page make up for one that is missing', async () => {
    await load(
      record('run-1', 1),
      page('run-1', 90, { rollbar_deploy: 3 }),
      record('run-1', 5),
      record('run-1', 6),
    );

    expect(await ledger()).toEqual(['run-1 poll_page 1 1 0 0 complete', 'run-1 rollbar_deploy 3 1 0 2 late']);
  });

  test('raises no alarm over a page that a crash left without an entry: the next run repeats it', async () => {
    await load(record('run-crashed', 1), record('run-crashed', 2), rejection('unknown', 0, null));

    expect(await ledger()).toEqual([]);
  });

  test('ends after a week, before receipts are pruned', async () => {
    await load(page('run-1', 7 * 24 * 60 + 5, { rollbar_deploy: 1 }), page('run-2', 7 * 24 * 60 - 5, {}));

    expect(await ledger()).toEqual(['run-2 poll_page 1 1 0 0 complete']);
  });
});

describe('the item ranking', () => {
  const item = typeNamed('rollbar_item');
  const occurrence = typeNamed('rollbar_occurrence');
  const origin = { feed: 'rollbar:web', run_id: 'run-1', observed_at: '2026-11-23T12:00:00.000Z' };

  /** A body with nothing in it but what is said. */
  function bodyOf(type: RecordType, values: Body): Body {
    const empty = Object.fromEntries(
      Object.entries(type.columns).map(([name, { nullable }]) => [name, nullable ? null : '1']),
    );
    return { ...empty, ...values };
  }

  const anItem = (id: string, values: Body = {}): Envelope =>
    seal(
      item,
      bodyOf(item, { project_id: '7', id, title: `item ${id}`, status: 'active', level: 'error', ...values }),
      { ...origin, seq: Number(id) },
    );

  const anOccurrence = (id: number, item_id: string | null, person_id: string | null, day = 23): Envelope =>
    seal(
      occurrence,
      bodyOf(occurrence, {
        project_id: '7',
        id: String(id),
        item_id,
        person_id,
        occurred_at: `2026-11-${day}T10:00:00Z`,
        title: `occurrence ${id}`,
      }),
      { ...origin, seq: 1000 + id },
    );

  const ranking = async (): Promise<readonly string[]> =>
    (
      await world.rows(
        'select rank, item_id, people, occurrences, title from heimdallr.item_ranking order by rank',
      )
    ).map((row) => Object.values(row).join(' | '));

  test('puts people before occurrences, and occurrences before nothing', async () => {
    await load(anItem('1'), anItem('2'), anItem('3'));
    await load(
      anOccurrence(1, '1', 'ada'),
      anOccurrence(2, '1', 'ada'),
      anOccurrence(3, '1', 'ada'),
      anOccurrence(4, '2', 'ada'),
      anOccurrence(5, '2', 'bob'),
      anOccurrence(6, '3', 'cleo'),
      anOccurrence(7, '3', null),
    );

    expect(await ranking()).toEqual([
      '1 | 2 | 2 | 2 | item 2',
      '2 | 1 | 1 | 3 | item 1',
      '3 | 3 | 1 | 2 | item 3',
    ]);
  });

  test('looks at the last seven days that there is data of', async () => {
    await load(anItem('1'), anItem('2'));
    await load(
      anOccurrence(1, '1', 'ada', 10),
      anOccurrence(2, '1', 'bob', 10),
      anOccurrence(3, '2', 'ada', 20),
    );

    expect(await ranking()).toEqual(['1 | 2 | 1 | 1 | item 2']);
  });

  test('counts a merged item for its group, and names an item that was not read yet', async () => {
    await load(anItem('1', { group_item_id: '9', controlling_id: '9' }), anItem('9'));
    await load(anOccurrence(1, '1', 'ada'), anOccurrence(2, '9', 'bob'), anOccurrence(3, '5', 'cleo'));

    expect(await ranking()).toEqual(['1 | 9 | 2 | 2 | item 9', '2 | 5 | 1 | 1 | occurrence 3']);
  });

  test('the ranking by users lost has the words of the item, or of an occurrence, and one horizon', async () => {
    await load(anItem('1', { level: 'critical' }), anOccurrence(1, '1', 'ada'), anOccurrence(2, '5', 'bob'));
    for (const [place, id, horizon] of [
      [1, 5, 7],
      [2, 1, 7],
      [1, 1, 28],
    ]) {
      await world.sql.run([
        `insert into heimdallr.impact_item (project_id, item_id, horizon, rank, occurrences, tier, n1, new_episodes,
           new_episodes_4w, users_lost_per_week, inseparable, introduced_how, window_from, data_through, computed_at)
         select 7, ${id}, ${horizon}, ${place}, 3, 'likely', 40, 40, 20, 1.5, false, 'none', '2026-10-01'::date,
           '2026-11-23'::date, '2026-11-24 00:00:00'::timestamp`,
      ]);
    }

    expect(
      (
        await world.rows(
          'select rank, item_id, users_lost_per_week, level, title from heimdallr.bug_ranking order by rank',
        )
      ).map((row) => Object.values(row).join(' | ')),
    ).toEqual(['1 | 5 | 1.5 |  | occurrence 2', '2 | 1 | 1.5 | critical | item 1']);
  });

  test('leaves out what Rollbar has not grouped', async () => {
    await load(anOccurrence(1, null, 'ada'));

    expect(await ranking()).toEqual([]);
  });
});
