/** The producer against the simulated vendor, over real HTTP: what the vendor holds is what comes out. */
import { expect, onTestFinished, test } from 'vitest';
import { conform } from '../contract/conform.ts';
import { seal } from '../contract/envelope.ts';
import { compileValidator } from '../contract/json-schema.ts';
import type { Emitted } from '../contract/record.ts';
import { scrubber } from '../producers/credential.ts';
import { converse } from '../producers/http.ts';
import type { Cursor } from '../producers/rollbar/cursor.ts';
import rollbar from '../producers/rollbar/index.ts';
import { startSimulator } from '../producers/rollbar/simulator.ts';

const NOON = Date.parse('2026-09-01T12:00:00Z');
const MINUTE = 60_000;

test.each(['H1', 'H2', 'H3'] as const)(
  'after a while with a failing shop, nothing is missing and nothing is stale under %s',
  async (ordering) => {
    let time = NOON;
    const since = new Date(NOON - 60 * MINUTE);
    const simulator = await startSimulator({
      now: () => time,
      ordering,
      occurrences: 800,
      sinceHours: 3,
      livePerMinute: 20,
      late: { fraction: 0.02 },
    });
    onTestFinished(() => simulator.close());
    const clock = { now: () => new Date(time), sleep: async () => {} };
    const tools = {
      clock,
      random: () => 0.5,
      scrub: scrubber('reader'),
      warn: () => {},
      remaining: () => 50_000,
    };
    const conversation = converse({ producer: rollbar, baseUrl: simulator.url, token: 'reader' }, tools);
    onTestFinished(() => conversation.end());
    const newest = new Map<string, Emitted>();
    let cursor: Cursor | null = null;
    let isCaughtUp = false;

    for (; time <= NOON + 20 * MINUTE; time += MINUTE) {
      const { http } = conversation;
      const settings = { lookback_minutes: 10 };
      for await (const page of rollbar.poll({
        http,
        cursor,
        settings,
        since,
        now: clock.now,
        log: () => {},
      })) {
        for (const record of page.records) newest.set(`${record.type.name} ${record.values.id}`, record);
        cursor = page.cursor;
        isCaughtUp = page.isCaughtUp === true;
      }
    }

    time -= MINUTE;
    const truth = simulator.truth();
    const ids = (type: string) =>
      [...newest.keys()].filter((key) => key.startsWith(type)).map((key) => key.split(' ')[1]);
    const visible = truth.occurrences.filter(({ visible_at }) => visible_at <= time);
    const wanted = visible.filter(({ timestamp }) => timestamp * 1000 >= since.getTime());
    expect(ids('rollbar_occurrence').sort()).toEqual(wanted.map(({ id }) => String(id)).sort());
    expect(ids('rollbar_item').sort()).toEqual(truth.items.map(({ id }) => String(id)).sort());
    const deploys = truth.deploys as readonly { id: number; status: string; start_time: number }[];
    const recent = deploys.filter(({ start_time }) => start_time * 1000 >= since.getTime());
    expect(recent.map(({ id }) => newest.get(`rollbar_deploy ${id}`)?.values.status)).toEqual(
      recent.map(({ status }) => status),
    );
    expect(recent.length).toBeGreaterThan(0);
    expect(isCaughtUp).toBe(true);
    expect(refusals([...newest.values()])).toEqual([]);
  },
);

/** What the validator says against these records. */
function refusals(records: readonly Emitted[]): unknown[] {
  const validators = new Map(rollbar.records.map((type) => [type.name, compileValidator(type)]));
  const origin = { feed: 'rollbar:shop', run_id: 'run', seq: 1, observed_at: '2026-11-23T18:30:00.000Z' };
  return records.flatMap(({ type, values }) => {
    const validate = validators.get(type.name);
    validate?.(seal(type, conform(type, values, { mode: 'keep' }), origin));
    return validate?.errors ?? [];
  });
}
