/**
 * The estimate of the ranking once more, in plain loops: slow, and written from the method rather than from the SQL.
 *
 * It knows one platform and no gaps. Days are numbers of the made-up time.
 */
import type { Horizon } from '../contract/impact.ts';
import type { Meeting, Visit } from './ranking-world.ts';

export interface Reference {
  /** @param isLeftOut other harmful items that were met on this day. */
  estimate(item: number, horizon: Horizon, isLeftOut: (user: string, day: number) => boolean): Estimate;
}

export interface Estimate {
  readonly indexDays: number;
  readonly n1: number;
  readonly p1: number | null;
  readonly p0: number | null;
  readonly rd: number | null;
  readonly variance: number | null;
}

interface UserDay {
  readonly user: string;
  readonly day: number;
  readonly cells: readonly [string, string, string];
  readonly next: number | null;
}

const MIN_CELL = 60;

export function reference(options: {
  readonly visits: readonly Visit[];
  readonly meetings: readonly Meeting[];
  readonly firstDay: number;
  readonly through: number;
  readonly windowDays: number;
  /** Days from sign-up to a day of this user; null when unknown. */
  readonly tenure: (user: string, day: number) => number | null;
}): Reference {
  const { through, windowDays, firstDay, tenure } = options;
  const from = through - windowDays + 1;
  const known = new Set(options.visits.map(({ user }) => user));
  const events = new Map<string, Map<number, number>>();
  const note = (user: string, day: number, count: number): void => {
    if (day > through || !known.has(user)) return;
    const days = events.get(user) ?? new Map<number, number>();
    events.set(user, days.set(day, (days.get(day) ?? 0) + count));
  };
  for (const { user, day, sessions = 1 } of options.visits) note(user, day, sessions);
  for (const { person, day } of options.meetings) if (person !== null) note(person, day, 0);

  const userDays = [...events].flatMap(([user, days]) => {
    const sorted = [...days.keys()].sort((one, other) => one - other);
    return sorted
      .map((day, at): UserDay => {
        const since = tenure(user, day);
        const within = (length: number): number =>
          sorted.filter((other) => other < day && other >= day - length).length;
        const observed = Math.min(since ?? 90, day - firstDay, 90);
        const rate = observed < 35 ? null : (within(90) - within(28)) / (observed - 28);
        const count = days.get(day) ?? 0;
        const active = classOf(within(28), [1, 3, 6, 10, 15, 21]);
        const fine = since === null ? 'unknown' : classOf(since, [1, 2, 4, 7, 14, 28, 90]);
        const middle = since === null ? 'unknown' : classOf(since, [7, 28, 90]);
        const share = rate === null ? 'unknown' : classOf(rate, [0.05, 0.12, 0.2, 0.3, 0.42, 0.55, 0.7]);
        const busy = classOf(count, [2, 3, 4, 6, 9]);
        return {
          ...{ user, day, next: sorted[at + 1] ?? null },
          cells: [
            `${fine} ${active} ${share} ${busy}`,
            `${middle} ${active} ${classOf(count, [2, 3, 5])}`,
            `${fine} ${busy}`,
          ],
        };
      })
      .filter(({ day }) => day >= from);
  });

  return {
    estimate(item, horizon, isLeftOut) {
      const seen = userDays.filter(({ day }) => day + horizon <= through);
      const returned = ({ day, next }: UserDay): number => (next !== null && next <= day + horizon ? 1 : 0);
      const bins = binsOf(seen, returned);
      const episodes = episodesOf(item);
      const strata = new Map<string, { n1: number; x1: number; n0: number; x0: number }>();
      for (const userDay of seen) {
        const { user, day } = userDay;
        const mine = (episodes.get(user) ?? []).find(({ first, last }) => day >= first && day <= last + 28);
        if (isLeftOut(user, day) || (mine !== undefined && mine.first !== day)) continue;
        const key = `${day} ${bins(userDay)}`;
        const stratum = strata.get(key) ?? { n1: 0, x1: 0, n0: 0, x0: 0 };
        strata.set(key, stratum);
        stratum[mine === undefined ? 'n0' : 'n1'] += 1;
        stratum[mine === undefined ? 'x0' : 'x1'] += returned(userDay);
      }
      return pooled([...strata.values()]);
    },
  };

  function episodesOf(item: number): ReadonlyMap<string, readonly { first: number; last: number }[]> {
    const days = new Map<string, Set<number>>();
    for (const { person, day, item: met } of options.meetings) {
      if (met !== item || person === null || day < from - 28 || day > through || !known.has(person)) continue;
      days.set(person, (days.get(person) ?? new Set()).add(day));
    }
    return new Map(
      [...days].map(([user, met]) => {
        const episodes: { first: number; last: number }[] = [];
        for (const day of [...met].sort((one, other) => one - other)) {
          const newest = episodes.at(-1);
          if (newest !== undefined && day - newest.last <= 28) newest.last = day;
          else episodes.push({ first: day, last: day });
        }
        return [user, episodes];
      }),
    );
  }
}

const classOf = (value: number, cuts: readonly number[]): number => cuts.filter((cut) => value >= cut).length;

/** The bin of the expected return, by the finest cell that has enough user-days. */
function binsOf(
  seen: readonly UserDay[],
  returned: (userDay: UserDay) => number,
): (userDay: UserDay) => number {
  const levels = [0, 1, 2].map((level) => {
    const cells = new Map<string, { days: number; returns: number }>();
    for (const userDay of seen) {
      const name = userDay.cells[level] ?? '';
      const cell = cells.get(name) ?? { days: 0, returns: 0 };
      cells.set(name, { days: cell.days + 1, returns: cell.returns + returned(userDay) });
    }
    return cells;
  });
  return ({ cells }) => {
    const found = levels.map((level, at) => level.get(cells[at] ?? '') ?? { days: 0, returns: 0 });
    const chosen = found.find(({ days }, at) => days >= MIN_CELL || at === 2);
    return Math.floor((chosen === undefined ? 0 : chosen.returns / chosen.days) / 0.04);
  };
}

/** Mantel and Haenszel's difference, with Sato's variance. */
function pooled(
  strata: readonly { readonly n1: number; readonly x1: number; readonly n0: number; readonly x0: number }[],
): Estimate {
  const exposed = strata.filter(({ n1 }) => n1 > 0);
  const matched = exposed.filter(({ n0 }) => n0 > 0);
  const sum = (of: (stratum: (typeof strata)[number]) => number): number =>
    matched.reduce((total, stratum) => total + of(stratum), 0);
  const n1 = sum((stratum) => stratum.n1);
  const r = sum(({ n1: one, n0 }) => (one * n0) / (one + n0));
  const rd = sum(({ n1: one, x1, n0, x0 }) => (x1 * n0 - x0 * one) / (one + n0)) / r;
  const p = sum(
    ({ n1: one, x1, n0, x0 }) =>
      (one ** 2 * x0 - n0 ** 2 * x1 + (one * n0 * (n0 - one)) / 2) / (one + n0) ** 2,
  );
  const q = sum(({ n1: one, x1, n0, x0 }) => (x1 * (n0 - x0) + x0 * (one - x1)) / (2 * (one + n0)));
  const isThere = matched.length > 0;
  return {
    indexDays: exposed.reduce((total, stratum) => total + stratum.n1, 0),
    n1,
    p1: isThere ? sum(({ x1 }) => x1) / n1 : null,
    p0: isThere ? sum(({ n1: one, n0, x0 }) => (one * x0) / n0) / n1 : null,
    rd: isThere ? rd : null,
    variance: isThere ? (rd * p + q) / r ** 2 : null,
  };
}
