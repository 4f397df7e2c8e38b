/**
 * What a run does once it has the lease: polls page by page, counts at the source, or both.
 */
import { countRecord } from '../contract/count.ts';
import type { RunSummary } from '../contract/feed.ts';
import {
  type PollContext,
  PollError,
  type Producer,
  type Setting,
  type SettingsOf,
} from '../contract/producer.ts';
import type { People } from '../contract/redact.ts';
import type { Scrubber } from './credential.ts';
import { OutOfTime } from './failure.ts';
import type { Feed } from './feed-event.ts';
import type { Conversation } from './http.ts';
import type { UnchangedMemory } from './memory.ts';
import { clampWait } from './patience.ts';
import type { Plan } from './plan.ts';
import type { Ports } from './ports.ts';
import type { RunBook } from './run-book.ts';

export type Settings = Readonly<Record<string, Setting>>;

export interface Job<Cursor, S extends Settings> {
  readonly producer: Producer<Cursor, S>;
  readonly feed: Feed;
  readonly token: string;
  readonly people: People;
  readonly memory: UnchangedMemory;
  /** Milliseconds until the function is stopped. */
  readonly remaining: () => number;
}

export interface RunTools {
  readonly book: RunBook;
  readonly conversation: Conversation;
  readonly log: Ports['log'];
  readonly scrub: Scrubber;
  readonly plan: Plan;
}

export type Ending = Pick<RunSummary, 'outcome' | 'error'> & { readonly waitSeconds: number | null };

/** Polling stops this long before the function does: the page at hand must still be put and its cursor saved. */
export const POLL_MARGIN_MS = 5_000;

/** Does what is planned. What the vendor does wrong is an ending, not an exception. */
export async function carryOut<Cursor, S extends Settings>(
  job: Job<Cursor, S>,
  ports: Ports,
  tools: RunTools,
): Promise<Ending> {
  const { plan, scrub } = tools;
  const context = contextOf(job, ports, tools);
  const polled = plan.polls
    ? await endingOf(scrub, () => pollPages(job, context, tools))
    : ended(plan.isPutOff !== true);
  if (!plan.counts || polled.error !== null) return polled;
  const counted = await endingOf(scrub, () => countAtSource(job, context, tools));
  return counted.outcome === 'caught_up' ? polled : counted;
}

const ended = (isCaughtUp: boolean): Ending => ({
  outcome: isCaughtUp ? 'caught_up' : 'more',
  error: null,
  waitSeconds: null,
});

async function endingOf(scrub: Scrubber, work: () => Promise<boolean>): Promise<Ending> {
  try {
    return ended(await work());
  } catch (error) {
    if (error instanceof OutOfTime) return ended(false);
    if (!(error instanceof PollError)) throw error;
    return {
      outcome: 'failed',
      error: { kind: error.kind, message: scrub.text(error.message) },
      waitSeconds: error.kind === 'rate_limited' ? clampWait(error.retryAfterSeconds) : null,
    };
  }
}

function contextOf<Cursor, S extends Settings>(
  { feed }: Job<Cursor, S>,
  { clock }: Ports,
  { conversation, log, plan }: RunTools,
): Omit<PollContext<Cursor, SettingsOf<S>>, 'cursor'> {
  return {
    http: conversation.http,
    // The event was checked against the very declaration from which this type follows.
    settings: feed.settings as SettingsOf<S>,
    since: plan.since,
    now: () => clock.now(),
    log: (message, fields = {}) => log.info(message, fields),
  };
}

type Context<Cursor, S extends Settings> = ReturnType<typeof contextOf<Cursor, S>>;

/** Polls until the vendor has nothing more or the time is up; true when nothing is left. */
async function pollPages<Cursor, S extends Settings>(
  { producer, remaining }: Job<Cursor, S>,
  context: Context<Cursor, S>,
  { book }: RunTools,
): Promise<boolean> {
  let isCaughtUp = false;
  // Written by this producer and by nobody else.
  const cursor = book.place.cursor as Cursor | null;
  for await (const page of producer.poll({ ...context, cursor })) {
    await book.put(page);
    isCaughtUp = page.isCaughtUp === true;
    if (remaining() <= POLL_MARGIN_MS) break;
  }
  return isCaughtUp;
}

/** Puts what the vendor says it holds on the stream, as a page of its own. */
async function countAtSource<Cursor, S extends Settings>(
  { producer, feed }: Job<Cursor, S>,
  context: Context<Cursor, S>,
  { book }: RunTools,
): Promise<boolean> {
  const counts = (await producer.counts?.({ ...context, since: feed.since })) ?? [];
  const countedAt = context.now();
  const records = counts.map((counted) => countRecord(feed.feed, counted, countedAt));
  await book.put({ records, cursor: book.place.cursor });
  return true;
}
