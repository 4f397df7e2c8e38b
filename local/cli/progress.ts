/**
 * What has passed each stop so far: the state behind the live view.
 */
import { type RunSummary, walkKey } from '../../contract/feed.ts';
import { pollPage } from '../../contract/ledger.ts';
import type { StackEvent } from '../stack/events.ts';

type Counts = Record<string, number>;

export interface FeedState {
  /** A walk's stands for itself, as `feed#walk`. */
  readonly feed: string;
  readonly runs: number;
  /** Records read again without change. */
  readonly unchanged: number;
  readonly last: RunSummary;
  readonly lastAt: Date;
}

/** Collects what the functions say. Its lifetime is one session. */
export class Progress {
  readonly startedAt: Date;
  readonly runs: RunSummary[] = [];
  readonly feeds = new Map<string, FeedState>();
  /** Record type → records put on the stream, as the producers say. */
  readonly polled: Counts = {};
  /** Records judged, as the transform says. */
  accepted = 0;
  readonly rejected: Counts = {};
  /** The newest troubles, oldest first: one line each. */
  readonly troubles: string[] = [];
  /** Records that an event source mapping gave up. */
  discarded = 0;
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
    this.startedAt = now();
  }

  run(summary: RunSummary): void {
    if (summary.outcome === 'skipped' && summary.pages === 0) return;
    this.runs.push(summary);
    const feed = summary.walk === null ? summary.feed : walkKey(summary.feed, summary.walk);
    const before = this.feeds.get(feed);
    this.feeds.set(feed, {
      ...{ feed, last: summary, lastAt: this.#now() },
      runs: (before?.runs ?? 0) + 1,
      unchanged: (before?.unchanged ?? 0) + summary.unchanged,
    });
    if (summary.pages > 0) add(this.polled, pollPage.name, summary.pages);
    for (const [type, count] of Object.entries(summary.emitted)) add(this.polled, type, count);
    if (summary.error !== null) this.trouble(`${summary.feed}: ${summary.error.message}`);
  }

  event(event: StackEvent): void {
    if (event.kind === 'metric') {
      const type = event.dimensions.record_type;
      if (event.name === 'RecordsAccepted') this.accepted += sum(event.values);
      if (event.name === 'RecordsRejected' && type !== undefined) add(this.rejected, type, sum(event.values));
    } else if (event.kind === 'invoked' && event.error !== null) {
      this.trouble(`${event.functionName}: ${event.error.errorType}: ${event.error.errorMessage}`);
    } else if (event.kind === 'discarded') {
      this.discarded += event.records;
      this.trouble(
        `${event.records} records given up by ${event.functionName}, kept at ${event.keptAt ?? 'no place: they are lost'}`,
      );
    } else if (event.kind === 'not_started') {
      this.trouble(`the schedule ${event.schedule} starts nothing: ${event.message}`);
    } else if (event.kind === 'poll_failed') {
      this.trouble(`the stream cannot be read: ${event.message}`);
    }
  }

  /** Notes a trouble, once in a row. */
  trouble(line: string): void {
    const short = line.replace(/\s+/g, ' ').slice(0, 300);
    if (this.troubles.at(-1) === short) return;
    this.troubles.push(short);
    if (this.troubles.length > 5) this.troubles.shift();
  }
}

/** True for what a producer's function answers. */
export function isRunSummary(payload: unknown): payload is RunSummary {
  return typeof payload === 'object' && payload !== null && 'run_id' in payload && 'outcome' in payload;
}

const add = (counts: Counts, type: string, count: number): void => {
  counts[type] = (counts[type] ?? 0) + count;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
