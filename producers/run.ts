/**
 * One run of one feed: takes the lease, polls, has each page put and its cursor saved, gives the lease back.
 *
 * A schedule fires at least once, so two runs of a feed can be alive at the same time. Only one gets the lease,
 * and every save asks again whether the lease is still its own: a run that was held up and comes back late puts
 * nothing more and moves no cursor. The lease ends by itself soon after its function must be over, because a
 * function that is killed gives nothing back.
 */
import type { Outcome, RunSummary } from '../contract/feed.ts';
import { type Scrubber, scrubber } from './credential.ts';
import type { Feed } from './feed-event.ts';
import { converse } from './http.ts';
import { clampWait } from './patience.ts';
import { stateKey } from './place.ts';
import { planOf } from './plan.ts';
import type { LogFields, Ports } from './ports.ts';
import { LostLease, RunBook } from './run-book.ts';
import { carryOut, type Ending, type Job, POLL_MARGIN_MS, type RunTools, type Settings } from './work.ts';

/** Putting stops this long before: the lease must still be given back. */
const PUT_MARGIN_MS = 2_000;

/** How much longer the lease lasts than its function can: the clocks of two containers differ by less. */
const LEASE_MARGIN_MS = 15_000;

/** A walk stops asking when less than this share of the vendor's quota is left: the rest is for the minute polling. */
const LEFT_TO_POLLING = 0.5;

/**
 * Runs a feed once. An error of the vendor is an outcome, not an exception.
 * @throws whatever else goes wrong, after the lease has been given back.
 */
export async function runFeed<Cursor, S extends Settings>(
  job: Job<Cursor, S>,
  ports: Ports,
): Promise<RunSummary> {
  const { clock, feeds, random } = ports;
  const { feed, producer } = job;
  const started = clock.now();
  const runId = newRunId(started, random);
  const scrub = scrubber(job.token);
  const log = scrubbedLog(ports, scrub, runFields(feed, runId));
  // Before the lease is taken: what fails here must not hold one.
  const conversation = converse(
    { producer, baseUrl: feed.baseUrl, token: job.token },
    {
      ...{ clock, random, scrub, warn: log.warn, remaining: () => job.remaining() - POLL_MARGIN_MS },
      leaves: feed.walk === null ? 0 : LEFT_TO_POLLING,
    },
  );
  const leaseUntil = started.getTime() + job.remaining() + LEASE_MARGIN_MS;
  const state = await feeds.acquire(stateKey(feed), runId, started.getTime(), leaseUntil);
  if (state === null) {
    log.info('skipped: another run holds the lease, or the vendor asked to wait', {});
    return idleRun(feed, runId, 'skipped');
  }
  let waitSeconds: number | null = null;
  let book: RunBook | null = null;
  const opensAt = (): number | null => notBefore(clock.now(), conversation.openFrom(), waitSeconds);
  try {
    const planned = planOf(feed, state);
    const { place } = planned;
    if (!planned.polls && !planned.counts)
      return { ...idleRun(feed, runId, 'caught_up'), reached: place.reached };
    const isInTheWay = feed.walk !== null && planned.polls && !(await makePollingForget(feed, runId, ports));
    if (isInTheWay && !planned.counts) {
      log.info('skipped: the feed is being polled, or the vendor asked to wait', {});
      return idleRun(feed, runId, 'skipped');
    }
    // To count is in nobody's way; the walk waits for the next run.
    const plan = isInTheWay ? { ...planned, polls: false, isPutOff: true } : planned;
    const { people, memory } = job;
    const remaining = () => job.remaining() - PUT_MARGIN_MS;
    const options = {
      ports,
      producer: producer.name,
      feed,
      startedAt: started,
      runId,
      people,
      scrub,
      memory,
    };
    book = new RunBook({ ...options, conversation, remaining, leaseUntil }, state, place);
    const ending = await workIntoBook(job, ports, { book, conversation, log, scrub, plan });
    waitSeconds = ending.waitSeconds;
    const used = conversation.quotaUsed();
    if (feed.walk === null && used !== null)
      ports.metrics.publish({ feed: feed.feed }, { QuotaUsedPercent: used });
    const until = opensAt();
    return {
      ...idleRun(feed, runId, ending.outcome, ending.error),
      ...book.tally,
      not_before: until === null ? null : new Date(until).toISOString(),
    };
  } finally {
    conversation.end();
    // What this run may have put must not be newer than what the next one puts, whatever the clock of that one says.
    const observedAt = book?.observedAt ?? null;
    // A lease that cannot be given back runs out by itself; that must not hide how the run ended.
    await feeds.release(stateKey(feed), runId, opensAt(), observedAt).catch((error: unknown) => {
      log.warn('the lease could not be given back', {
        reason: error instanceof Error ? error.name : 'unknown',
      });
    });
  }
}

