/**
 * How teams rank bugs today, for comparison: what each of four simple counts would call the loss by an item.
 *
 * - occurrences: how often it was raised in the window.
 * - users: how many users met it.
 * - user difference: those who met it against those active users who did not, by who was active in the last days.
 * - day difference: days on which it was met against all others, by who came back.
 */
import { DAY_MS } from '../../simulation/world/life.ts';
import type { World } from '../../simulation/world/world.ts';

export const NAIVE = ['occurrences', 'users', 'user difference', 'day difference'] as const;
export type Naive = Readonly<Record<(typeof NAIVE)[number], number>>;

/** Loss by each item, by its id. @param horizon in days. */
export function naiveLosses(world: World, horizon: number): ReadonlyMap<number, Naive> {
  const { startMs, days, windowDays, users } = world.settings;
  const dayOf = (ms: number) => Math.floor((ms - startMs) / DAY_MS);
  const from = days - windowDays;
  const last = days - 1 - horizon;
  const next = nextActive(world, dayOf);
  const isJudged = (day: number) => day >= from && day <= last;
  const returned = (at: number) => ((next[at] ?? 0) <= (at % days) + horizon ? 1 : 0);
  const isActive = (at: number) => (next[at] ?? 0) > 0;

  let userDays = 0;
  let returns = 0;
  const wasThere = new Uint8Array(users);
  const isThere = new Uint8Array(users);
  for (let at = 0; at < users * days; at += 1) {
    const [user, day] = [Math.floor(at / days), at % days];
    if (!isActive(at)) continue;
    if (day >= days - horizon) isThere[user] = 1;
    if (!isJudged(day)) continue;
    wasThere[user] = 1;
    userDays += 1;
    returns += returned(at);
  }

  return new Map(
    world.items.map(({ id }) => {
      const inWindow = world.occurrences.filter(({ item, at }) => item === id && isJudged(dayOf(at)));
      const named = inWindow.filter(({ isIdentified }) => isIdentified);
      const met = new Set(named.map(({ user }) => user));
      const days1 = new Set(named.map(({ user, at }) => user * days + dayOf(at)).filter(isActive));
      const x1 = [...days1].reduce((sum, at) => sum + returned(at), 0);
      const among = (wanted: boolean): readonly number[] =>
        [...wasThere.keys()].filter((user) => wasThere[user] === 1 && met.has(user) === wanted);
      const stillThere = (group: readonly number[]) =>
        share(
          group.reduce((sum, user) => sum + (isThere[user] ?? 0), 0),
          group.length,
        );
      const losses: Naive = {
        occurrences: inWindow.length,
        users: met.size,
        'user difference': (stillThere(among(false)) - stillThere(among(true))) * met.size,
        'day difference': (share(returns - x1, userDays - days1.size) - share(x1, days1.size)) * days1.size,
      };
      return [id, losses];
    }),
  );
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

/** Per user and day, of active days: the next active day; 0 on others. What never comes is far away. */
function nextActive({ settings, activity }: World, dayOf: (ms: number) => number): Int32Array {
  const { users, days } = settings;
  const next = new Int32Array(users * days);
  for (const { user, at } of activity) next[user * days + dayOf(at)] = 1;
  for (let user = 0; user < users; user += 1) {
    let upcoming = 1_000_000;
    for (let day = days - 1; day >= 0; day -= 1) {
      if (next[user * days + day] === 0) continue;
      next[user * days + day] = upcoming;
      upcoming = day;
    }
  }
  return next;
}
