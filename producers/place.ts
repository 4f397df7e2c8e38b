/**
 * Where a run stands: what is kept of a feed, or of one of its walks, from one run to the next.
 *
 * A feed's own polling never ends, so a cursor is all there is. A walk ends, and must be known to have ended: its
 * last run can be killed after the last page, or whoever started it can ask once more.
 */
import { walkKey } from '../contract/feed.ts';
import type { Page } from '../contract/producer.ts';
import type { Feed } from './feed-event.ts';

export interface Place {
  /** Null at the beginning. */
  readonly cursor: unknown;
  /** How far back a walk goes, ISO; null before it has begun, and for a feed's own polling. */
  readonly since: string | null;
  /** Oldest time reached, ISO; null when the producer does not say. */
  readonly reached: string | null;
  /** True for a walk with nothing unread behind it. */
  readonly isFinished: boolean;
}

export const BEGINNING: Place = { cursor: null, since: null, reached: null, isFinished: false };

type Way = Pick<Feed, 'feed' | 'walk'>;

/** The key of its item in the table of cursors. */
export const stateKey = ({ feed, walk }: Way): string => (walk === null ? feed : walkKey(feed, walk.name));

/** Reads a place. @param text as `placeText` wrote it; null before the first page. */
export function placeIn({ walk }: Way, text: string | null): Place {
  // Written here and by nobody else.
  const kept = text === null ? null : JSON.parse(text);
  if (walk === null) return { ...BEGINNING, cursor: kept };
  return kept === null ? BEGINNING : kept;
}

/** The place as JSON text; undefined when its cursor is no JSON. */
export function placeText({ walk }: Way, place: Place): string | undefined {
  // It answers undefined for what is no JSON, whatever its type says.
  const cursor: string | undefined = JSON.stringify(place.cursor);
  return walk === null || cursor === undefined ? cursor : JSON.stringify(place);
}

/** The place after a page. */
export function placeAfter(place: Place, page: Page<unknown>): Place {
  const reached = page.reached?.toISOString() ?? null;
  const isFurther = reached !== null && (place.reached === null || reached < place.reached);
  return {
    ...place,
    cursor: page.cursor,
    reached: isFurther ? reached : place.reached,
    isFinished: page.isCaughtUp ?? place.isFinished,
  };
}
