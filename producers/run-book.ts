/**
 * What one run has put on the stream: its pages, its numbers, and the feed's state in the table.
 *
 * A page goes on the stream first, its entry in the books second, and its cursor is saved third: a crash in between
 * repeats the page, another order would lose it or miss what was never put. Nothing but the page at hand is kept.
 */
import type { RunSummary } from '../contract/feed.ts';
import type { Page } from '../contract/producer.ts';
import { type Entry, putAll } from '../contract/put-records.ts';
import type { People } from '../contract/redact.ts';
import type { Scrubber } from './credential.ts';
import type { Feed } from './feed-event.ts';
import type { Conversation } from './http.ts';
import type { UnchangedMemory } from './memory.ts';
import { type Place, placeAfter, placeText, stateKey } from './place.ts';
import type { FeedState, Ports } from './ports.ts';
import { sealPage } from './seal.ts';

export interface RunBookOptions {
  readonly ports: Pick<Ports, 'clock' | 'feeds' | 'random' | 'stream'>;
  readonly producer: string;
  readonly feed: Pick<Feed, 'feed' | 'walk'>;
  /** The vendor was asked nothing before. */
  readonly startedAt: Date;
  readonly runId: string;
  readonly people: People;
  readonly scrub: Scrubber;
  readonly memory: UnchangedMemory;
  readonly conversation: Pick<Conversation, 'requests' | 'takeUnread'>;
  /** Milliseconds until putting must be given up. */
  readonly remaining: () => number;
  /** Until when the lease lasts, ms since 1970. */
  readonly leaseUntil: number;
}

/** The lease is somebody else's, or has run out. */
export class LostLease extends Error {
  override readonly name = 'LostLease';
}

/** DynamoDB holds 400 KB an item; a cursor is a bookmark and comes nowhere near. */
const MAX_CURSOR_BYTES = 300_000;

const REPEATED = 'the cursor has not moved, the next run repeats the page';

/** A walk's facts are dated so much before its run, because the clocks of two containers differ by less. */
const CLOCKS_DIFFER_MS = 15_000;

/** The books of a run that holds the lease. */
export class RunBook {
  readonly #options: RunBookOptions;
  #state: FeedState;
  #place: Place;
  #observedAt: string | null = null;
  #nextSeq = 1;
  #pages = 0;
  #unchanged = 0;
  readonly #emitted: Record<string, number> = {};

  /** @param state as it was when the lease was taken. @param place where to start, by that state. */
  constructor(options: RunBookOptions, state: FeedState, place: Place) {
    this.#options = options;
    this.#state = state;
    this.#place = place;
    options.memory.startRun(state.version, options.feed.walk !== null && place.cursor === null);
  }

  /** What was saved last. */
  get place(): Place {
    return this.#place;
  }

  /** `observed_at` of the last page that was put, or of which nobody knows whether it was; null before the first. */
  get observedAt(): string | null {
    return this.#observedAt;
  }

  /** What has been put so far. */
  get tally(): Pick<RunSummary, 'pages' | 'emitted' | 'unchanged' | 'reached'> {
    const { reached } = this.#place;
    return { pages: this.#pages, emitted: { ...this.#emitted }, unchanged: this.#unchanged, reached };
  }

  /**
   * Puts a page with its `poll_page` and saves its cursor.
   * @throws {LostLease} when the lease is no longer this run's; the cursor is then not moved.
   */
  async put(page: Page<unknown>): Promise<void> {
    const { ports, producer, feed, startedAt, runId, people, scrub, memory, conversation, ...limits } =
      this.#options;
    const { remaining, leaseUntil } = limits;
    const now = ports.clock.now();
    if (now.getTime() >= leaseUntil) throw new LostLease('the lease has run out');
    const place = placeAfter(this.#place, page);
    const cursor = checkedText(placeText(feed, place), producer);
    const observedAt = later(feed.walk === null ? now : before(startedAt), this.#state.observedAt);
    this.#observedAt = observedAt;
    const content = {
      records: page.records,
      unread: conversation.takeUnread(),
      isCaughtUp: page.isCaughtUp === true,
      page: this.#pages + 1,
      requests: conversation.requests(),
    };
    const said = { feed: feed.feed, walk: feed.walk?.name ?? null, producer, runId };
    const origin = { ...said, observedAt, now: now.toISOString(), people, scrub };
    const entries = sealPage(content, origin, this.#nextSeq, memory);
    const tally = await putAll(entries, { ...ports, remaining, otherwise: REPEATED });
    // In one call with its records it can be taken when some of them are not: should the run die then, the books
    // would miss for ever what the next run puts under its own name.
    await putAll(only(tally.booking), { ...ports, remaining, otherwise: REPEATED });
    memory.add(tally.facts);
    this.#pages += 1;
    this.#nextSeq = tally.nextSeq;
    this.#unchanged += tally.unchanged;
    for (const [type, count] of Object.entries(tally.emitted))
      this.#emitted[type] = (this.#emitted[type] ?? 0) + count;
    const state = { cursor, observedAt, version: this.#state.version + 1 };
    if (!(await ports.feeds.save(stateKey(feed), runId, state)))
      throw new LostLease('another run has the lease');
    this.#state = state;
    this.#place = place;
    memory.saved(state.version);
  }
}

function* only(entry: Entry): Generator<Entry, void> {
  yield entry;
}

function checkedText(text: string | undefined, producer: string): string {
  const bytes = Buffer.byteLength(text ?? '');
  if (text !== undefined && bytes <= MAX_CURSOR_BYTES) return text;
  const got = text === undefined ? 'what is no JSON' : `${bytes} bytes`;
  throw new TypeError(
    `the cursor of ${producer} must be JSON of at most ${MAX_CURSOR_BYTES} bytes, got ${got}; keep its open set bounded`,
  );
}

/**
 * When a walk's facts were seen, for certain not too late. It runs beside the feed's own polling: a state that it
 * read first and put last must not look newer than what the polling read and put in between.
 */
const before = (startedAt: Date): Date => new Date(startedAt.getTime() - CLOCKS_DIFFER_MS);

/** Now, or a millisecond after the page before, if the clock has gone back since. */
function later(now: Date, last: string | null): string {
  const earliest = last === null ? 0 : Date.parse(last) + 1;
  return new Date(Math.max(now.getTime(), earliest)).toISOString();
}
