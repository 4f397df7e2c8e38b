/**
 * The bugs of the simulated company: whom they meet, how often, and what they do to those who met them.
 *
 * How often a bug is met says nothing about its harm, as in life: the loudest are harmless, and met by those who come
 * most. The figures are those of an item before chance has varied them per seed. A rate is the chance per session of
 * an eligible user; of a job, per user and day.
 */
import type { Random } from '../random.ts';
import { lognormal } from './chance.ts';

/** Whom a bug can meet. `first_week` is by tenure; the others are lasting traits of a user. */
export type Reach =
  | 'anyone'
  | 'web'
  | 'android'
  | 'ios'
  | 'feature'
  | 'first_week'
  | 'old_device'
  | 'susceptible';

export interface Bug {
  /** From 1, in the order of the catalogue. */
  readonly id: number;
  readonly name: string;
  readonly kind: 'harmless' | 'harmful' | 'symptom';
  readonly reach: Reach;
  readonly rate: number;
  /** Occurrences that one meeting adds to the first, on average. */
  readonly repeats: number;
  /** Chance that a day on which it was met is the user's last. */
  readonly leave: number;
  /** Share by which it lowers the chance of each of the seven days after. */
  readonly cut: number;
  /** How it is reported: inside a session, by a nightly job, or at the next launch of the app. */
  readonly report: 'session' | 'job' | 'next_launch';
  /** Chance that a day on which it was met has no activity row. */
  readonly hides: number;
  /** Comes with a release; those that do not are older than the data. */
  readonly isNew: boolean;
  /** Ends with the next release. */
  readonly isShort: boolean;
  /** What somebody's resolving it does to its rate. */
  readonly fix: 'fixed' | 'reduced' | 'not_fixed' | null;
}

type Draft = Pick<Bug, 'name' | 'reach' | 'rate'> & Partial<Bug>;

/** The rate that is left of a bug when its fix was only half of one. */
export const REDUCED_TO = 0.35;

const few = (name: string, reach: Reach, rates: readonly number[]): readonly Draft[] =>
  rates.map((rate, index) => ({ name: `${name} ${index + 1}`, reach, rate }));

const HARMLESS: readonly Draft[] = [
  ...few('Feature panel', 'feature', [0.1, 0.07, 0.04, 0.03, 0.02, 0.012, 0.008, 0.005]),
  ...few('Browser extension', 'web', [0.08, 0.04, 0.02, 0.012, 0.008]),
  ...few('Onboarding hint', 'first_week', [0.06, 0.03, 0.02]),
  ...few('Slow image', 'anyone', [0.08, 0.05, 0.03, 0.015, 0.01, 0.006, 0.003, 0.0015]),
  ...few('Retry loop', 'susceptible', [0.25, 0.12]).map((bug) => ({ ...bug, repeats: 6 })),
  ...few('Old graphics driver', 'old_device', [0.03, 0.012]),
  { name: 'Nightly digest', reach: 'anyone', rate: 0.01, report: 'job' },
];

const HARMFUL: readonly Draft[] = [
  { name: 'Stale list', reach: 'anyone', rate: 0.02, cut: 0.15 },
  { name: 'Lost draft', reach: 'anyone', rate: 0.008, cut: 0.35 },
  { name: 'Wiped account', reach: 'anyone', rate: 0.001, leave: 0.3 },
  { name: 'Frozen keyboard', reach: 'android', rate: 0.007, leave: 0.06 },
  { name: 'Blank page', reach: 'web', rate: 0.015, leave: 0.05, cut: 0.2 },
  { name: 'Broken invitation', reach: 'first_week', rate: 0.04, leave: 0.1 },
  { name: 'Corrupt export', reach: 'feature', rate: 0.012, leave: 0.05 },
  { name: 'Wrong price', reach: 'anyone', rate: 0.03, leave: 0.05, isShort: true },
  { name: 'Missing receipt', reach: 'anyone', rate: 0.0012, leave: 0.1 },
  { name: 'Endless sync', reach: 'susceptible', rate: 0.06, leave: 0.05 },
  { name: 'Login refused', reach: 'anyone', rate: 0.003, leave: 0.08, hides: 0.7 },
  { name: 'Native crash', reach: 'anyone', rate: 0.003, leave: 0.1, report: 'next_launch' },
];

const SYMPTOM: Draft = { name: 'Account not found', reach: 'anyone', rate: 0 };

/** The bug that the symptom comes with, and how often it does. */
export const CAUSE = { name: 'Wiped account', chance: 0.8 } as const;

/** Bugs that come with a release in the window. */
const NEW = new Set([
  ...['Feature panel 3', 'Browser extension 2', 'Onboarding hint 2', 'Slow image 3', 'Slow image 6'],
  ...['Old graphics driver 1', 'Retry loop 1', 'Lost draft', 'Wrong price', 'Endless sync'],
]);

/** Bugs that somebody resolves, and what that did. */
const FIXES: Readonly<Record<string, Bug['fix']>> = {
  'Feature panel 4': 'fixed',
  'Slow image 4': 'fixed',
  'Stale list': 'reduced',
  'Slow image 2': 'reduced',
  'Frozen keyboard': 'not_fixed',
  'Feature panel 5': 'not_fixed',
};

/**
 * The bugs of one seed: rates times a lognormal of sd 0.4, effects of sd 0.3.
 * @param rateScale for worlds with few users, in which the rare would never be met.
 * @param effectScale 0: no bug harms anybody.
 */
export function catalogue(random: Random, rateScale: number, effectScale: number): readonly Bug[] {
  const drafts = [
    ...HARMLESS.map((draft) => ({ kind: 'harmless' as const, ...draft })),
    ...HARMFUL.map((draft) => ({ kind: 'harmful' as const, ...draft })),
    { kind: 'symptom' as const, ...SYMPTOM },
  ];
  return drafts.map((draft, index) => {
    const effect = lognormal(random, 0.3) * effectScale;
    const rate = Math.min(0.5, draft.rate * lognormal(random, 0.4) * rateScale);
    const repeats = (draft.repeats ?? 0.3) * lognormal(random, 0.5);
    return {
      ...{ report: 'session' as const, hides: 0, isShort: false },
      ...draft,
      ...{ id: index + 1, rate, repeats },
      leave: Math.min(0.9, (draft.leave ?? 0) * effect),
      cut: Math.min(0.9, (draft.cut ?? 0) * effect),
      isNew: NEW.has(draft.name),
      fix: FIXES[draft.name] ?? null,
    };
  });
}
