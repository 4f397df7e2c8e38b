/**
 * The life of one user in the app: the days on which they come, the bugs they meet, and what these do to them.
 *
 * What a bug costs is known here, because it is caused here. On every index day the user is followed twice, with the bug
 * and without it, through the same days, the same drift and the same other bugs; the draw of the return itself is
 * integrated out, which is what infinitely many common random numbers would give. Only the next active day counts, and
 * until then nobody meets a bug, so both futures are known in full.
 */
import { type Random, randomFor } from '../random.ts';
import { type Bug, CAUSE } from './catalogue.ts';
import { poisson } from './chance.ts';
import { churnOf, type Person } from './person.ts';
import type { Stay } from './releases.ts';

export const DAY_MS = 86_400_000;
export const HORIZONS = [1, 7, 28] as const;

/** Days between two exposures that begin a new episode. */
const WASHOUT = 28;
const CUT_DAYS = 7;
const UNIDENTIFIED = 0.08;
const HALVED = 0.3;

/** A bug of this world, with all that decides whether it can be met. */
export interface Danger {
  readonly bug: Bug;
  readonly stay: Stay;
  readonly resolvedAt: number;
  readonly rateAfter: number;
}

export interface Activity {
  readonly user: number;
  /** First session of the day, in milliseconds. */
  readonly at: number;
  readonly sessions: number;
}

export interface Occurrence {
  readonly item: number;
  readonly user: number;
  readonly isIdentified: boolean;
  /** When it happened, and when the error tracker heard of it; milliseconds. */
  readonly at: number;
  readonly receivedAt: number;
}

/** An index day, and what the item did to the chance of a return within each of `HORIZONS`. */
export interface IndexDay {
  readonly item: number;
  readonly day: number;
  readonly effects: readonly number[];
}

export interface Span {
  readonly startMs: number;
  /** Days of data; the person is known for longer. */
  readonly days: number;
  readonly windowFromDay: number;
}

export interface Log {
  /** The bug that comes along with its cause. */
  readonly symptom: Bug | null;
  readonly activity: Activity[];
  readonly occurrences: Occurrence[];
  readonly indexDays: IndexDay[];
}

interface State {
  readonly random: Random;
  /** Per bug: last identified day, and last day of its cut. */
  readonly lastMet: Int32Array;
  readonly cutUntil: Int32Array;
  /** Crashes that wait for the next launch. */
  waiting: Omit<Occurrence, 'receivedAt'>[];
}

interface Meeting {
  readonly bug: Bug;
  readonly isIdentified: boolean;
}

/** Lives one user's days and writes down what can be seen of them, and what cannot. */
export function live(
  seed: number,
  user: number,
  person: Person,
  dangers: readonly Danger[],
  span: Span,
  log: Log,
): void {
  const bugs = Math.max(...dangers.map(({ bug }) => bug.id)) + 1;
  const state: State = {
    random: randomFor(seed, 'life', user),
    lastMet: new Int32Array(bugs).fill(-1_000_000),
    cutUntil: new Int32Array(bugs).fill(-1),
    waiting: [],
  };
  const within = dangers.filter(({ bug }) => canMeet(bug, person));
  const inSession = within.filter(({ bug }) => bug.report !== 'job');
  const jobs = within.filter(({ bug }) => bug.report === 'job');
  for (let day = Math.max(0, person.signedUpDay); day < span.days; day += 1) {
    for (const { bug, stay } of jobs) {
      const at = span.startMs + day * DAY_MS + state.random.integer(3600, 4 * 3600) * 1000;
      if (at >= stay.from && state.random.isChance(bug.rate)) report(bug, user, at, state, log);
    }
    const isFirst = day === person.signedUpDay;
    const chance = (person.returning[day] ?? 0) * cutOn(day, dangers, state);
    if (!isFirst && !state.random.isChance(chance)) continue;
    const met = spend(day, user, person, inSession, span, state, log);
    follow(day, person, met, dangers, span, state, log);
    const stays = met.reduce((share, { bug }) => share * (1 - bug.leave), 1 - churnOf(person, day));
    for (const { bug } of met) if (bug.cut > 0) state.cutUntil[bug.id] = day + CUT_DAYS;
    if (!state.random.isChance(stays)) break;
  }
}

function canMeet({ reach, kind }: Bug, person: Person): boolean {
  if (kind === 'symptom') return false;
  if (reach === 'web' || reach === 'android' || reach === 'ios') return person.platform === reach;
  if (reach === 'feature') return person.usesFeature;
  if (reach === 'old_device') return person.hasOldDevice;
  return reach === 'susceptible' ? person.isSusceptible : true;
}

/** Share of the chance to come that bugs of the last days leave. */
const cutOn = (day: number, dangers: readonly Danger[], { cutUntil }: State): number =>
  dangers.reduce(
    (share, { bug }) => (bug.cut > 0 && day <= (cutUntil[bug.id] ?? -1) ? share * (1 - bug.cut) : share),
    1,
  );

