/**
 * The users of the simulated company, whose returning is caused by some of its bugs and not by others.
 *
 * Everything follows from the seed. What a team would see is plain data: users, their activity, occurrences, items,
 * releases, resolves. What nobody could see, but a test wants to know, is in `truth`.
 */
import { randomFor } from '../random.ts';
import { type Bug, CAUSE, catalogue, REDUCED_TO } from './catalogue.ts';
import {
  type Activity,
  DAY_MS,
  type Danger,
  HORIZONS,
  type IndexDay,
  type Log,
  live,
  type Occurrence,
} from './life.ts';
import { type Person, personOf } from './person.ts';
import { deploysOf, type Release, type Resolve, releasesOf, resolvesOf, stayOf } from './releases.ts';

export interface WorldSettings {
  readonly seed: number;
  readonly users: number;
  /** Days of data, whole UTC days; the last of them is complete. */
  readonly days: number;
  /** Last days in which what was met counts; bugs are met from 30 days before on. */
  readonly windowDays: number;
  /** Midnight UTC of a Monday, in milliseconds. */
  readonly startMs: number;
  /** Raises the rates, so that few users meet enough. */
  readonly rateScale: number;
  /** 0: no bug harms anybody. */
  readonly effectScale: number;
}

/** The world of the method's acceptance: 20,000 users, 160 days. */
export const worldDefaults: WorldSettings = {
  ...{ seed: 1, users: 20_000, days: 160, windowDays: 70 },
  ...{ startMs: Date.UTC(2026, 0, 5), rateScale: 1, effectScale: 1 },
};

/** A small one, for tests and for looking at. */
export const smallWorld: WorldSettings = { ...worldDefaults, users: 1500, rateScale: 3 };

export interface World {
  readonly settings: WorldSettings;
  /** By number, from 0. */
  readonly users: readonly Person[];
  /** One row per user and day with a session. */
  readonly activity: readonly Activity[];
  readonly occurrences: readonly Occurrence[];
  readonly items: readonly Item[];
  readonly releases: readonly Release[];
  readonly resolves: readonly Resolve[];
  readonly truth: ReadonlyMap<number, ItemTruth>;
}

export interface Item {
  readonly id: number;
  readonly title: string;
  readonly level: 'error' | 'warning' | 'critical';
  readonly isInForeground: boolean;
}

/** What an item really does, per horizon in days. */
export interface ItemTruth {
  readonly bug: Bug;
  /** Release that brought it; null when it is older than the data. */
  readonly broughtBy: Release | null;
  readonly atHorizon: Readonly<Record<(typeof HORIZONS)[number], Effect>>;
}

export interface Effect {
  /** Index days whose outcome can be seen: the horizon ends within the data. */
  readonly indexDays: number;
  /** Their mean change of the chance to return; negative means harm. */
  readonly rd: number;
  /** Users lost over all index days of the window; the truth of the last ones is known, too. */
  readonly lost: number;
}

export const userId = (user: number): string => `u${String(user).padStart(6, '0')}`;

export function makeWorld(settings: WorldSettings): World {
  const { seed, startMs, days, windowDays, rateScale, effectScale } = settings;
  if (days < windowDays + 30) {
    throw new RangeError(`days must be at least windowDays + 30 = ${windowDays + 30}, got ${days}`);
  }
  const bugs = catalogue(randomFor(seed, 'bugs'), rateScale, effectScale);
  const releases = releasesOf(seed, startMs, days);
  const dayMs = (day: number) => startMs + day * DAY_MS;
  const windowFromDay = days - windowDays;
  const span = { from: dayMs(windowFromDay - 30), until: dayMs(days), windowFrom: dayMs(windowFromDay) };
  const resolves = resolvesOf(seed, bugs, dayMs(days));
  const deploys = deploysOf(releases);
  const dangers = bugs.map((bug): Danger => {
    const rateAfter = bug.fix === 'fixed' ? 0 : bug.fix === 'reduced' ? bug.rate * REDUCED_TO : bug.rate;
    const resolvedAt = resolves.find(({ item }) => item === bug.id)?.at ?? Number.POSITIVE_INFINITY;
    return { bug, stay: stayOf(seed, bug, deploys, span), resolvedAt, rateAfter };
  });
  const symptom = bugs.find(({ kind }) => kind === 'symptom') ?? null;
  const log: Log = { symptom, activity: [], occurrences: [], indexDays: [] };
  const users = Array.from({ length: settings.users }, (_none, user) => {
    // Four weeks more: what would have become of those who met a bug on the last day.
    const person = personOf(seed, user, days + HORIZONS[2], days);
    live(seed, user, person, dangers, { startMs, days, windowFromDay }, log);
    return person;
  });
  const { activity, occurrences, indexDays } = log;
  const truth = new Map(
    dangers.map(({ bug, stay }) => [bug.id, truthOf(bug, stay.broughtBy, indexDays, days)]),
  );
  const seen = occurrences.filter(({ receivedAt }) => receivedAt < span.until);
  return { settings, users, activity, occurrences: seen, items: bugs.map(itemOf), releases, resolves, truth };
}

const itemOf = ({ id, name, kind, report }: Bug): Item => ({
  ...{ id, title: `${name}: ${kind === 'harmful' ? 'unexpected state' : 'request failed'}` },
  level: report === 'next_launch' || name === CAUSE.name ? 'critical' : id % 3 === 0 ? 'warning' : 'error',
  isInForeground: report !== 'job',
});

function truthOf(bug: Bug, broughtBy: Release | null, all: readonly IndexDay[], days: number): ItemTruth {
  const mine = all.filter(({ item }) => item === bug.id);
  const at = (index: number): Effect => {
    const complete = mine.filter(({ day }) => day + (HORIZONS[index] ?? 0) <= days - 1);
    const sum = (among: typeof mine) =>
      among.reduce((total, { effects }) => total + (effects[index] ?? 0), 0);
    const rd = complete.length === 0 ? 0 : sum(complete) / complete.length;
    return { indexDays: complete.length, rd, lost: 0 - sum(mine) };
  };
  return { bug, broughtBy, atHorizon: { 1: at(0), 7: at(1), 28: at(2) } };
}
