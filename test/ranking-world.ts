/** A small made-up product for tests of the ranking: users whose return some bugs cut short, and a table that says who was there. */
import { marts } from '../.generated/marts.ts';
import { records } from '../.generated/records.ts';
import { type RankingSettings, rankingDefaults } from '../contract/impact.ts';
import { type Random, randomFor } from '../simulation/random.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

/** A bug: how often it is met by an active user in a day, and by how much it cuts their return in the seven days after. */
export interface Bug {
  readonly item: number;
  readonly chance: number;
  /** 1: nothing happens; 0.3: seven in ten days are lost. */
  readonly left: number;
  /** The day on which it is fixed. */
  readonly until?: number;
}

export interface Visit {
  readonly user: string;
  readonly day: number;
  /** 1 unless it is said. */
  readonly sessions?: number;
  readonly platform?: string;
  /** 2025-01-01 unless it is said; null when nobody knows. */
  readonly signedUpAt?: string | null;
}

export interface Meeting {
  readonly user: string;
  readonly day: number;
  readonly item: number;
  /** Null: the app did not say who it was. */
  readonly person: string | null;
}

/** A row of rollbar_item; days are those of the made-up time. */
export interface KnownItem {
  readonly item: number;
  readonly status?: string;
  readonly group?: number | null;
  readonly total?: number | null;
  readonly firstAt?: number | null;
  readonly resolvedAt?: number | null;
}

/** First day of the made-up time. */
export const FIRST_DAY = Date.UTC(2026, 0, 1);

export const settings: RankingSettings = {
  ...rankingDefaults,
  activity: {
    ...{ table: 'public.user_activity', userId: 'user_id', activeAt: 'active_at', events: 'sessions' },
    ...{ platform: 'platform', segment: null, signedUpAt: 'signed_up_at', revenue: null },
  },
};

/** The instant of a day's hour, as SQL writes it. */
export const at = (day: number, hour = 10): string =>
  new Date(FIRST_DAY + (day * 24 + hour) * 3_600_000).toISOString().slice(0, 19);

const time = (day: number | null): string => (day === null ? 'null' : `'${at(day)}'`);

/** Users with habits of their own; who is there more meets more. */
export function live(options: {
  readonly seed: number;
  readonly users: number;
  readonly days: number;
  readonly bugs: readonly Bug[];
}): { readonly visits: readonly Visit[]; readonly meetings: readonly Meeting[] } {
  const visits: Visit[] = [];
  const meetings: Meeting[] = [];
  for (let nth = 0; nth < options.users; nth += 1) {
    const random: Random = randomFor(options.seed, 'user', nth);
    const user = `user-${nth}`;
    const habit = 0.1 + 0.7 * random.fraction();
    let hurtUntil = -1;
    let left = 1;
    for (let day = 0; day < options.days; day += 1) {
      if (!random.isChance(day <= hurtUntil ? habit * left : habit)) continue;
      visits.push({ user, day });
      for (const bug of options.bugs) {
        if (!random.isChance(bug.chance) || day >= (bug.until ?? options.days)) continue;
        meetings.push({ user, day, item: bug.item, person: user });
        if (bug.left < 1) {
          hurtUntil = day + 7;
          left = bug.left;
        }
      }
    }
  }
  return { visits, meetings };
}

export interface Product {
  readonly world: World;
  visit(visits: readonly Visit[]): Promise<void>;
  /** @param columns what else, or otherwise, stands in each row, as SQL. */
  meet(meetings: readonly Meeting[], columns?: Readonly<Record<string, string>>): Promise<void>;
  know(items: readonly KnownItem[]): Promise<void>;
  /** The clock of the refresh stands at three in the morning of this day. */
  wake(day: number): void;
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function openProduct(): Promise<Product> {
  const world = await openWarehouse();
  await world.reset(records, marts);
  const { query } = world.database;
  await query(
    'create table public.user_activity (user_id text, active_at timestamp, platform text, signed_up_at timestamp, sessions integer)',
  );
  let occurrence = 0;
  const insert = async (table: string, columns: string, rows: readonly string[]): Promise<void> => {
    for (let from = 0; from < rows.length; from += 4000)
      await query(`insert into ${table} (${columns}) values ${rows.slice(from, from + 4000).join(', ')}`);
  };
  return {
    world,
    visit: (visits) =>
      insert(
        'public.user_activity',
        'user_id, active_at, platform, signed_up_at, sessions',
        visits.map(
          ({ user, day, sessions = 1, platform = 'web', signedUpAt = '2025-01-01' }) =>
            `('${user}', '${at(day)}', '${platform}', ${signedUpAt === null ? 'null' : `'${signedUpAt}'`}, ${sessions})`,
        ),
      ),
    meet: (meetings, columns = {}) => {
      const row = ({ day, item, person }: Meeting): Readonly<Record<string, string>> => {
        occurrence += 1;
        const when = `'${at(day, 11)}'`;
        return {
          ...{ project_id: '1', id: String(occurrence), item_id: String(item), occurred_at: when },
          ...{
            timestamp_seconds: '0',
            person_id: person === null ? 'null' : `'${person}'`,
            platform: "'browser'",
          },
          ...{ _feed: "'rollbar:web'", _observed_at: when, _run_id: "'run'" },
          ...columns,
        };
      };
      const rows = meetings.map(row);
      const names = Object.keys(rows[0] ?? {}).join(', ');
      return insert(
        'heimdallr.rollbar_occurrence',
        names,
        rows.map((values) => `(${Object.values(values).join(', ')})`),
      );
    },
    know: (items) =>
      insert(
        'heimdallr.rollbar_item',
        'project_id, id, counter, status, group_item_id, total_occurrences, first_occurrence_at, last_resolved_at, _feed, _observed_at, _run_id',
        items.map(
          ({ item, status = 'active', group = null, total = null, firstAt = null, resolvedAt = null }) =>
            `(1, ${item}, ${item}, '${status}', ${group}, ${total}, ${time(firstAt)}, ${time(resolvedAt)}, 'rollbar:web', '${at(0)}', 'run')`,
        ),
      ),
    wake(day) {
      world.clock.now = new Date(FIRST_DAY + (day * 24 + 3) * 3_600_000);
    },
    async empty() {
      await query('truncate public.user_activity');
      await query('drop schema if exists heimdallr_work cascade');
      await world.empty();
    },
    close: () => world.database.close(),
  };
}
