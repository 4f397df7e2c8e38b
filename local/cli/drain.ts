/**
 * `--until drained`: polls every feed until its vendor has nothing new, then lets everything flow through.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { RunSummary } from '../../contract/feed.ts';
import { RANK_TASK } from '../../contract/impact.ts';
import { pollPage } from '../../contract/ledger.ts';
import type { PollErrorKind } from '../../contract/producer.ts';
import { landingTable, SCHEMA } from '../../contract/redshift.ts';
import type { ScheduleDefinition, ScheduleResult } from '../stack/scheduler.ts';
import { isRunSummary } from './progress.ts';
import type { Session } from './session.ts';

/** What could not be done; nothing of it is lost, but the session did not end as it should. */
export type Failures = readonly string[];

/** Runs that may end with nothing unread although they brought something: a vendor that goes on reporting. */
const MAX_CAUGHT_UP_RUNS = 3;

/** A vendor that is away, or asks to wait, is waited for this long. */
const PATIENCE_MS = 10 * 60_000;

const RETRY_MS = 1000;

/** What asking again does not change. */
const LASTING: readonly PollErrorKind[] = ['unauthorized', 'not_found', 'unexpected_response'];

/** Tries before a failing loader, or an answer that asking again does not change, is believed. */
const MAX_TRIES = 3;

/**
 * Drains the pipeline.
 * @param say told what is waited for.
 */
export async function drain(
  session: Session,
  now: () => Date,
  say: (line: string) => void,
): Promise<Failures> {
  const schedules = session.stack.schedules.list();
  const feeds = schedules.filter((schedule) => feedOf(schedule) !== null);
  const failures = (
    await Promise.all(feeds.map((schedule) => pollUntilNothingNew(session, schedule, now)))
  ).flat();
  say('everything is polled; waiting for the stream');
  for (const mapping of session.stack.mappings) while (!(await mapping.isIdle())) await pause(50);
  say('the stream is read; delivering what is buffered');
  await session.services.firehose.flush();
  const others = schedules.filter((schedule) => eventOf(schedule).feed === undefined);
  failures.push(
    ...(await load(
      session,
      others.filter((schedule) => !isRanking(schedule)),
    )),
  );
  say('everything is in its final table; ranking');
  for (const { name } of schedules.filter(isRanking)) {
    const { result } = await session.stack.schedules.fire(name);
    if (result.status !== 'ok') failures.push(`the ranking: ${failureOf(result, name)}`);
  }
  const discarded = session.progress.discarded;
  if (discarded > 0) failures.push(`${discarded} records were given up between the stream and the delivery`);
  for (const { stream, copiesSkipped, lastError } of session.services.firehose.stats()) {
    if (copiesSkipped > 0)
      failures.push(
        `${stream}: ${copiesSkipped} batches could not be copied: ${lastError ?? 'no reason given'}`,
      );
  }
  return failures;
}

/** The feed that a schedule polls; null when it starts something else, or does something else with a feed. */
export function feedOf(schedule: ScheduleDefinition): string | null {
  const { feed, task } = eventOf(schedule);
  return typeof feed === 'string' && task === undefined ? feed : null;
}

/** True for the schedule of the ranking, which is worth starting only once there is something to rank. */
export const isRanking = (schedule: ScheduleDefinition): boolean => {
  const { feed, task } = eventOf(schedule);
  return feed === undefined && task === RANK_TASK;
};

function eventOf({ input }: ScheduleDefinition): Partial<Readonly<Record<'feed' | 'task', unknown>>> {
  const event: unknown = JSON.parse(input);
  return typeof event === 'object' && event !== null ? event : {};
}

async function pollUntilNothingNew(
  session: Session,
  schedule: ScheduleDefinition,
  now: () => Date,
): Promise<string[]> {
  const giveUpAt = now().getTime() + PATIENCE_MS;
  let caughtUp = 0;
  let tries = 0;
  for (;;) {
    const result = await session.stack.schedules.fire(schedule.name);
    const run = summaryOf(result);
    if (run?.outcome === 'caught_up') {
      caughtUp += 1;
      if (!broughtSomething(run) || caughtUp === MAX_CAUGHT_UP_RUNS) return [];
      continue;
    }
    if (run?.outcome === 'more') continue;
    tries += 1;
    const isFinal = run === null || (run.error !== null && LASTING.includes(run.error.kind));
    if (now().getTime() > giveUpAt || (isFinal && tries === MAX_TRIES))
      return [`${feedOf(schedule)}: ${whyNot(result, run)}`];
    await pause(RETRY_MS);
  }
}

const summaryOf = ({ result }: ScheduleResult): RunSummary | null =>
  result.status === 'ok' && isRunSummary(result.payload) ? result.payload : null;

const broughtSomething = ({ emitted }: RunSummary): boolean =>
  Object.entries(emitted).some(([type, count]) => type !== pollPage.name && count > 0);

function whyNot({ result }: ScheduleResult, run: RunSummary | null): string {
  if (run !== null) return run.error?.message ?? `the run ended as ${run.outcome}`;
  if (result.status === 'failed' && result.error !== null)
    return `${result.error.errorType}: ${result.error.errorMessage}`;
  return 'the function gave no answer';
}

const failureOf = (result: ScheduleResult['result'], name: string): string =>
  result.status === 'failed' && result.error !== null
    ? `${result.error.errorType}: ${result.error.errorMessage}`
    : `${name} could not be started`;

/** Runs what loads, all of it in turn, until the landing table is empty or does not get emptier. */
async function load(session: Session, schedules: readonly ScheduleDefinition[]): Promise<string[]> {
  let left = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; ) {
    const errors: string[] = [];
    for (const { name } of schedules) {
      const { result } = await session.stack.schedules.fire(name);
      if (result.status !== 'ok') errors.push(failureOf(result, name));
    }
    const landed = Number(
      (await session.services.warehouse.query(`select count(*) as n from ${SCHEMA}.${landingTable.name}`))
        .rows[0]?.n ?? 0,
    );
    if (landed === 0 && errors.length === 0) return [];
    tries = landed < left ? 1 : tries + 1;
    left = landed;
    if (tries === MAX_TRIES) {
      const reason = errors.length === 0 ? 'no final table takes them' : errors.join('; ');
      return [landed === 0 ? reason : `${landed} rows stay in the landing table: ${reason}`];
    }
    await pause(RETRY_MS);
  }
}