/**
 * Takes the feed's own lease for a moment, which makes whoever polls it next forget what it has put. A fact can go
 * from A to B and back to A: if the polling put the first A and this walk puts B, the polling must put A again. What is
 * put from now on is newer than what the walk says. Both schedules of a feed fire at the same moment, so a run of the
 * polling is waited for; false when it takes longer.
 */
async function makePollingForget({ feed }: Feed, runId: string, { clock, feeds }: Ports): Promise<boolean> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const now = clock.now().getTime();
    if ((await feeds.acquire(feed, runId, now, now + LEASE_MARGIN_MS)) !== null) {
      await feeds.release(feed, runId, null, null);
      return true;
    }
    await clock.sleep(ATTEMPT_MS);
  }
  return false;
}

const MAX_ATTEMPTS = 15;
const ATTEMPT_MS = 1000;

const runFields = ({ feed, walk }: Feed, runId: string): LogFields => ({
  feed,
  ...(walk === null ? {} : { walk: walk.name }),
  run_id: runId,
});

/** The summary of a run that has put nothing. */
export function idleRun(
  { feed, walk }: Pick<Feed, 'feed' | 'walk'>,
  runId: string,
  outcome: Outcome,
  error: RunSummary['error'] = null,
): RunSummary {
  const nothing = { pages: 0, emitted: {}, unchanged: 0, reached: null, not_before: null };
  return { feed, walk: walk?.name ?? null, run_id: runId, outcome, ...nothing, error };
}

/** An id that sorts by time, such as 20261123T183000123Z-1f2e3d4c. */
export function newRunId(now: Date, random: () => number): string {
  const suffix = Math.floor(random() * 2 ** 32).toString(16);
  return `${now.toISOString().replace(/[-:.]/g, '')}-${suffix.padStart(8, '0')}`;
}

/** Polls, and leaves at least one page in the books: that the path is alive must show without facts, too. */
async function workIntoBook<Cursor, S extends Settings>(
  job: Job<Cursor, S>,
  ports: Ports,
  tools: RunTools,
): Promise<Ending> {
  try {
    const ending = await carryOut(job, ports, tools);
    if (tools.book.tally.pages === 0) {
      await tools.book.put({ records: [], cursor: tools.book.place.cursor });
    }
    return ending;
  } catch (error) {
    if (!(error instanceof LostLease)) throw error;
    tools.log.warn('stopped: the lease is lost, the run that has it goes on', { reason: error.message });
    return { outcome: 'more', error: null, waitSeconds: null };
  }
}

/** When the vendor wants to be asked again, ms since 1970; null when it does not mind. */
function notBefore(now: Date, openFrom: number, waitSeconds: number | null): number | null {
  const seconds = Math.max((openFrom - now.getTime()) / 1000, waitSeconds ?? 0);
  const wait = seconds > 0 ? clampWait(seconds) : null;
  return wait === null ? null : now.getTime() + wait * 1000;
}

/** A log whose lines name the run, and never the token: a producer's words can quote its vendor. */
function scrubbedLog({ log }: Ports, scrub: Scrubber, run: LogFields): Ports['log'] {
  const clean = (fields: LogFields): LogFields => {
    const entries = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? scrub.text(value) : value,
    ]);
    return { ...Object.fromEntries(entries), ...run };
  };
  return {
    info: (message, fields) => log.info(scrub.text(message), clean(fields)),
    warn: (message, fields) => log.warn(scrub.text(message), clean(fields)),
  };
}
