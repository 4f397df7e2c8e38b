/**
 * `npm start`: the whole pipeline on this machine. It synthesises the CDK app and runs the synthesised template.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SCHEMA } from '../contract/redshift.ts';
import { type Answer, answerLines, readAnswer } from './cli/answer.ts';
import { drain, feedOf, isRanking } from './cli/drain.ts';
import { flowOf, serveReport } from './cli/live-report.ts';
import { type Options, readOptions, UsageError, usage } from './cli/options.ts';
import { rankingLines } from './cli/ranking.ts';
import { type Session, startSession } from './cli/session.ts';
import { producerNames } from './cli/simulators.ts';
import { firstRunId, isComplete, rowCounts, type Summary, summarise } from './cli/summary.ts';
import { draw, type Readings, Screen } from './cli/view.ts';

const root = join(import.meta.dirname, '..');
const now = (): Date => new Date();
const screen = new Screen(process.stdout);

/** How often the live view reads the warehouse. */
const VIEW_MS = 1000;

async function main(): Promise<number> {
  const producers = producerNames(root);
  const options = readOptions(process.argv.slice(2), producers, now());
  if (options === 'help') {
    console.log(usage);
    return 0;
  }
  const startedAt = now();
  const stopped = new AbortController();
  let isRunning = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second time is meant; and before anything runs there is nothing to end well.
      if (stopped.signal.aborted || !isRunning) process.exit(130);
      stopped.abort();
    });
  }
  const say = (line: string): void => screen.print(line);
  const session = await startSession({ root, options, producers, environment: process.env, now, say });
  isRunning = true;
  try {
    const failures =
      options.until === 'drained'
        ? await untilDrained(session, stopped.signal)
        : await untilStopped(session, stopped.signal);
    return await report(session, options, startedAt, failures);
  } finally {
    await session.close();
  }
}

/** Shows the view while the pipeline is drained; a signal ends the waiting. */
async function untilDrained(session: Session, stopped: AbortSignal): Promise<readonly string[]> {
  const drained = new AbortController();
  const watching = watch(session, drained.signal);
  const draining = drain(session, now, (line) => screen.print(`drained?   ${line}`));
  const interrupted = new Promise<readonly string[]>((resolve) => {
    stopped.addEventListener('abort', () => resolve(['stopped before everything had arrived']), {
      once: true,
    });
  });
  try {
    return await Promise.race([draining, interrupted]);
  } finally {
    // What it still tries after an interruption is nobody's business any more.
    draining.catch(() => undefined);
    drained.abort();
    await watching;
  }
}

async function untilStopped(session: Session, stopped: AbortSignal): Promise<readonly string[]> {
  session.stack.schedules.resume();
  await watch(session, stopped);
  screen.print('stopping');
  session.stack.schedules.pause();
  return [];
}

/** Draws the view until the signal. */
async function watch(session: Session, signal: AbortSignal): Promise<void> {
  const query = session.services.warehouse.query;
  let hasRows = false;
  let seen: Seen = { readings: unread(session), ranking: [], answer: { run: null, items: [] } };
  const rank = rankOnceThere(session);
  const page = await serveReport({
    ...{ query, now },
    flow: () => flowOf(session.progress, seen.readings),
    answer: () => JSON.stringify([seen.answer.run, seen.answer.items.length, seen.ranking.length > 0]),
  });
  screen.print(`report     ${page.url}`);
  while (!signal.aborted) {
    try {
      seen = {
        readings: await read(session),
        ranking: await rankingLines(query, 5),
        answer: await readAnswer(query, 8),
      };
    } catch (error) {
      // What cannot be read now is still there: the view goes on, and the pipeline with it.
      const reason = error instanceof Error ? error.message : String(error);
      session.progress.trouble(`the warehouse does not answer, what is delivered waits: ${reason}`);
      seen = { ...seen, readings: { ...seen.readings, deliveries: session.services.firehose.stats() } };
    }
    const { readings, ranking, answer } = seen;
    const isRanked = rank(readings);
    if (!hasRows && ranking.length > 0) {
      hasRows = true;
      const seconds = ((now().getTime() - session.progress.startedAt.getTime()) / 1000).toFixed(1);
      screen.print(`first rows are in their final tables after ${seconds} s of running`);
    }
    screen.show([
      '',
      ...draw(session.progress, readings, now()),
      ...shown(isRanked ? answer : null, ranking),
    ]);
    await pause(VIEW_MS, undefined, { signal }).catch(() => undefined);
  }
  await page.close();
}

