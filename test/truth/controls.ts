/** Worlds in which nothing can be found, made of one in which something can. */
import { randomFor } from '../../simulation/random.ts';
import { DAY_MS } from '../../simulation/world/life.ts';
import type { World } from '../../simulation/world/world.ts';

/**
 * Negative control: time runs backwards, so that the return after a bug is the presence before it, which no bug can
 * change. Sign-ups make no sense then, and neither do bugs of the first week: before them there was nobody.
 */
export function backwards(world: World): World {
  const { startMs, days } = world.settings;
  const turned = (at: number) => 2 * startMs + days * DAY_MS - 1000 - at;
  const isKept = (item: number) => world.truth.get(item)?.bug.reach !== 'first_week';
  return {
    ...world,
    users: world.users.map((person) => ({ ...person, signedUpDay: -1000 })),
    activity: world.activity.map((row) => ({ ...row, at: turned(row.at) })),
    occurrences: world.occurrences
      .filter(({ item }) => isKept(item))
      .map((row) => ({ ...row, at: turned(row.at), receivedAt: turned(row.at) + 5000 }))
      .filter(({ at }) => at >= startMs),
    items: world.items.filter(({ id }) => isKept(id)),
    resolves: [],
  };
}

/**
 * Placebo: on each day, users of the same platform who were about equally active in the four weeks before hand their bugs
 * on, each to another one. Who met what is then chance.
 */
export function shuffled(world: World): World {
  const { startMs, days, users, seed } = world.settings;
  const dayOf = (at: number) => Math.floor((at - startMs) / DAY_MS);
  const isActive = new Uint8Array(users * days);
  for (const { user, at } of world.activity) isActive[user * days + dayOf(at)] = 1;
  const before = (user: number, day: number) =>
    isActive
      .subarray(user * days + Math.max(0, day - 28), user * days + day)
      .reduce((sum, one) => sum + one, 0);

  const strata = Map.groupBy(world.activity, ({ user, at }) => {
    const day = dayOf(at);
    return `${day} ${world.users[user]?.platform} ${Math.min(2, Math.floor(before(user, day) / 6))}`;
  });
  const takes = new Map<number, number>();
  for (const [key, stratum] of strata) {
    const random = randomFor(seed, 'placebo', key);
    const order = stratum
      .map(({ user, at }) => ({ user, at, place: random.fraction() }))
      .sort((one, other) => one.place - other.place);
    order.forEach(({ user, at }, index) => {
      const next = order[(index + 1) % order.length];
      if (next !== undefined && next.user !== user) takes.set(user * days + dayOf(at), next.user);
    });
  }
  return {
    ...world,
    resolves: [],
    occurrences: world.occurrences.flatMap((row) => {
      const user = takes.get(row.user * days + dayOf(row.at));
      return user === undefined ? [] : [{ ...row, user, receivedAt: row.at + 5000 }];
    }),
  };
}
