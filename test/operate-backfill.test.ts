/** When a backfill goes on, when it waits, and when a person must act. */
import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../contract/feed.ts';
import { type BackfillTools, backfill } from '../operate/backfill/backfill.ts';
import { Estimate } from '../operate/backfill/progress.ts';
import type { Invoked } from '../operate/ports.ts';

const START = Date.parse('2026-11-23T18:30:00Z');

const summary = (changes: Partial<RunSummary>): RunSummary => ({
  ...{ feed: 'shop:web', walk: 'backfill-7d', run_id: 'r', outcome: 'more', pages: 2, unchanged: 0 },
  ...{ emitted: { shop_fact: 10 }, reached: null, not_before: null, error: null },
  ...changes,
});
const ran = (changes: Partial<RunSummary> = {}): Invoked => ({ status: 'ok', payload: summary(changes) });
const failed = (kind: NonNullable<RunSummary['error']>['kind'], changes: Partial<RunSummary> = {}): Invoked =>
  ran({ outcome: 'failed', pages: 1, emitted: {}, error: { kind, message: `it was ${kind}` }, ...changes });

/** Plays these answers, the last one for ever, in a time that passes only by waiting. */
function world(...answers: readonly (Invoked | ((now: number) => Invoked))[]) {
  let time = START;
  let asked = 0;
  const firsts: boolean[] = [];
  const waits: [number, string][] = [];
  const stopping = new AbortController();
  const tools: BackfillTools = {
    async slice(isFirst) {
      firsts.push(isFirst);
      const answer = answers[Math.min(asked, answers.length - 1)] ?? ran();
      asked += 1;
      return typeof answer === 'function' ? answer(time) : answer;
    },
    now: () => new Date(time),
    async pause(milliseconds) {
      time += milliseconds;
    },
    stopped: stopping.signal,
    onSlice: () => undefined,
    onWait: (milliseconds, reason) => waits.push([milliseconds, reason]),
  };
  return { tools, firsts, waits, stopping };
}

test('slices are asked for until the walk is at its end, and added up', async () => {
  const { tools, firsts, waits } = world(
    ran({ reached: '2026-11-22T00:00:00.000Z' }),
    ran({ emitted: { shop_fact: 5, shop_item: 1 }, reached: null }),
    ran({ outcome: 'caught_up', emitted: {}, reached: '2026-11-16T00:00:00.000Z' }),
  );

  const ended = await backfill(tools);

  expect(ended).toEqual({
    end: 'finished',
    walked: {
      ...{ slices: 3, pages: 6, emitted: { shop_fact: 15, shop_item: 1 } },
      reached: '2026-11-16T00:00:00.000Z',
    },
  });
  expect([firsts, waits]).toEqual([[true, false, false], []]);
});

test('a walk that was at its end before is told as such', async () => {
  const { tools } = world(
    ran({ outcome: 'caught_up', pages: 0, emitted: {}, reached: '2026-11-16T00:00:00.000Z' }),
  );

  expect(await backfill(tools)).toMatchObject({ end: 'finished before', walked: { slices: 0 } });
});

test('a walk whose last answer got lost is finished all the same', async () => {
  const done = ran({ outcome: 'caught_up', pages: 0, emitted: {} });
  const { tools } = world(ran(), { status: 'failed', reason: 'Sandbox.Timedout: too long' }, done);

  expect(await backfill(tools)).toMatchObject({ end: 'finished', walked: { emitted: { shop_fact: 10 } } });
});

test('a walk is begun anew by the first slice that runs, not by the first that is asked for', async () => {
  const { tools, firsts } = world(
    { status: 'busy' },
    ran({ outcome: 'skipped' }),
    ran(),
    ran({ outcome: 'caught_up' }),
  );

  await backfill(tools);

  expect(firsts).toEqual([true, true, true, false]);
});

