/**
 * What a run is to do, by its event and by what was kept: where to start, how far back, and whether to count.
 *
 * Reconciliation has two halves. The loader compares what the vendor counted with the final tables and leaves the
 * spans that differ, always the whole list as it is now; the producer walks back to the oldest of them and counts
 * once more. So nothing must be acknowledged, and either half can be killed at any time.
 */
import type { RepairSpan } from '../contract/feed.ts';
import type { Feed } from './feed-event.ts';
import { BEGINNING, type Place, placeIn } from './place.ts';
import type { FeedState } from './ports.ts';

export interface Plan {
  readonly place: Place;
  readonly since: Date;
  readonly polls: boolean;
  readonly counts: boolean;
  /** True when there is something to poll and it must wait for another run. */
  readonly isPutOff?: boolean;
}

/** @param state as it was when the lease was taken. */
export function planOf(feed: Feed, state: FeedState): Plan {
  const place = placeIn(feed, state.cursor);
  const isUnderWay = !place.isFinished && place.cursor !== null;
  if (feed.task === 'reconcile') {
    const oldest = isUnderWay ? null : oldestOf(state.spans);
    return {
      ...(oldest === null ? from(place, feed.since) : from(BEGINNING, oldest)),
      polls: isUnderWay || oldest !== null,
      counts: true,
    };
  }
  const { walk } = feed;
  if (walk === null) return { place, since: feed.since, polls: true, counts: false };
  const isOver = place.isFinished && !walk.isAgain;
  return {
    ...from(place.isFinished && walk.isAgain ? BEGINNING : place, walk.since),
    polls: !isOver,
    counts: false,
  };
}

/** A walk goes back as far as it was to when it began. */
function from(place: Place, since: Date): Pick<Plan, 'place' | 'since'> {
  const reachesTo = place.since ?? since.toISOString();
  return { place: { ...place, since: reachesTo }, since: new Date(reachesTo) };
}

/** @param spans as the loader left them, JSON text. */
function oldestOf(spans: string | undefined): Date | null {
  const wanted = spans === undefined ? [] : (JSON.parse(spans) as readonly RepairSpan[]);
  const times = wanted.map(({ since }) => Date.parse(since)).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : new Date(Math.min(...times));
}
