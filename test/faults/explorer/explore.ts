/**
 * A campaign: many schedules one after another, what they contained, and each that broke a promise cut down to the
 * few happenings that break it.
 *
 * A campaign in which nothing died, nothing came twice or nothing was rejected has explored nothing, and says so.
 */

import type { Variant } from './functions.ts';
import { broken } from './oracle.ts';
import type { Counts } from './process.ts';
import { openTwin } from './replay.ts';
import { type Happening, inWords, type Schedule, scheduleOf } from './schedule.ts';
import { shrink } from './shrink.ts';
import { type Played, play } from './world.ts';

export interface Campaign {
  /** Seed of the first schedule; the others follow by one. */
  readonly seed: number;
  readonly schedules: number;
  /** Every so many schedules, one is held to a real database; 0: none. */
  readonly twinEvery?: number;
  readonly variant?: Variant;
  /** Stops after so many schedules that fail. */
  readonly maxFailures?: number;
  /** False: what fails is not cut down. */
  readonly shrinks?: boolean;
  readonly onProgress?: (done: number) => void;
}

export interface Failure {
  readonly seed: number;
  readonly problems: readonly string[];
  /** The least that breaks a promise, in words and in the order of time; faults, which count calls, at the end. */
  readonly happenings: readonly string[];
  /** How many happenings the schedule had. */
  readonly all: number;
}

export interface Explored {
  readonly schedules: number;
  readonly counts: Counts;
  readonly failures: readonly Failure[];
  /** What must happen in a campaign and did not. */
  readonly missing: readonly string[];
}

/** What a campaign must have contained, to be one. */
const WANTED = [
  'process died',
  'run skipped',
  'run failed',
  'run threw',
  'walk ended',
  'put: partly refused',
  'put: answer lost',
  'put: late effect',
  'save the cursor: dies before',
  'deliver: partly refused',
  'batch handed out again',
  'batch cut in halves',
  'batch given up',
  'object given up',
  'copy: twice',
  'row copied again',
  'records rejected',
  'loader failed',
  'waited for a lock',
  'vendor away',
  'feeds table away',
  'stream away',
  'delivery stream away',
  'warehouse away',
];

/** Plays the schedules of a campaign. */
export async function explore(campaign: Campaign): Promise<Explored> {
  const {
    seed: first,
    schedules,
    twinEvery = 0,
    variant = {},
    maxFailures = 3,
    shrinks = true,
    onProgress,
  } = campaign;
  const twin = twinEvery === 0 ? null : await openTwin();
  const counts: Counts = {};
  const failures: Failure[] = [];
  const problemsOf = async (schedule: Schedule, isHeld: boolean): Promise<readonly string[]> => {
    const played = await playSafely(schedule, variant);
    if (typeof played === 'string') return [played];
    for (const [what, count] of Object.entries(played.counts)) counts[what] = (counts[what] ?? 0) + count;
    const problems = broken(played);
    if (!isHeld || twin === null) return problems;
    counts['held to a real database'] = (counts['held to a real database'] ?? 0) + 1;
    return [...problems, ...(await twin.differences(played))];
  };
  let done = 0;
  for (; done < schedules && failures.length < maxFailures; done += 1) {
    const seed = first + done;
    const schedule = scheduleOf(seed);
    const isHeld = twinEvery > 0 && done % twinEvery === 0;
    const problems = await problemsOf(schedule, isHeld);
    if (problems.length > 0) {
      const fails = async (one: Schedule): Promise<boolean> => (await problemsOf(one, isHeld)).length > 0;
      const least = shrinks ? await shrink(schedule, fails) : schedule;
      const inOrder = least.happenings.toSorted((one, other) => timeOf(one) - timeOf(other));
      failures.push({
        seed,
        problems: await problemsOf(least, isHeld),
        happenings: inOrder.map(inWords),
        all: schedule.happenings.length,
      });
    }
    onProgress?.(done + 1);
  }
  await twin?.close();
  const missing = WANTED.filter((what) => counts[what] === undefined);
  return { schedules: done, counts, failures, missing };
}

function timeOf(happening: Happening): number {
  if (happening.kind === 'fault') return Number.MAX_SAFE_INTEGER;
  return happening.kind === 'outage' ? happening.from : happening.at;
}

/** An exception of the world is a finding, too: the model does not know what the code does. */
async function playSafely(schedule: Schedule, variant: Variant): Promise<Played | string> {
  try {
    return await play(schedule, variant);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A failure as a person reads it, with the command that plays it again. */
export function report({ seed, problems, happenings, all }: Failure): string {
  return [
    `seed ${seed} breaks a promise; again with: npm run faults -- --explore 1 --seed ${seed}`,
    ...problems.slice(0, 10).map((problem) => `  ${problem}`),
    `  it takes ${happenings.length} of the ${all} happenings:`,
    ...happenings.map((happening) => `    ${happening}`),
  ].join('\n');
}