describe('what passes is waited for', () => {
  const end = ran({ outcome: 'caught_up' });

  test.each<[string, Invoked, number, string]>([
    ['a function that is busy', { status: 'busy' }, 5_000, 'the function is busy'],
    [
      'a function that fails',
      { status: 'failed', reason: 'Error: no' },
      5_000,
      'the function failed, Error: no',
    ],
    ['another run', ran({ outcome: 'skipped', pages: 0 }), 5_000, 'another run of the feed'],
    [
      'a rate limit, as long as the vendor says',
      failed('rate_limited', { not_before: '2026-11-23T18:37:00.000Z' }),
      7 * 60_000,
      'it was rate_limited',
    ],
    ['a vendor that is away', failed('unavailable'), 5_000, 'it was unavailable'],
  ])('%s', async (_what, answer, milliseconds, reason) => {
    const { tools, waits } = world(answer, end);

    expect((await backfill(tools)).end).toBe('finished');
    expect(waits).toEqual([[milliseconds, expect.stringContaining(reason)]]);
  });

  test('what was put on the stream before the vendor asked to wait counts', async () => {
    const limited = failed('rate_limited', {
      emitted: { shop_fact: 7 },
      reached: '2026-11-20T00:00:00.000Z',
    });
    const { tools } = world(limited, end);

    expect((await backfill(tools)).walked).toMatchObject({ slices: 2, emitted: { shop_fact: 17 } });
  });

  test('ever longer, and not for ever', async () => {
    const { tools, waits } = world(failed('unavailable'));

    const ended = await backfill(tools);

    expect(ended).toMatchObject({ end: 'failed', reason: 'it was unavailable, for 30 minutes' });
    expect(waits.slice(0, 8).map(([milliseconds]) => milliseconds / 1000)).toEqual([
      5, 10, 20, 40, 80, 160, 300, 300,
    ]);
  });

  test('from the shortest wait again once a slice has walked', async () => {
    const { tools, waits } = world(
      failed('unavailable'),
      failed('unavailable'),
      ran(),
      failed('unavailable'),
      end,
    );

    await backfill(tools);

    expect(waits.map(([milliseconds]) => milliseconds / 1000)).toEqual([5, 10, 5]);
  });

  test('a walk that the vendor slows down for days goes on as long as it gets further', async () => {
    let day = 0;
    const limited = (now: number): Invoked => {
      day += 1;
      if (day === 200) return end;
      const not_before = new Date(now + 15 * 60_000).toISOString();
      return failed('rate_limited', { not_before, emitted: day % 2 === 0 ? {} : { shop_fact: 1 } });
    };
    const { tools } = world(limited);

    expect((await backfill(tools)).end).toBe('finished');
  });
});

describe('what a person must mend ends it at once', () => {
  test.each<[string, Invoked, RegExp]>([
    [
      'a refused token',
      failed('unauthorized'),
      /^it was unauthorized; put a token that works into the secret/,
    ],
    ['something that is not there', failed('not_found'), /^it was not_found; correct the settings/],
    [
      'an answer nobody understands',
      failed('unexpected_response'),
      /^it was unexpected_response; the vendor/,
    ],
    [
      'a function of another version',
      { status: 'ok', payload: { hello: 'you' } },
      /^the function answered what no/,
    ],
  ])('%s', async (_what, answer, reason) => {
    const { tools, firsts, waits } = world(ran(), answer);

    const ended = await backfill(tools);

    expect(ended).toMatchObject({ end: 'failed', reason: expect.stringMatching(reason) });
    expect([firsts.length, waits]).toEqual([2, []]);
  });

  test('a function that fails again and again', async () => {
    const broken: Invoked = { status: 'failed', reason: 'TypeError: the event must be' };
    const { tools, firsts } = world(broken, broken, ran(), broken);

    const ended = await backfill(tools);

    expect(ended).toMatchObject({
      end: 'failed',
      reason: expect.stringContaining('3 times in a row, TypeError'),
    });
    expect(firsts.length).toBe(6);
  });
});

test('when it is stopped, the slice in hand is the last', async () => {
  const { tools, stopping, firsts } = world(ran());
  const asked = tools.slice;

  const ended = await backfill({
    ...tools,
    slice: (isFirst) => {
      if (firsts.length === 2) stopping.abort();
      return asked(isFirst);
    },
  });

  expect(ended).toMatchObject({ end: 'stopped', walked: { slices: 3, emitted: { shop_fact: 30 } } });
});

describe('the estimate', () => {
  const from = new Date(START);
  const since = new Date(START - 10 * 86_400_000);
  const at = (days: number, slices: number) => ({
    ...{ slices, pages: slices, emitted: { shop_fact: 1234 } },
    reached: new Date(START - days * 86_400_000).toISOString(),
  });

  test('is the pace of this command, not of what was walked before it', () => {
    const estimate = new Estimate({ since, from });

    expect(estimate.line(at(6, 1), new Date(START + 1000))).toBe(
      'backfill   [##############··········]  60 %  back to 2026-11-17 18:30, 1,234 records in 1 slice',
    );
    expect(estimate.line(at(8, 2), new Date(START + 61_000))).toBe(
      'backfill   [###################·····]  80 %  back to 2026-11-15 18:30, 1,234 records in 2 slices, about 60 s left',
    );
  });

  test('is left out when the producer does not say how far it is', () => {
    const estimate = new Estimate({ since, from });

    expect(estimate.line({ ...at(1, 1), reached: null }, from)).toBe('backfill   1,234 records in 1 slice');
  });
});
