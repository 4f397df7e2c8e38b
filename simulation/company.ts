/**
 * The company that all simulated vendors work for: what it changes, builds, releases and breaks.
 *
 * Each vendor's simulator is a process of its own. All of them compute this same history from the seed and the time
 * of the start, so that a commit that CI has built is the one that is released, and the release is the one that
 * brings and ends the bugs which the error tracker then shows. A change is a function of its number alone: nothing
 * is kept, and any time can be looked at, in any order.
 */
import { randomFor } from './random.ts';

export interface Company {
  readonly seed: number;
  /** When the past ends and the present begins, in milliseconds. */
  readonly startMs: number;
  readonly sinceHours: number;
  /** False: nothing happens after the start. */
  readonly isLive: boolean;
}

export interface Author {
  readonly login: string;
  readonly name: string;
  readonly email: string;
}

/** A period, in milliseconds since 1970, and how it ended. */
export interface Step<Ending extends string> {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly ending: Ending;
}

export type Job = Step<'success' | 'failed'> & { readonly name: string };

/** One run of all jobs; a failed one may be run again. */
export type Attempt = Step<'success' | 'failed'> & { readonly jobs: readonly Job[] };

/** A deploy to one environment; one that failed, or timed out, leaves what ran before. */
export type Deploy = Step<'succeeded' | 'failed' | 'timed_out'>;

/** A commit and all that became of it. */
export interface Change {
  readonly nth: number;
  readonly revision: string;
  readonly branch: string;
  readonly author: Author;
  readonly message: string;
  readonly committedMs: number;
  readonly builds: readonly Attempt[];
  /** Of changes on the main branch that CI has passed. */
  readonly staging: Deploy | null;
  /** Of changes that staging has taken. */
  readonly production: Deploy | null;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A change goes to the main branch every three hours, or eight times in a shorter past, or sixty times in a longer one. */
const mainInterval = ({ sinceHours }: Company): number =>
  Math.max(Math.min(3 * HOUR, (sinceHours * HOUR) / 8), (sinceHours * HOUR) / 60);

/** Of so many commits, one is on the main branch. */
const COMMITS_PER_MAIN = 4;

const AUTHORS: readonly Author[] = ['mvoss', 'aokafor', 'jlind'].map((login) => ({
  ...{ login, name: login.slice(1) },
  email: `${login}@example.com`,
}));

const SUBJECTS = ['Round totals', 'Cache the cart', 'Upgrade the runtime', 'Fix the coupon', 'Add a filter'];

/** The revision that ran before the past begins. */
export const firstRevision = ({ seed }: Pick<Company, 'seed'>): string =>
  randomFor(seed, 'first revision').hex(40);

/** The changes from the `first` on that were committed until a time, the oldest first. */
export function changesUntil(company: Company, ms: number, first = 0): readonly Change[] {
  const changes: Change[] = [];
  for (let nth = first; ; nth += 1) {
    const change = changeOf(company, nth);
    const isBeyond = !company.isLive && change.committedMs > company.startMs;
    if (change.committedMs > ms || isBeyond) return changes;
    changes.push(change);
  }
}

/** The n-th change, from 0. */
export function changeOf(company: Company, nth: number): Change {
  const { seed } = company;
  const random = randomFor(seed, 'change', nth);
  const isMain = nth % COMMITS_PER_MAIN === COMMITS_PER_MAIN / 2;
  const author = random.pick(AUTHORS);
  const subject = random.pick(SUBJECTS);
  const committedMs = commitTime(company, nth);
  const pace = Math.min(1, mainInterval(company) / (3 * HOUR));
  const builds = buildsOf(seed, nth, committedMs + 5 * SECOND, pace);
  const built = builds.at(-1);
  const staging =
    isMain && built?.ending === 'success' ? deployOf(seed, nth, 'staging', built.endedMs, pace) : null;
  return {
    ...{ nth, revision: randomFor(seed, 'revision', nth).hex(40), author, committedMs, builds, staging },
    branch: isMain ? 'main' : `${author.login}/${subject.toLowerCase().replaceAll(' ', '-')}-${nth}`,
    message: `${subject} (#${4000 + nth})`,
    production:
      staging?.ending === 'succeeded' ? deployOf(seed, nth, 'production', staging.endedMs, pace) : null,
  };
}

/** Whole seconds: no vendor says more of a commit. */
function commitTime(company: Company, nth: number): number {
  const { startMs, sinceHours } = company;
  const between = mainInterval(company) / COMMITS_PER_MAIN;
  return SECOND * Math.floor((startMs - sinceHours * HOUR + (nth + 0.5) * between) / SECOND);
}

/** @param pace shortens everything where the past is short. */
function buildsOf(seed: number, nth: number, startedMs: number, pace: number): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (let from = startedMs; attempts.length < 3; ) {
    const random = randomFor(seed, 'build', nth, attempts.length);
    const attempt = attemptOf(random, from, pace);
    attempts.push(attempt);
    // Somebody believes in luck, and is often right.
    if (attempt.ending === 'success' || random.isChance(0.4)) break;
    from = attempt.endedMs + random.integer(2, 25) * MINUTE * pace;
  }
  return attempts;
}

function attemptOf(random: ReturnType<typeof randomFor>, startedMs: number, pace: number): Attempt {
  const run = (name: string, from: number, minutes: readonly [number, number], failing: number): Job => ({
    ...{ name, startedMs: from },
    endedMs: from + random.integer(minutes[0] * 60, minutes[1] * 60) * SECOND * pace,
    ending: random.isChance(failing) ? 'failed' : 'success',
  });
  const lint = run('lint', startedMs, [1, 2], 0.04);
  const test = run('test', startedMs, [3, 12], 0.12);
  const isReady = lint.ending === 'success' && test.ending === 'success';
  const ready = Math.max(lint.endedMs, test.endedMs);
  const jobs = isReady ? [lint, test, run('build-image', ready, [1, 4], 0.02)] : [lint, test];
  return {
    ...{ jobs, startedMs, endedMs: Math.max(...jobs.map(({ endedMs }) => endedMs)) },
    ending: jobs.every(({ ending }) => ending === 'success') ? 'success' : 'failed',
  };
}

function deployOf(seed: number, nth: number, environment: string, after: number, pace: number): Deploy {
  const random = randomFor(seed, 'deploy', nth, environment);
  const ending: Deploy['ending'] =
    environment === 'staging'
      ? random.isChance(0.9)
        ? 'succeeded'
        : 'failed'
      : random.weighted([
          ['succeeded', 16],
          ['failed', 3],
          ['timed_out', 1],
        ]);
  const startedMs = SECOND * Math.ceil((after + random.integer(5, 60) * SECOND * pace) / SECOND);
  const seconds = ending === 'timed_out' ? 1800 : random.integer(60, 300) * pace;
  return { startedMs, endedMs: SECOND * Math.ceil((startedMs + seconds * SECOND) / SECOND), ending };
}
