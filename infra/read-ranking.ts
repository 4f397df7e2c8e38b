/**
 * Reads what the ranking by users lost is told: where the team's activity is, who is who, and how to count.
 */
import {
  type ActivitySettings,
  type PeopleSettings,
  type RankingSettings,
  rankingDefaults,
} from '../contract/impact.ts';
import { list, object, optional, type Reader, show, text, unique, whole, wrong } from './read.ts';
import type { ResolvedFeed } from './read-feeds.ts';
import { sqlExpression, sqlTable } from './read-sql.ts';

export interface ResolvedRanking {
  readonly settings: RankingSettings;
  readonly everyHours: number;
}

const activity: Reader<ActivitySettings> = object({
  table: sqlTable,
  userId: sqlExpression,
  activeAt: sqlExpression,
  events: optional(sqlExpression, null),
  platform: optional(sqlExpression, null),
  segment: optional(sqlExpression, null),
  signedUpAt: optional(sqlExpression, null),
  revenue: optional(sqlExpression, null),
});

const peopleTable = object({ table: sqlTable, personId: sqlExpression, userId: sqlExpression });

const people: Reader<PeopleSettings> = (value, path) => {
  if (typeof value === 'string') return { by: 'expression', userId: sqlExpression(value, path) };
  if (typeof value !== 'object' || value === null)
    return wrong(path, show(value), 'an SQL expression, or an object with table, personId, userId');
  return { by: 'table', ...peopleTable(value, path) };
};

/** Read by whoever knows all time zones; names that only this machine knows, such as EST5EDT, are left out. */
const timeZone: Reader<string> = (value, path) => {
  const expected = 'UTC or the IANA name of a time zone such as Europe/Vienna';
  if (typeof value !== 'string' || !/^(?:UTC|[A-Z][A-Za-z]*(?:\/[A-Z][A-Za-z0-9_+-]*)+)$/.test(value))
    return wrong(path, show(value), expected);
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return value;
  } catch {
    return wrong(path, show(value), expected);
  }
};

/** A list of texts, each once. */
const texts =
  (pattern: RegExp, expected: string): Reader<readonly string[]> =>
  (value, path) => {
    const found = list(text(pattern, expected))(value, path);
    unique(found, (index) => `${path}[${index}]`, 'every one once');
    return found;
  };

/** At least one: an empty list would mean that no environment counts, which nobody wants to say. */
const environments: Reader<readonly string[]> = (value, path) => {
  const found = texts(/\S/, 'the name of an environment')(value, path);
  return found.length > 0
    ? found
    : wrong(path, 'an empty list', 'at least one environment, or nothing for all');
};

const share: Reader<number> = (value, path) =>
  typeof value === 'number' && value > 0 && value <= 0.5
    ? value
    : wrong(path, show(value), 'a number above 0 and up to 0.5');

const method = {
  everyHours: optional(whole(1, 168), 24),
  timeZone: optional(timeZone, rankingDefaults.timeZone),
  environments: optional(environments, rankingDefaults.environments),
  negativeControls: optional(
    texts(/^[1-9]\d{0,18}$/, 'the id of an item, as text'),
    rankingDefaults.negativeControls,
  ),
  excludedUsers: optional(texts(/\S/, 'the id of a user'), rankingDefaults.excludedUsers),
  windowDays: optional(
    whole(14, 112, 'the method compares weeks, and keeps the days of users for 150'),
    rankingDefaults.windowDays,
  ),
  falseDiscoveryRate: optional(share, rankingDefaults.falseDiscoveryRate),
};

/** The keys of the installation that are about the ranking. */
export const rankingKeys = {
  activity: optional(activity, rankingDefaults.activity),
  people: optional(people, rankingDefaults.people),
  ranking: optional(object(method), object(method)({}, 'ranking')),
};

/** A function's environment holds 4 KB in all. */
const MAX_SETTINGS_BYTES = 3_000;

/**
 * The settings of the ranking, once every key by itself is right.
 * @throws {ConfigurationError} when they are too many, or nobody could be found by them.
 */
export function resolveRanking(
  read: { readonly [Key in keyof typeof rankingKeys]: ReturnType<(typeof rankingKeys)[Key]> },
  feeds: readonly Pick<ResolvedFeed, 'feed' | 'people'>[],
): ResolvedRanking {
  const { everyHours, ...counting } = read.ranking;
  const settings = { activity: read.activity, people: read.people, ...counting };
  const hashed = feeds.findIndex((feed) => feed.people === 'hash');
  if (settings.activity !== null && settings.people.by === 'expression' && hashed >= 0) {
    wrong(
      `feeds[${hashed}].people`,
      '"hash"',
      `keep or drop, or a table for people that has the hashed person id (HMAC-SHA-256 with the personKey of the secret heimdallr/${feeds[hashed]?.feed.replace(':', '/')}, in hex) beside the user id: the ids of the activity table are not hashed, nobody would be found`,
    );
  }
  const bytes = Buffer.byteLength(JSON.stringify(settings));
  if (bytes > MAX_SETTINGS_BYTES) {
    wrong(
      'ranking',
      `settings of ${bytes} bytes`,
      `at most ${MAX_SETTINGS_BYTES}, with activity and people: a function's environment holds no more; leave users out by a view over the activity table`,
    );
  }
  return { settings, everyHours };
}
