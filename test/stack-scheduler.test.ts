/** Schedules: rates, speed, what is replaced in their input, and firing by hand. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AsyncResult } from '../local/stack/async-invocation.ts';
import type { StackEvent } from '../local/stack/events.ts';
import {
  expressionOf,
  readExpression,
  readRate,
  type ScheduleDefinition,
  type ScheduleResult,
  Scheduler,
} from '../local/stack/scheduler.ts';

const schedule: ScheduleDefinition = {
  logicalId: 'PollSchedule',
  name: 'every-minute',
  arn: 'arn:aws:scheduler:us-east-1:111111111111:schedule/clock/every-minute',
  functionArn: 'arn:aws:lambda:us-east-1:111111111111:function:poll',
  input: '{"feed":"a:b"}',
  periodMs: 60_000,
  isEnabled: true,
};

/** A scheduler under a clock that the test moves. */
function scheduler(speed = 1, answer: () => Promise<AsyncResult> = async () => ok) {
  vi.useFakeTimers({ now: new Date('2026-11-23T18:30:00.500Z') });
  onTestFinished(() => void vi.useRealTimers());
  const events: unknown[] = [];
  const results: ScheduleResult[] = [];
  const told: StackEvent[] = [];
  const given = new Scheduler({
    speed,
    now: () => new Date(),
    functions: {
      find: () => ({ name: 'poll' }),
      async invokeAsync(_id, event) {
        events.push(event);
        return answer();
      },
    },
    onResult: (result) => results.push(result),
    onEvent: (event) => told.push(event),
  });
  onTestFinished(() => given.pause());
  return { given, events, results, told };
}

const ok: AsyncResult = { status: 'ok', payload: { outcome: 'caught_up' }, attempts: 1 };

test('a schedule fires as soon as it is made, and then once per period', async () => {
  const { given, events } = scheduler();

  given.add(schedule);
  await vi.advanceTimersByTimeAsync(120_000);

  expect(events).toHaveLength(3);
});

test('what cannot be started is told, and started again after a period', async () => {
  const gone = new Error('there is no function poll');
  const { given, events, results, told } = scheduler(1, () => Promise.reject(gone));

  given.add(schedule);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(events).toHaveLength(2);
  expect(results).toEqual([]);
  expect(told).toEqual(
    Array(2).fill({ kind: 'not_started', schedule: 'every-minute', message: gone.message }),
  );
  await expect(given.fire('every-minute')).rejects.toThrow(gone);
});

test('speed shortens the period', async () => {
  const { given, events } = scheduler(60);

  given.add(schedule);
  await vi.advanceTimersByTimeAsync(3000);

  expect(events).toHaveLength(4);
});

test('what came of a start is told, with what the function got', async () => {
  const { given, results } = scheduler();

  given.add(schedule);
  await vi.advanceTimersByTimeAsync(0);

  expect(results).toEqual([{ schedule, functionName: 'poll', input: { feed: 'a:b' }, result: ok }]);
});

test('a disabled schedule fires by hand only', async () => {
  const { given, events } = scheduler();

  given.add({ ...schedule, isEnabled: false });
  await vi.advanceTimersByTimeAsync(120_000);
  const fired = await given.fire('PollSchedule');

  expect(events).toHaveLength(1);
  expect(fired.result).toEqual(ok);
});

test('a pause stops all starts, what is running goes on, and resuming fires at once', async () => {
  const running = Promise.withResolvers<AsyncResult>();
  const { given, events } = scheduler(1, () => running.promise);
  given.add(schedule);

  given.pause();
  await vi.advanceTimersByTimeAsync(120_000);
  const whilePaused = { events: events.length, running: given.running };
  running.resolve(ok);
  given.resume();
  await vi.advanceTimersByTimeAsync(0);

  expect(whilePaused).toEqual({ events: 1, running: 1 });
  expect({ events: events.length, running: given.running }).toEqual({ events: 2, running: 0 });
});

test('Scheduler’s own words in the input are replaced, others are left', async () => {
  const { given, events } = scheduler();
  const input =
    '{"at":"<aws.scheduler.scheduled-time>","arn":"<aws.scheduler.schedule-arn>","id":"<aws.scheduler.execution-id>","n":"<aws.scheduler.attempt-number>","x":"<b>"}';

  given.add({ ...schedule, input });

  expect(events).toEqual([
    {
      at: '2026-11-23T18:30:00Z',
      arn: schedule.arn,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      n: '1',
      x: '<b>',
    },
  ]);
});

test('a schedule that is not there cannot be fired', async () => {
  const { given } = scheduler();
  given.add(schedule);

  await expect(given.fire('nobody')).rejects.toThrow('there is no schedule nobody, only every-minute');
});

describe('a rate', () => {
  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 hour)', 3_600_000],
    ['rate(2 days)', 172_800_000],
  ])('%s', (expression, milliseconds) => {
    expect(readRate(expression)).toBe(milliseconds);
  });

  test.each([
    'rate(1 minutes)',
    'rate(2 minute)',
    'rate(0 minutes)',
    'cron(0 * * * ? *)',
    'at(2026-11-23T18:30:00)',
  ])('is refused when it is %s', (expression) => {
    expect(() => readRate(expression)).toThrow(
      `a schedule must be like rate(1 minute) or rate(5 minutes) here, got ${expression}`,
    );
  });
});

describe('a cron expression', () => {
  test('is kept as it is, and fires by hand only', () => {
    const cron = 'cron(0 8 ? * MON *)';

    expect(expressionOf(readExpression(cron))).toBe(cron);
    expect(readExpression('rate(5 minutes)')).toEqual({ periodMs: 300_000 });
    expect(() => readExpression('cron(0 8)')).toThrow('a schedule must be like rate(1 minute)');
  });
});
