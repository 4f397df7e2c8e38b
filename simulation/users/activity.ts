/**
 * When the company's users were there, as its own product would write it down: into a table of its own, in the warehouse
 * that Heimdallr fills.
 */
import { Client } from 'pg';
import { randomFor } from '../random.ts';
import { DAY_MS } from '../world/life.ts';
import { usersOf } from './users.ts';

/** The company's own table, as `activity` in heimdallr.config.ts names it. */
const TABLE = 'public.user_activity';

/** By this it is known again. */
const COMMENT = 'Made up: the activity of simulated users';

/** Who pays buys now and then, for so much. */
const BUYS = 0.15;
const PRICE = 24.9;

export interface Written {
  readonly table: string;
  readonly users: number;
  readonly rows: number;
  /** False: the table is somebody else's, and nothing was written. */
  readonly isOurs: boolean;
}

/**
 * Makes the table anew. One of that name which somebody else made is left as it is.
 * @param warehouse `postgres://…`
 */
export async function writeActivity(
  warehouse: string,
  company: { readonly seed: number; readonly startMs: number; readonly sinceHours: number },
): Promise<Written> {
  const client = new Client({ connectionString: warehouse });
  await client.connect();
  try {
    const found = await client.query(
      `select obj_description(to_regclass('${TABLE}')) as comment, to_regclass('${TABLE}') is not null as is_there`,
    );
    const { comment, is_there } = found.rows[0] ?? {};
    if (is_there === true && comment !== COMMENT) return { table: TABLE, users: 0, rows: 0, isOurs: false };
    const { users, activity } = usersOf({ ...company, isLive: false });
    await client.query('begin');
    await client.query(`drop table if exists ${TABLE}`);
    await client.query(`create table ${TABLE} (
      user_id varchar(64) not null, active_at timestamp not null, sessions integer not null, platform varchar(16) not null,
      plan varchar(16) not null, signed_up_at timestamp not null, revenue decimal(12,2) not null)`);
    await client.query(`comment on table ${TABLE} is '${COMMENT}'`);
    for (let from = 0; from < activity.length; from += 5_000) {
      const rows = activity.slice(from, from + 5_000).map(({ user, at, sessions }) => {
        const { id, platform, isMember, pays, signedUpAt } = users[user] ?? {};
        const random = randomFor(company.seed, 'revenue', user, Math.floor(at / DAY_MS));
        return {
          ...{ user_id: id, active_at: isoOf(at), sessions, platform, plan: isMember ? 'member' : 'guest' },
          ...{
            signed_up_at: isoOf(signedUpAt ?? 0),
            revenue: pays === true && random.isChance(BUYS) ? PRICE : 0,
          },
        };
      });
      await client.query(
        `insert into ${TABLE} select * from jsonb_populate_recordset(null::${TABLE}, $1::text::jsonb)`,
        [JSON.stringify(rows)],
      );
    }
    await client.query('commit');
    return {
      table: TABLE,
      users: new Set(activity.map(({ user }) => user)).size,
      rows: activity.length,
      isOurs: true,
    };
  } finally {
    await client.end();
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
