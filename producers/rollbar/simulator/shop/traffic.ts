/**
 * A day in the life of a small shop: users meet bugs, releases bring and remove them, people tidy the tracker.
 *
 * All of it follows from the seed and the time of the start, so two runs with one seed differ in nothing but the
 * date. Past and present are one: the past is what falls due before the start.
 */

import { randomFor } from '../../../../simulation/random.ts';
import type { Met } from '../../../../simulation/users/users.ts';
import { groupingOf } from '../grouping.ts';
import type { Item } from '../items.ts';
import type { Project } from '../project.ts';
import { type Bug, isAlive, type Release } from './bug.ts';
import { iosBugs } from './ios-bugs.ts';
import { startReleases } from './releases.ts';
import { serverBugs } from './server-bugs.ts';
import { createShoppers, shopperOf } from './shoppers.ts';
import { storyOf } from './story.ts';
import { scheduleTidying } from './tidying.ts';
import { webBugs } from './web-bugs.ts';

export interface TrafficPlan {
  readonly seed: number;
  /** Milliseconds, a whole second. */
  readonly start: number;
  /** How many occurrences there have been before the start, in how many hours. */
  readonly occurrences: number;
  readonly sinceHours: number;
  /** The past is that of the company's users, and the occurrences are those that nobody met. */
  readonly hasUsers: boolean;
  /** How many more come per minute from the start on. */
  readonly livePerMinute: number;
  readonly token: string;
}

export interface Shop {
  readonly bugs: readonly Bug[];
  /** The item of a bug, where it mostly happens. */
  itemOf(bug: Bug): Item | undefined;
}

const SHOPPERS = 400;
/** One row in so many is a message of Rollbar itself. */
const SYSTEM_SHARE = 0.002;
const LIMIT_REACHED = 'Your rate limit has been reached for access_token browser-prod';

export function startTraffic(project: Project, plan: TrafficPlan): void {
  const hasPast = plan.occurrences > 0 || plan.hasUsers;
  if (!hasPast && plan.livePerMinute === 0) return;
  const { seed, start, sinceHours, token } = plan;
  const known = [...webBugs, ...serverBugs, ...iosBugs];
  const company = { seed, startMs: start, sinceHours, isLive: plan.livePerMinute > 0 };
  const story = plan.hasUsers ? storyOf(company, known) : null;
  const bugs = story?.bugs ?? known;
  const shoppers = createShoppers(
    story?.shoppers ?? Array.from({ length: SHOPPERS }, (_, n) => shopperOf(seed, n)),
  );
  const shop: Shop = { bugs, itemOf: (bug) => itemOf(project, seed, bug) };
  const releases = startReleases(project, shop, plan);
  if (hasPast) scheduleTidying(project, shop, plan);

  function strike(nth: number, ms: number): void {
    const random = randomFor(seed, 'arrival', nth);
    if (random.isChance(SYSTEM_SHARE)) {
      project.announce(LIMIT_REACHED, 'production', ms);
      return;
    }
    const release = releases.current();
    // What users met in the past stands in their story.
    const isTold = story !== null && ms < start;
    const bug = random.weighted(
      bugs
        .filter(({ audience }) => !isTold || audience === 'nobody')
        .map((bug) => [bug, isAlive(bug, release.index) ? bug.weight : 0] as const),
    );
    const environment = random.weighted(bug.environments);
    const shopper = shoppers.meet(random, bug.platform, bug.audience);
    // Composed anew for every reading: twenty thousand payloads are a hundred megabytes, their seeds are not.
    const compose = () =>
      bug.payload({ random: randomFor(seed, 'payload', nth), ms, environment, release, shopper });
    project.receive({ compose, at: ms, token });
  }

  function tell(met: Met, nth: number): void {
    const bug = bugs.find(({ name }) => name === met.bug);
    if (bug === undefined) return;
    const [[environment] = ['production']] = bug.environments;
    const shopper = met.user === null ? null : (story?.shoppers[met.user] ?? null);
    project.schedule.at(met.receivedAt, (ms) => {
      const release = releases.current();
      const compose = () =>
        bug.payload({
          random: randomFor(seed, 'told', nth),
          ...{ ms, happenedMs: met.at, environment, release, shopper },
        });
      project.receive({ compose, at: ms, token });
    });
  }
  story?.met.forEach(tell);

  const past = pastArrivals(plan);
  const chance = randomFor(seed, 'live');
  const scheduleNext = (nth: number, previous: number) => {
    const inPast = past[nth];
    const next = inPast ?? Math.max(previous, start) + chance.exponential(60_000 / plan.livePerMinute);
    if (!Number.isFinite(next)) return;
    project.schedule.at(next, (ms) => {
      strike(nth, Math.floor(ms));
      scheduleNext(nth + 1, next);
    });
  };
  scheduleNext(0, start);
}

/** More by day than by night. */
function pastArrivals({ seed, start, occurrences, sinceHours }: TrafficPlan): number[] {
  const random = randomFor(seed, 'arrivals');
  const arrivals: number[] = [];
  while (arrivals.length < occurrences) {
    const hoursAgo = random.fraction() * sinceHours;
    const liveliness = 0.6 + 0.4 * Math.cos((2 * Math.PI * hoursAgo) / 24);
    if (random.isChance(liveliness)) arrivals.push(start - Math.ceil(hoursAgo * 3_600_000));
  }
  return arrivals.sort((a, b) => a - b);
}

function itemOf(project: Project, seed: number, bug: Bug): Item | undefined {
  const environment = bug.environments[0]?.[0] ?? 'production';
  const release: Release = { index: 0, revision: '0'.repeat(40) };
  const scene = { random: randomFor(seed, 'sample'), ms: 0, environment, release, shopper: null };
  return project.items.withKey(groupingOf(bug.payload(scene)).key);
}
