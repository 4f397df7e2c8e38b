/** What people do to items in the tracker itself: rows that change in place, without a new occurrence. */
import type { Item, Items } from '../items.ts';
import type { Project } from '../project.ts';
import type { Shop, TrafficPlan } from './traffic.ts';

const SOMEBODY = 90_211;

interface Chore {
  /** When, as a share of the period before the start. */
  readonly when: number;
  readonly bugs: readonly string[];
  readonly act: (items: Items, found: readonly [Item, ...Item[]], seconds: number) => void;
}

const chores: readonly Chore[] = [
  {
    when: 0.3,
    bugs: ['resize-observer'],
    act: (items, [item], seconds) => items.setStatus(item, 'muted', seconds, SOMEBODY),
  },
  {
    when: 0.45,
    bugs: ['upstream-timeout', 'export-retry'],
    act: (items, found) => void items.merge(found, 'Upstream is slow', SOMEBODY),
  },
  {
    when: 0.5,
    bugs: ['quote-total'],
    act: (items, [item]) => items.change(item, { assigned_user_id: SOMEBODY, last_modified_by: SOMEBODY }),
  },
  {
    when: 0.6,
    bugs: ['csrf'],
    act: (items, [item]) => items.change(item, { title: 'CSRF check fails at login', title_lock: 1 }),
  },
  {
    when: 0.7,
    bugs: ['payment-declined'],
    act: (items, [item]) => items.change(item, { level: 'error', level_lock: 1 }),
  },
  {
    when: 0.8,
    bugs: ['coupon-message'],
    act: (items, [item], seconds) => items.setStatus(item, 'archived', seconds, SOMEBODY),
  },
];

export function scheduleTidying(project: Project, shop: Shop, { start, sinceHours }: TrafficPlan): void {
  for (const { when, bugs, act } of chores) {
    project.schedule.at(start - (1 - when) * sinceHours * 3_600_000, (ms) => {
      const [first, ...others] = shop.bugs
        .filter((bug) => bugs.includes(bug.name))
        .flatMap((bug) => shop.itemOf(bug) ?? []);
      if (first) act(project.items, [first, ...others], Math.floor(ms / 1000));
    });
  }
}
