/**
 * The feeds of a pipeline, as its schedules tell of them.
 */
import type { FeedEvent } from '../contract/feed.ts';
import { UsageError } from './command-line.ts';
import type { Start } from './ports.ts';

export interface PolledFeed {
  readonly functionArn: string;
  /** What the schedule sends: everything that a poll of the feed needs. */
  readonly event: FeedEvent;
}

/**
 * The feed with this name.
 * @throws {UsageError} naming the feeds that there are.
 */
export function feedIn(starts: readonly Start[], wanted: string): PolledFeed {
  const feeds = starts.flatMap(({ functionArn, input }) => {
    const event = eventIn(input);
    return event === null ? [] : [{ functionArn, event }];
  });
  const found = feeds.find(({ event }) => event.feed === wanted);
  if (found !== undefined) return found;
  const names = feeds.map(({ event }) => event.feed).sort();
  throw new UsageError(
    `--feed: there is no feed ${wanted} in this pipeline, ${names.length === 0 ? 'nor any other' : `only ${names.join(', ')}`}`,
  );
}

/** What starts a feed's polling; null for everything else that a schedule starts. */
function eventIn(input: string): FeedEvent | null {
  const event: unknown = JSON.parse(input);
  const isPolling = typeof event === 'object' && event !== null && 'feed' in event && !('task' in event);
  // The schedule was written by the stack; its function checks it once more.
  return isPolling ? (event as FeedEvent) : null;
}
