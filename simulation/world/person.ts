/**
 * Who a user is, and how likely they come on a day if nothing goes wrong.
 *
 * The latent engagement is what no table shows: it drives how often they come, how many sessions they have (and so
 * how many bugs they meet), which features they open, on what device, and when they leave.
 */
import { type Random, randomFor } from '../random.ts';
import { logistic, normal } from './chance.ts';

export type Platform = 'ios' | 'android' | 'web';

/** Share of users, and the logit of an ordinary user's daily return. */
const PLATFORMS: readonly (readonly [Platform, number])[] = [
  ['ios', 0.4],
  ['android', 0.4],
  ['web', 0.2],
];
const BASE: Readonly<Record<Platform, number>> = { ios: -0.2, android: -0.6, web: -1.5 };

const ENGAGEMENT_SD = 0.9;
const DRIFT_SD = 0.6;
const DRIFT_KEPT = 0.95;
const WEEKEND = -0.25;
const SHARE_OF_OLD_USERS = 0.6;

export interface Person {
  readonly platform: Platform;
  /** Opens what only engaged users open; the segment of the activity table. */
  readonly usesFeature: boolean;
  readonly hasOldDevice: boolean;
  readonly isSusceptible: boolean;
  readonly pays: boolean;
  /** Day of the world; negative when they signed up before it. */
  readonly signedUpDay: number;
  readonly engagement: number;
  /** Sessions beyond the first are Poisson; the log of its mean on a day without drift. */
  readonly logSessions: number;
  /** Per day of the world: the part of the engagement that comes and goes. */
  readonly drift: Float64Array;
  /** Per day of the world: chance to come if nothing has gone wrong. */
  readonly returning: Float64Array;
}

/** @param days that the person is followed; the first is a Monday. */
export function personOf(seed: number, user: number, days: number, signUpDays: number): Person {
  const random = randomFor(seed, 'person', user);
  const platform = random.weighted(PLATFORMS);
  const standing = normal(random);
  const engagement = ENGAGEMENT_SD * standing;
  const signedUpDay = random.isChance(SHARE_OF_OLD_USERS)
    ? -random.integer(100, 900)
    : random.integer(0, signUpDays - 1);
  const usesFeature = random.isChance(logistic(-0.8 + standing));
  const hasOldDevice = random.isChance(logistic(-1.7 - 0.7 * standing));
  const isSusceptible = random.isChance(0.08);
  const pays = random.isChance(logistic(-1.5 + 0.5 * standing));
  const logSessions = 0.1 + 0.5 * (0.6 * standing + 0.8 * normal(random));
  const { drift, returning } = daysOf(random, BASE[platform] + engagement, days);
  return {
    ...{ platform, usesFeature, hasOldDevice, isSusceptible, pays, signedUpDay },
    ...{ engagement, logSessions, drift, returning },
  };
}

function daysOf(random: Random, base: number, days: number): Pick<Person, 'drift' | 'returning'> {
  const drift = new Float64Array(days);
  const returning = new Float64Array(days);
  const step = DRIFT_SD * Math.sqrt(1 - DRIFT_KEPT ** 2);
  let now = DRIFT_SD * normal(random);
  for (let day = 0; day < days; day += 1) {
    drift[day] = now;
    returning[day] = logistic(base + now + (day % 7 >= 5 ? WEEKEND : 0));
    now = DRIFT_KEPT * now + step * normal(random);
  }
  return { drift, returning };
}

/** Chance that an active day is the last one, for reasons of the user's own. */
export function churnOf(person: Person, day: number): number {
  const tenure = day - person.signedUpDay;
  const base = tenure < 7 ? 0.035 : tenure < 28 ? 0.012 : 0.003;
  return Math.min(0.9, base * Math.exp(-0.4 * person.engagement));
}