/** An active day: sessions, the bugs met in them, and the row that is left of it. @returns what was met. */
function spend(
  day: number,
  user: number,
  person: Person,
  dangers: readonly Danger[],
  { startMs }: Span,
  state: State,
  log: Log,
): readonly Meeting[] {
  const { random } = state;
  const begins = startMs + day * DAY_MS + random.integer(6 * 3600, 20 * 3600) * 1000;
  const sessions = 1 + poisson(random, Math.exp(person.logSessions + 0.4 * (person.drift[day] ?? 0)));
  for (const crash of state.waiting) log.occurrences.push({ ...crash, receivedAt: begins + 2000 });
  state.waiting = [];
  const met: Meeting[] = [];
  let recorded = sessions;
  let isHidden = false;
  for (const { bug, stay, resolvedAt, rateAfter } of dangers) {
    if (bug.reach === 'first_week' && day - person.signedUpDay >= 7) continue;
    const at = begins + 1000 * random.integer(10, 3 * 3600);
    const rate = at < resolvedAt ? bug.rate : rateAfter;
    if (at < stay.from || at >= stay.until || !random.isChance(1 - (1 - rate) ** sessions)) continue;
    met.push({ bug, isIdentified: report(bug, user, at, state, log) });
    if (bug.kind === 'harmful' && random.isChance(HALVED)) recorded = Math.ceil(recorded / 2);
    isHidden ||= random.isChance(bug.hides);
    const symptom = bug.name === CAUSE.name ? log.symptom : null;
    if (symptom !== null && random.isChance(CAUSE.chance)) {
      met.push({ bug: symptom, isIdentified: report(symptom, user, at + 5000, state, log) });
    }
  }
  if (!isHidden) log.activity.push({ user, at: begins, sessions: recorded });
  return met;
}

/** Writes down one or more occurrences of one meeting. @returns whether any of them names the user. */
function report(bug: Bug, user: number, at: number, { random, waiting }: State, log: Log): boolean {
  const times = 1 + poisson(random, bug.repeats);
  let isIdentified = false;
  for (let time = 0; time < times; time += 1) {
    const named = !random.isChance(UNIDENTIFIED);
    isIdentified ||= named;
    const occurrence = { item: bug.id, user, isIdentified: named, at: at + time * 7000 };
    if (bug.report === 'next_launch') waiting.push(occurrence);
    else log.occurrences.push({ ...occurrence, receivedAt: occurrence.at + random.integer(1, 90) * 1000 });
  }
  return isIdentified;
}

/** Follows the user from an index day twice for every bug that begins an episode on it. */
function follow(
  day: number,
  person: Person,
  met: readonly Meeting[],
  dangers: readonly Danger[],
  { windowFromDay }: Span,
  state: State,
  log: Log,
): void {
  for (const { bug, isIdentified } of met) {
    if (!isIdentified) continue;
    const isNew = day - (state.lastMet[bug.id] ?? 0) > WASHOUT;
    state.lastMet[bug.id] = day;
    if (!isNew || day < windowFromDay) continue;
    const isHarmless = bug.leave === 0 && bug.cut === 0;
    const effects = isHarmless ? [0, 0, 0] : effectsOf(bug, day, person, met, dangers, state);
    log.indexDays.push({ item: bug.id, day, effects });
  }
}

/** Chance of a return with the bug, minus the chance without it, per horizon. */
function effectsOf(
  bug: Bug,
  day: number,
  person: Person,
  met: readonly Meeting[],
  dangers: readonly Danger[],
  { cutUntil }: State,
): readonly number[] {
  const others = met.filter((other) => other.bug !== bug).map((other) => other.bug);
  // Without the bug, a cut of its own can only come from a meeting that names nobody.
  const mayCut = dangers.map((danger) => danger.bug).filter(({ cut }) => cut > 0);
  const stays = others.reduce((share, { leave }) => share * (1 - leave), 1 - churnOf(person, day));
  const effects: number[] = [];
  let awayWith = 1;
  let awayWithout = 1;
  for (let after = 1; after <= HORIZONS[2]; after += 1) {
    const left = (isThere: boolean) =>
      mayCut.reduce((share, other) => {
        const isFresh = after <= CUT_DAYS && (others.includes(other) || (isThere && other === bug));
        const isCut = isFresh || day + after <= (cutUntil[other.id] ?? -1);
        return isCut ? share * (1 - other.cut) : share;
      }, 1);
    const chance = person.returning[day + after] ?? 0;
    awayWith *= 1 - chance * left(true);
    awayWithout *= 1 - chance * left(false);
    if (HORIZONS.some((horizon) => horizon === after)) {
      effects.push(stays * ((1 - bug.leave) * (1 - awayWith) - (1 - awayWithout)));
    }
  }
  return effects;
}