/** What was read last. */
interface Seen {
  readonly readings: Readings;
  readonly ranking: readonly string[];
  readonly answer: Answer;
}

/** The answer; until there is one, or beside the reason why there is none, what the pipeline alone can say. */
function shown(answer: Answer | null, ranking: readonly string[]): readonly string[] {
  const lines = answer === null ? [] : answerLines(answer, 8);
  const isAnswered = answer !== null && answer.items.length > 0 && answer.run?.refusal === null;
  const naive = isAnswered || ranking.length === 0 ? [] : ['', ...ranking];
  return [...naive, ...(lines.length === 0 ? [] : ['', ...lines])];
}

/**
 * Starts the ranking once what the feeds brought first is in its tables: its own schedule is a day long, and fires first
 * when there is nothing to rank. Where schedules are paused, somebody else starts it.
 * @returns to be called with every reading; true once there is an answer, or a reason why there is none.
 */
function rankOnceThere({ stack, progress }: Session): (readings: Readings) => boolean {
  const schedules = stack.schedules.list();
  const feeds = schedules.map(feedOf).filter((feed) => feed !== null);
  let awaited: number | null = null;
  let isStarted = false;
  let isDone = stack.schedules.isPaused;
  return ({ delivered }) => {
    if (isStarted || isDone) return isDone;
    if (awaited === null && feeds.every((feed) => progress.feeds.get(feed)?.last.outcome === 'caught_up'))
      awaited = sum(progress.polled);
    if (awaited === null || sum(delivered) + sum(progress.rejected) < awaited) return false;
    isStarted = true;
    const ended = schedules.filter(isRanking).map(({ name }) => stack.schedules.fire(name));
    void Promise.all(ended).then(() => {
      isDone = true;
    });
    return false;
  };
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** The readings before the first. */
const unread = ({ services }: Session): Readings => ({
  ...{ delivered: {}, rows: {}, freshnessSeconds: null },
  deliveries: services.firehose.stats(),
});

async function read({ services }: Session): Promise<Readings> {
  const { query } = services.warehouse;
  const { rows } = await query(
    `select record_type, count(*) as n from ${SCHEMA}.receipt group by record_type`,
  );
  const [newest] = (await query(`select max(polled_at)::varchar(40) as at from ${SCHEMA}.poll_page`)).rows;
  return {
    delivered: Object.fromEntries(rows.map((row) => [row.record_type ?? '', Number(row.n)])),
    rows: await rowCounts(query),
    deliveries: services.firehose.stats(),
    freshnessSeconds:
      newest?.at == null ? null : (now().getTime() - Date.parse(`${newest.at.replace(' ', 'T')}Z`)) / 1000,
  };
}

/** Says what was done and what is wrong; the exit code is 0 only when nothing is. */
async function report(
  session: Session,
  options: Options,
  startedAt: Date,
  failures: readonly string[],
): Promise<number> {
  const { query } = session.services.warehouse;
  const seconds = (now().getTime() - startedAt.getTime()) / 1000;
  const summary = await summarise(
    query,
    firstRunId(session.progress.startedAt),
    session.progress.runs,
    seconds,
    options.until !== null,
  );
  screen.clear();
  for (const line of draw(session.progress, await read(session), now())) screen.print(line);
  screen.print('');
  const answer = await readAnswer(query, 10);
  for (const line of shown(answer, await rankingLines(query, 10))) screen.print(line);
  screen.print('');
  const said = {
    ...summary,
    ranking: answer.items,
    ranking_run: answer.run,
    unneeded_grants: session.unneededGrants(),
  };
  if (options.until === null) {
    screen.print(
      `what is on its way stays where it is; npm start -- --data ${session.dataDir} goes on from here`,
    );
    if (options.json) screen.print(JSON.stringify(said));
    return 0;
  }
  for (const failure of [...failures, ...missing(summary)]) screen.print(`failed     ${failure}`);
  const isDone = failures.length === 0 && isComplete(summary);
  screen.print(isDone ? `drained    nothing is missing, after ${summary.seconds} s` : 'not drained');
  if (options.json) screen.print(JSON.stringify(said));
  return isDone ? 0 : 1;
}

const missing = (summary: Summary): readonly string[] =>
  Object.entries(summary.missing).map(
    ([type, count]) =>
      `${count} ${type} records are missing: they were put on the stream and neither delivered nor rejected`,
  );

const exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return error instanceof UsageError ? 2 : 1;
});
// Whatever still waits for something must not keep the program; what was written must be out.
process.stdout.write('', () => process.exit(exitCode));
