/**
 * Walks a feed's past: invokes its function again and again, until the walk is at its end.
 *
 * The walk itself, its cursor and what it leaves to the minute polling are the function's; here it is only asked for the
 * next slice, at the right time. Whatever may pass by itself is waited for, because a walk of days must not end at
 * night over an outage of a minute; whatever a person must mend ends it at once.
 */
import type { Outcome, RunSummary } from '../../contract/feed.ts';
import type { PollErrorKind } from '../../contract/producer.ts';
import type { Invoked } from '../ports.ts';

export interface BackfillTools {
  /** Asks for the next slice. @param isFirst no slice of this command has walked yet. */
  readonly slice: (isFirst: boolean) => Promise<Invoked>;
  readonly now: () => Date;
  /** Waits; ends early when stopped. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly stopped: AbortSignal;
  /** Told after each slice that did something. */
  readonly onSlice: (walked: Walked) => void;
  /** Told before each wait, with why. */
  readonly onWait: (milliseconds: number, reason: string) => void;
}

/** What has been walked by this command. */
export interface Walked {
  readonly slices: number;
  readonly pages: number;
  /** Record type → records put on the stream. */
  readonly emitted: Readonly<Record<string, number>>;
  /** Oldest time reached, ISO; null when the producer does not say. */
  readonly reached: string | null;
}

export type Ending =
  | { readonly end: 'finished' }
  /** Somebody, or this command before, has walked it to its end. */
  | { readonly end: 'finished before' }
  | { readonly end: 'stopped' }
  | { readonly end: 'failed'; readonly reason: string };

/** Between two tries while somebody else is in the way: a run lasts less than a minute. */
const BUSY_MS = 5_000;

/** A vendor that is away is asked again after this, doubled each time up to the last. */
const AWAY_MS = 5_000;
const MAX_AWAY_MS = 5 * 60_000;

/** In the way or away for so long without a slice: a person must look. A vendor makes us wait 15 minutes at most. */
const PATIENCE_MS = 30 * 60_000;

/** A function that fails as often in a row fails for a reason of its own. */
const MAX_FAILURES = 3;

/** What a person must do; the message says what is wrong. */
const TO_DO: Partial<Record<PollErrorKind, string>> = {
  unauthorized:
    'put a token that works into the secret of the feed (npm run token), then give the same command',
  not_found: 'correct the settings of the feed or the rights of its token, then give the same command',
  unexpected_response: 'the vendor answers what its documents do not say, the producer must learn it first',
};

/** Walks to the end, or until it cannot go on. */
export async function backfill(tools: BackfillTools): Promise<Ending & { readonly walked: Walked }> {
  const { now, stopped } = tools;
  let walked: Walked = { slices: 0, pages: 0, emitted: {}, reached: null };
  let [waits, failures] = [0, 0];
  let lastGoodAt = now().getTime();
  while (!stopped.aborted) {
    const answer = await tools.slice(walked.slices === 0);
    const run = answer.status === 'ok' && isRunSummary(answer.payload) ? answer.payload : null;
    if (run !== null && run.outcome !== 'skipped') {
      if (run.outcome === 'caught_up' && run.pages === 0 && walked.slices === 0)
        return { end: 'finished before', walked: { ...walked, reached: run.reached } };
      const before = walked;
      walked = add(walked, run);
      tools.onSlice(walked);
      if (run.outcome === 'caught_up') return { end: 'finished', walked };
      if (run.error === null || isFurther(before, walked, run)) {
        lastGoodAt = now().getTime();
        waits = 0;
      }
    }
    failures = answer.status === 'failed' ? failures + 1 : 0;
    const next = nextStep(answer, run, { waits, failures, now: now() });
    if ('stop' in next) return { end: 'failed', reason: next.stop, walked };
    if (next.waitMs === null) continue;
    waits += 1;
    if (now().getTime() + next.waitMs - lastGoodAt > PATIENCE_MS)
      return { end: 'failed', reason: `${next.reason}, for ${PATIENCE_MS / 60_000} minutes`, walked };
    tools.onWait(next.waitMs, next.reason);
    await tools.pause(next.waitMs);
  }
  return { end: 'stopped', walked };
}

type Step =
  /** Null: at once. */
  { readonly waitMs: number | null; readonly reason: string } | { readonly stop: string };

function nextStep(
  answer: Invoked,
  run: RunSummary | null,
  { waits, failures, now }: { readonly waits: number; readonly failures: number; readonly now: Date },
): Step {
  if (answer.status === 'busy') return { waitMs: BUSY_MS, reason: 'the function is busy' };
  if (answer.status === 'failed') {
    return failures === MAX_FAILURES
      ? { stop: `the function failed ${MAX_FAILURES} times in a row, ${answer.reason}; its log says more` }
      : { waitMs: BUSY_MS, reason: `the function failed, ${answer.reason}` };
  }
  if (run === null)
    return { stop: 'the function answered what no producer does; deploy this version of the stack' };
  if (run.outcome === 'skipped') return { waitMs: BUSY_MS, reason: IN_THE_WAY };
  if (run.error === null) return { waitMs: null, reason: '' };
  const { kind, message } = run.error;
  const toDo = TO_DO[kind];
  if (toDo !== undefined) return { stop: `${message}; ${toDo}` };
  const asked = run.not_before === null ? null : Math.max(0, Date.parse(run.not_before) - now.getTime());
  return { waitMs: asked ?? Math.min(MAX_AWAY_MS, AWAY_MS * 2 ** waits), reason: message };
}

const IN_THE_WAY = 'another run of the feed or of this walk is at work, or the vendor asked to wait';

/** A run that ended early can have walked a good way before. */
const isFurther = (before: Walked, after: Walked, { emitted, unchanged }: RunSummary): boolean =>
  Object.keys(emitted).length > 0 || unchanged > 0 || before.reached !== after.reached;

const OUTCOMES: readonly Outcome[] = ['caught_up', 'more', 'skipped', 'failed'];

function isRunSummary(payload: unknown): payload is RunSummary {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'walk' in payload &&
    typeof payload.walk === 'string' &&
    'outcome' in payload &&
    OUTCOMES.some((outcome) => outcome === payload.outcome)
  );
}

function add(walked: Walked, run: RunSummary): Walked {
  const emitted: Record<string, number> = { ...walked.emitted };
  for (const [type, count] of Object.entries(run.emitted)) emitted[type] = (emitted[type] ?? 0) + count;
  return {
    slices: walked.slices + 1,
    pages: walked.pages + run.pages,
    emitted,
    reached: run.reached ?? walked.reached,
  };
}
