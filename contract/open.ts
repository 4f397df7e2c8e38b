/**
 * The open set: what was seen in a state that can still change, and so must be read again until it has settled.
 *
 * It is bounded twice, by age and by number, because it stands in a cursor: what nobody finished in so long never
 * will be, and of too many the oldest give way.
 */

/** Keys with the time since when each is open (unix seconds), in the order in which they have their turns. */
export type Open = readonly (readonly [key: string, since: number])[];

/** How something was seen just now. */
export interface Seen {
  readonly key: string;
  readonly isOpen: boolean;
  /** Unix seconds. */
  readonly since: number;
}

export interface OpenBounds {
  readonly count: number;
  readonly seconds: number;
}

/** The set after something was seen: who has settled leaves, who is open enters, those beyond the bounds give way. */
export function openAfter(open: Open, seen: Iterable<Seen>, now: number, bounds: OpenBounds): Open {
  const still = new Map(open);
  for (const { key, isOpen, since } of seen) {
    if (isOpen) still.set(key, still.get(key) ?? since);
    else still.delete(key);
  }
  const recent = [...still].filter(([, since]) => now - since < bounds.seconds);
  const kept = new Set([...recent].sort(([, a], [, b]) => b - a).slice(0, bounds.count));
  // In their old order, which is that of the next turn.
  return recent.filter((entry) => kept.has(entry));
}
