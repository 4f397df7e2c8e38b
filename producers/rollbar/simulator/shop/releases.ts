/**
 * The shop's releases, as its team tells Rollbar of them: each deploy of the company, to staging and production.
 *
 * A release that went live ends some bugs, whose items somebody then resolves, and brings others. Some it brings
 * back: that is how items are reactivated.
 */
import {
  type Change,
  type Company,
  changeOf,
  type Deploy,
  firstRevision,
} from '../../../../simulation/company.ts';
import { randomFor } from '../../../../simulation/random.ts';
import type { Project } from '../project.ts';
import { isAlive, type Release } from './bug.ts';
import type { Shop, TrafficPlan } from './traffic.ts';

const MINUTE = 60_000;
/** Who resolves. */
const RELEASE_MANAGER = 90_211;

export function startReleases(project: Project, shop: Shop, plan: TrafficPlan): { current: () => Release } {
  const { seed, start, sinceHours, livePerMinute } = plan;
  const company: Company = { seed, startMs: start, sinceHours, isLive: livePerMinute > 0 };
  let live: Release = { index: 0, revision: firstRevision(company) };

  function report(change: Change, environment: string, { startedMs, endedMs, ending }: Deploy): void {
    const { nth, revision } = change;
    const random = randomFor(seed, 'report', nth, environment);
    project.schedule.at(startedMs, (ms) => {
      const given = {
        environment,
        revision,
        local_username: random.pick(['ci', change.author.login, null]),
        comment: random.pick([`build ${8000 + nth}`, '', null]),
        user_id: random.pick([RELEASE_MANAGER, null]),
      };
      const started = project.deploys.start(given, seconds(ms));
      project.schedule.at(endedMs, (later) => {
        project.deploys.finish(started, ending, seconds(later));
        if (environment === 'production' && ending === 'succeeded') goLive(change, later);
      });
    });
  }

  function goLive({ nth, revision }: Change, ms: number): void {
    const before = live.index;
    live = { index: before + 1, revision };
    for (const bug of shop.bugs) {
      if (!isAlive(bug, before) || isAlive(bug, live.index)) continue;
      const delay = randomFor(seed, 'resolve', nth, bug.name).integer(1, 8) * MINUTE;
      project.schedule.at(ms + delay, (later) => {
        const item = shop.itemOf(bug);
        if (item) project.items.setStatus(item, 'resolved', seconds(later), RELEASE_MANAGER, revision);
      });
    }
  }

  function schedule(nth: number): void {
    const change = changeOf(company, nth);
    if (!company.isLive && change.committedMs > start) return;
    project.schedule.at(change.committedMs, () => {
      if (change.staging !== null) report(change, 'staging', change.staging);
      if (change.production !== null) report(change, 'production', change.production);
      schedule(nth + 1);
    });
  }

  schedule(0);
  return { current: () => live };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
