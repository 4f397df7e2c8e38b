/**
 * The shop's releases: staging first, then production, every few hours; most succeed.
 *
 * A release that went live ends some bugs, whose items somebody then resolves, and brings others. Some it brings
 * back: that is how items are reactivated.
 */
import type { Ending } from '../deploys.ts';
import type { Project } from '../project.ts';
import { type Random, randomFor } from '../random.ts';
import { isAlive, type Release } from './bug.ts';
import type { Shop, TrafficPlan } from './traffic.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** Who resolves. */
const RELEASE_MANAGER = 90_211;

export function startReleases(project: Project, shop: Shop, plan: TrafficPlan): { current: () => Release } {
  const { seed, start, sinceHours, livePerMinute } = plan;
  const interval = Math.min(3 * HOUR, (sinceHours * HOUR) / 8);
  let live: Release = { index: 0, revision: randomFor(seed, 'first revision').hex(40) };

  function deploy(
    nth: number,
    environment: string,
    ms: number,
    ended: (ms: number, status: Ending) => void,
  ): void {
    const random = randomFor(seed, 'deploy', nth, environment);
    const revision = revisionOf(nth);
    const given = {
      environment,
      revision,
      local_username: random.pick(['ci', 'dev-01', null]),
      comment: random.pick([`build ${8000 + nth}`, '', null]),
      user_id: random.pick([RELEASE_MANAGER, null]),
    };
    const started = project.deploys.start(given, seconds(ms));
    const status = endingOf(random, environment);
    const duration = status === 'timed_out' ? 30 * MINUTE : random.integer(60, 300) * 1000;
    project.schedule.at(ms + duration, (later) => {
      project.deploys.finish(started, status, seconds(later));
      ended(later, status);
    });
  }

  const revisionOf = (nth: number) => randomFor(seed, 'revision', nth).hex(40);

  function goLive(nth: number, ms: number): void {
    const before = live.index;
    live = { index: before + 1, revision: revisionOf(nth) };
    const { revision, index } = live;
    for (const bug of shop.bugs) {
      if (!isAlive(bug, before) || isAlive(bug, index)) continue;
      const delay = randomFor(seed, 'resolve', nth, bug.name).integer(1, 8) * MINUTE;
      project.schedule.at(ms + delay, (later) => {
        const item = shop.itemOf(bug);
        if (item) project.items.setStatus(item, 'resolved', seconds(later), RELEASE_MANAGER, revision);
      });
    }
  }

  function schedule(nth: number): void {
    const at = start - sinceHours * HOUR + (nth + 0.5) * interval;
    // Without live traffic the shop stands still at the start.
    if (at > start && livePerMinute === 0) return;
    project.schedule.at(at, (ms) => {
      deploy(nth, 'staging', ms, (later) => {
        deploy(nth, 'production', later, (last, status) => {
          if (status === 'succeeded') goLive(nth, last);
        });
      });
      schedule(nth + 1);
    });
  }

  schedule(0);
  return { current: () => live };
}

function endingOf(random: Random, environment: string): Ending {
  if (environment === 'staging') return random.isChance(0.9) ? 'succeeded' : 'failed';
  return random.weighted([
    ['succeeded', 16],
    ['failed', 3],
    ['timed_out', 1],
  ]);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
