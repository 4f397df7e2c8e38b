/**
 * The function of a producer: one invocation is one run of one feed.
 *
 * What a vendor does wrong is the run's outcome and a metric, so that the function's own error count stays what
 * it should be: a sign that something of ours is broken.
 */
import type { FeedEvent, RunSummary } from '../contract/feed.ts';
import { PollError, type Producer } from '../contract/producer.ts';
import { type Credential, CredentialCache, peopleOf, scrubber } from './credential.ts';
import { checkEvent, type Feed } from './feed-event.ts';
import { UnchangedMemory } from './memory.ts';
import { stateKey } from './place.ts';
import type { Metrics, Ports } from './ports.ts';
import { idleRun, newRunId, runFeed } from './run.ts';
import type { Settings } from './work.ts';

/** What of Lambda's context is used. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export type FeedHandler = (event: FeedEvent, context: FunctionContext) => Promise<RunSummary>;

/**
 * Makes the handler. What it keeps from one run to the next (credentials for a few minutes, what was put last)
 * lives as long as it does.
 */
export function createHandler<Cursor, S extends Settings>(
  producer: Producer<Cursor, S>,
  ports: Ports,
): FeedHandler {
  const credentials = new CredentialCache(ports.secrets, ports.clock);
  const memories = new Map<string, UnchangedMemory>();

  return async (event, context) => {
    const started = ports.clock.now();
    const feed = checkEvent(producer, event, started);
    const remaining = () => context.getRemainingTimeInMillis();
    const key = stateKey(feed);
    const memory = memories.get(key) ?? new UnchangedMemory();
    memories.set(key, memory);

    const run = async (credential: Credential): Promise<RunSummary> => {
      try {
        const people = peopleOf(feed.people, credential, feed.secretArn);
        return await runFeed({ producer, feed, token: credential.token, people, memory, remaining }, ports);
      } catch (error) {
        throw withoutToken(error, credential.token);
      }
    };
    const summary = await orFailed(feed, ports, async () => {
      const credential = await credentials.read(feed.secretArn);
      const first = await orFailed(feed, ports, () => run(credential));
      if (first.error?.kind !== 'unauthorized') return first;
      // It may have been changed since it was read: nobody should be woken for that.
      credentials.forget(feed.secretArn);
      const fresh = await credentials.read(feed.secretArn);
      const isSame = fresh.token === credential.token && fresh.personKey === credential.personKey;
      return isSame ? first : run(fresh);
    });
    report(ports, summary, (ports.clock.now().getTime() - started.getTime()) / 1000);
    return summary;
  };
}

/** A secret without a usable token is a failed run like one whose token the vendor refuses. */
async function orFailed(feed: Feed, ports: Ports, run: () => Promise<RunSummary>): Promise<RunSummary> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PollError)) throw error;
    const runId = newRunId(ports.clock.now(), ports.random);
    return idleRun(feed, runId, 'failed', { kind: error.kind, message: error.message });
  }
}

/** Lambda writes what is thrown to the log, with message, stack and cause. */
function withoutToken(error: unknown, token: string): unknown {
  if (!(error instanceof Error)) return error;
  const scrub = scrubber(token);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const written = `${cause.message}\n${cause.stack ?? ''}`;
    if (scrub.text(written) !== written) return new Error(scrub.text(error.message));
  }
  return error;
}

function report({ log, metrics }: Ports, summary: RunSummary, seconds: number): void {
  const { feed, walk, error, outcome } = summary;
  if (error === null) log.info('run', { ...summary, seconds });
  else log.warn('run', { ...summary, seconds });
  if (walk !== null) {
    // Under dimensions of their own: what a walk does must not look like the feed's polling, nor hide its silence.
    const { RecordsEmitted = 0, PollFailed = 0 } = measured(summary, seconds);
    metrics.publish({ feed, walk }, { RecordsEmitted, PollFailed });
    return;
  }
  metrics.publish({ feed }, measured(summary, seconds));
  if (outcome === 'failed' && error !== null) metrics.publish({ feed, kind: error.kind }, { PollFailed: 1 });
}

/**
 * The metrics of a run under the dimension `feed`. Zeros are published too, so that an alarm can tell "none"
 * from "no run". `PollFailed` leaves out rate limits, about which nobody must do anything; under the dimensions
 * `feed` and `kind` it counts every failure.
 */
function measured(summary: RunSummary, seconds: number): Parameters<Metrics['publish']>[1] {
  const { error, outcome, pages, emitted, unchanged } = summary;
  const isRateLimited = error?.kind === 'rate_limited';
  return {
    Pages: pages,
    RecordsEmitted: Object.values(emitted).reduce((sum, count) => sum + count, 0),
    RecordsUnchanged: unchanged,
    PollFailed: error !== null && !isRateLimited ? 1 : 0,
    Unauthorized: error?.kind === 'unauthorized' ? 1 : 0,
    RateLimited: isRateLimited ? 1 : 0,
    Skipped: outcome === 'skipped' ? 1 : 0,
    RunSeconds: seconds,
  };
}
