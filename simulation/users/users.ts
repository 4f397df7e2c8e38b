/**
 * The users of the company: who comes when, which bugs they meet, and who stays away because of them.
 *
 * The error tracker's simulator reports what they met, and `activity.ts` writes down when they came, as the company's
 * own product would. Both compute it from the seed and the time of the start, so they are about the same people.
 */
import { type Change, type Company, changesUntil } from '../company.ts';
import type { Bug } from '../world/catalogue.ts';
import { type Activity, DAY_MS, type Danger, HORIZONS, type Log, live } from '../world/life.ts';
import { type Person, personOf } from '../world/person.ts';
import type { Stay } from '../world/releases.ts';
import { type ShopBug, shopBugs } from './bugs.ts';

const HOUR_MS = 3_600_000;

const USERS = 1500;

/** Days of activity before the first occurrence: how often somebody came says whether they will. */
const KNOWN_BEFORE = 28;

/** One user; no name or address is known of anybody. */
export interface User {
  readonly id: string;
  readonly platform: 'web' | 'ios';
  /** Milliseconds. */
  readonly signedUpAt: number;
  /** Uses what only engaged users open. */
  readonly isMember: boolean;
  readonly pays: boolean;
}

/** An occurrence of one of `shopBugs`. */
export interface Met {
  readonly bug: string;
  /** By number, from 0; null when the report does not say who it was. */
  readonly user: number | null;
  /** Milliseconds. */
  readonly at: number;
  readonly receivedAt: number;
}

export interface Users {
  /** By number, from 0. */
  readonly users: readonly User[];
  /** One row per user and day, by time. */
  readonly activity: readonly Activity[];
  /** By time of receipt. */
  readonly met: readonly Met[];
  /** Bug → releases in which it is in the shop, counted as `liveReleases` does. */
  readonly lives: ReadonlyMap<string, Lives>;
  /** Bug → users who did not come back within seven days because of it. What nobody could see, for tests. */
  readonly lost: ReadonlyMap<string, number>;
}

export interface Lives {
  readonly from: number;
  readonly releases: number;
}

/** The id of a user, for the product and for whoever reports on it. */
export const userId = (user: number): string => `user-${String(user).padStart(5, '0')}`;

/** All that happened until the start. */
export function usersOf(company: Company): Users {
  const { seed, startMs, sinceHours } = company;
  const pastMs = startMs - sinceHours * HOUR_MS;
  // Weekends are counted from a Monday.
  const firstMs = mondayBefore(pastMs - KNOWN_BEFORE * DAY_MS);
  const days = Math.ceil((startMs - firstMs) / DAY_MS);
  const span = { startMs: firstMs, days, windowFromDay: Math.ceil((pastMs - firstMs) / DAY_MS) };
  const releases = liveReleases(company);
  const lives = new Map(shopBugs.map((bug) => [bug.name, livesOf(bug, releases, company)]));
  const dangers = shopBugs.map((bug, index): Danger => {
    const stay = stayOf(lives.get(bug.name), releases, pastMs);
    return { bug: bugOf(bug, index + 1), stay, resolvedAt: Number.POSITIVE_INFINITY, rateAfter: bug.rate };
  });
  const log: Log = { symptom: null, activity: [], occurrences: [], indexDays: [] };
  const people = Array.from({ length: USERS }, (_none, user) => {
    const person = shopper(personOf(seed, user, days + HORIZONS[2], days));
    live(seed, user, person, dangers, span, log);
    return person;
  });
  const nameOf = (item: number): string => shopBugs[item - 1]?.name ?? '';
  const lost = new Map(shopBugs.map(({ name }) => [name, 0]));
  for (const { item, day, effects } of log.indexDays) {
    if (day + 7 < days) lost.set(nameOf(item), (lost.get(nameOf(item)) ?? 0) - (effects[1] ?? 0));
  }
  return {
    ...{ lives, lost },
    users: people.map((person, user) => userOf(person, user, firstMs)),
    activity: log.activity.filter(({ at }) => at < startMs).sort((one, other) => one.at - other.at),
    met: log.occurrences
      .filter(({ receivedAt }) => receivedAt < startMs)
      .map(({ item, user, isIdentified, at, receivedAt }) => ({
        ...{ bug: nameOf(item), user: isIdentified ? user : null, at, receivedAt },
      }))
      .sort((one, other) => one.receivedAt - other.receivedAt),
  };
}

/** When each release that succeeded went live in production, until the start; the one before the past is number 0. */
const liveReleases = (company: Company): readonly number[] =>
  changesUntil(company, company.startMs)
    .flatMap(({ production }: Change) => (production?.ending === 'succeeded' ? [production.endedMs] : []))
    .filter((endedMs) => endedMs < company.startMs)
    .sort((one, other) => one - other);

function livesOf({ lives }: ShopBug, releases: readonly number[], company: Company): Lives {
  const { startMs, sinceHours } = company;
  const firstAfter = (share: number): number => {
    const ms = startMs - (1 - share) * sinceHours * HOUR_MS;
    const index = releases.findIndex((release) => release > ms);
    return index < 0 ? releases.length + 1 : index + 1;
  };
  if (lives === undefined) return { from: 0, releases: Number.POSITIVE_INFINITY };
  const from = firstAfter(lives.from);
  const until = lives.until === undefined ? Number.POSITIVE_INFINITY : firstAfter(lives.until);
  return { from, releases: until - from };
}

function stayOf(lives: Lives | undefined, releases: readonly number[], pastMs: number): Stay {
  const { from, releases: count } = lives ?? { from: 0, releases: Number.POSITIVE_INFINITY };
  const liveFrom = (index: number): number =>
    index === 0 ? pastMs : (releases[index - 1] ?? Number.POSITIVE_INFINITY);
  return { from: liveFrom(from), until: liveFrom(from + count), broughtBy: null };
}

const bugOf = (bug: ShopBug, id: number): Bug => ({
  ...{ leave: 0, cut: 0, repeats: 0.2, report: 'session', hides: 0, isNew: false, isShort: false, fix: null },
  ...bug,
  ...{ id, kind: bug.leave === undefined && bug.cut === undefined ? 'harmless' : 'harmful' },
});

/** The shop has a website and one app. */
const shopper = (person: Person): Person =>
  person.platform === 'android' ? { ...person, platform: 'web' } : person;

const userOf = (
  { platform, signedUpDay, usesFeature, pays }: Person,
  user: number,
  firstMs: number,
): User => ({
  ...{ id: userId(user), platform: platform === 'ios' ? 'ios' : 'web', isMember: usesFeature, pays },
  signedUpAt: firstMs + signedUpDay * DAY_MS,
});

/** Midnight UTC of the last Monday. */
function mondayBefore(ms: number): number {
  const day = Math.floor(ms / DAY_MS);
  // Day 4 since 1970 was a Monday.
  return (day - ((day - 4) % 7)) * DAY_MS;
}
