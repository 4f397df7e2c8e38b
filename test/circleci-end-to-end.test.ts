/** The producer against the simulated vendor, over real HTTP, on bad days: what the vendor holds is what comes out. */
import { expect, onTestFinished, test } from 'vitest';
import { PollError } from '../contract/producer.ts';
import type { Emitted } from '../contract/record.ts';
import type { Cursor } from '../producers/circleci/cursor.ts';
import circleci from '../producers/circleci/index.ts';
import { startSimulator } from '../producers/circleci/simulator.ts';
import { scrubber } from '../producers/credential.ts';
import { converse } from '../producers/http.ts';

const NOON = Date.parse('2026-09-01T12:00:00Z');
const MINUTE = 60_000;
const TROUBLE = ['server_error', 'truncated', 'html', 'rate_limited', 'reset', 'forbidden'] as const;

test('after hours of a company that builds, with trouble every five minutes, nothing is missing or stale', async () => {
  let time = NOON;
  const simulator = await startSimulator({
    now: () => time,
    seed: 3,
    sinceHours: 6,
    livePerMinute: 1,
    token: 'reader',
  });
  onTestFinished(() => simulator.close());
  const clock = { now: () => new Date(time), sleep: async () => {} };
  const conversation = converse(
    { producer: circleci, baseUrl: simulator.url, token: 'reader' },
    { clock, random: () => 0.5, scrub: scrubber('reader'), warn: () => {}, remaining: () => 50_000 },
  );
  onTestFinished(() => conversation.end());
  const newest = new Map<string, Emitted>();
  const failures: string[] = [];
  let cursor: Cursor | null = null;

  for (let run = 0; run < 150; run += 1, time += MINUTE) {
    const kind = TROUBLE[Math.floor(run / 5) % TROUBLE.length] ?? 'reset';
    // The last minutes are good ones.
    const isBad = run % 5 === 0 && run < 130;
    simulator.setFaults(isBad ? [{ kind, times: 9, path: run % 10 === 0 ? '/workflow' : '' }] : []);
    try {
      const pages = circleci.poll({
        ...{
          http: conversation.http,
          cursor,
          settings: { project: 'gh/example-org/storefront', with_credits: true },
        },
        ...{ since: new Date(NOON - 6 * 60 * MINUTE), now: clock.now, log: () => {} },
      });
      for await (const page of pages) {
        for (const record of page.records)
          newest.set(
            `${record.type.name} ${record.type.key.map((name) => record.values[name]).join(' ')}`,
            record,
          );
        cursor = page.cursor;
      }
    } catch (error) {
      if (!(error instanceof PollError)) throw error;
      failures.push(error.kind);
    }
  }

  time -= MINUTE;
  const truth = simulator.truth();
  const states = (type: string) =>
    [...newest]
      .filter(([key]) => key.startsWith(`${type} `))
      .map(([key, { values }]) => `${key} ${values.status ?? values.state}`)
      .sort();
  expect(states('circleci_pipeline')).toEqual(
    truth.pipelines.map(({ id, state }) => `circleci_pipeline ${id} ${state}`).sort(),
  );
  expect(states('circleci_workflow')).toEqual(
    truth.workflows.map(({ id, status }) => `circleci_workflow ${id} ${status}`).sort(),
  );
  expect(states('circleci_job')).toEqual(
    truth.jobs.map(({ workflow_id, id, status }) => `circleci_job ${workflow_id} ${id} ${status}`).sort(),
  );
  expect([...new Set(failures)].sort()).toEqual(['rate_limited', 'unauthorized', 'unavailable']);
});
