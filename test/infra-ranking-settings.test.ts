/** What the installation says of the ranking, and what is said when it cannot be used. */
import { describe, expect, test } from 'vitest';
import { rankingDefaults } from '../contract/impact.ts';
import { ConfigurationError } from '../infra/read.ts';
import { readInstallation } from '../infra/read-installation.ts';
import { now, producers, serverless } from './infra-stack.ts';

const unhashed = { ...serverless, feeds: [{ feed: 'alpha:web' }] };
const activity = { table: 'public.user_activity', userId: 'user_id', activeAt: 'active_at' };

const read = (choice: object) => readInstallation({ ...unhashed, ...choice }, producers, now).ranking;

test('the team’s own tables become the settings of the ranking', () => {
  const ranking = read({
    activity: { ...activity, platform: "coalesce(device, 'web')", signedUpAt: 'cast(signed_up as date)' },
    people: "regexp_replace(person_id, '^user:', '')",
    ranking: {
      ...{ everyHours: 6, timeZone: 'America/Argentina/Buenos_Aires', environments: ['production'] },
      ...{ negativeControls: ['9007199254740993'], excludedUsers: ['1', "it's"], windowDays: 28 },
    },
  });

  expect(ranking).toEqual({
    everyHours: 6,
    settings: {
      activity: {
        ...activity,
        ...{ platform: "coalesce(device, 'web')", signedUpAt: 'cast(signed_up as date)' },
        ...{ events: null, segment: null, revenue: null },
      },
      people: { by: 'expression', userId: "regexp_replace(person_id, '^user:', '')" },
      ...{ timeZone: 'America/Argentina/Buenos_Aires', environments: ['production'] },
      ...{ negativeControls: ['9007199254740993'], excludedUsers: ['1', "it's"], windowDays: 28 },
      falseDiscoveryRate: rankingDefaults.falseDiscoveryRate,
    },
  });
});

test('people may be found by a table of both ids, and then a feed may hash them', () => {
  const people = { table: 'crm.people', personId: 'hashed_id', userId: 'id' };

  const { settings } = readInstallation({ ...serverless, activity, people }, producers, now).ranking;

  expect(settings.people).toEqual({ by: 'table', ...people });
});

const expressions: readonly (readonly [string, string])[] = [
  ['user_id; drop table users', 'one expression, without a semicolon'],
  ['user_id -- the new one', 'an expression without a comment'],
  ['user_id /* new */', 'an expression without a comment'],
  ["replace(user_id, 'user:, '')", "an expression whose ' has its end"],
  ["'user", "an expression whose ' has its end"],
  ["'user''", "an expression whose ' has its end"],
  ["'", "an expression whose ' has its end"],
  ['"User', 'an expression whose " has its end'],
  ['lower(user_id', 'an expression whose ( has its end'],
  ['user_id)', 'an expression whose ) has its beginning'],
  ['f(ids[1)]', 'an expression whose ) has its beginning'],
  ['user_id, account_id', 'one expression, not several'],
  ['user_id as id', 'one value, without the word as'],
  ['id FROM users', 'one value, without the word FROM'],
  ["replace(id, '\\', '')", 'an expression without a backslash; write [0-9] for \\d'],
  ['$$id$$', 'an expression without a dollar sign'],
  ['user\nid', 'an expression in one line, without control characters'],
  [`'${'x'.repeat(499)}'`, 'at most 500 bytes, not 501; make a view'],
  ['  ', 'an SQL expression, such as the name of a column'],
];

describe('an expression that is none, or more than one, is refused:', () => {
  test.each(expressions)('%s', (userId, expected) => {
    const shown = JSON.stringify(userId);
    const got = shown.length > 80 ? `${shown.slice(0, 77)}…` : shown;

    expect(() => read({ activity: { ...activity, userId } })).toThrow(
      new ConfigurationError(`activity.userId: got ${got}, expected ${expected}`),
    );
  });
});

test.each([
  'user_id',
  '"User Id"',
  'cast(substring(id, 2) as bigint)',
  "case when is_guest then null else id || ',;--' end",
  'extract(epoch from at)',
  'traits.user[0].id',
  "'it''s' || id",
  'payload:user_id::varchar(40)',
])('an expression is taken as it is: %s', (userId) => {
  expect(read({ activity: { ...activity, userId } }).settings.activity?.userId).toBe(userId);
});

const refused: readonly (readonly [string, object, string])[] = [
  [
    'a table without its schema',
    { activity: { ...activity, table: 'user_activity' } },
    'activity.table: got "user_activity", expected schema.table in lower case, such as public.user_activity',
  ],
  [
    'activity without its time',
    { activity: { table: activity.table, userId: 'id' } },
    'activity.activeAt: got nothing, expected an SQL expression, such as the name of a column',
  ],
  [
    'a key of the activity that nobody knows',
    { activity: { ...activity, plattform: 'device' } },
    'activity.plattform: got an unknown key, expected platform, if that was meant, or one of table, userId, activeAt, events, platform, segment, signedUpAt, revenue',
  ],
  [
    'people that are a number',
    { people: 7 },
    'people: got 7, expected an SQL expression, or an object with table, personId, userId',
  ],
  [
    'people of half a table',
    { people: { table: 'crm.people', personId: 'id' } },
    'people.userId: got nothing, expected an SQL expression, such as the name of a column',
  ],
  [
    'a time zone that is none',
    { ranking: { timeZone: 'Europe/Vienne' } },
    'ranking.timeZone: got "Europe/Vienne", expected UTC or the IANA name of a time zone such as Europe/Vienna',
  ],
  [
    'an offset, which knows no summer',
    { ranking: { timeZone: '+01:00' } },
    'ranking.timeZone: got "+01:00", expected UTC or the IANA name of a time zone such as Europe/Vienna',
  ],
  [
    'a refresh by the minute',
    { ranking: { everyHours: 0.1 } },
    'ranking.everyHours: got 0.1, expected a whole number from 1 to 168',
  ],
  [
    'no environment',
    { ranking: { environments: [] } },
    'ranking.environments: got an empty list, expected at least one environment, or nothing for all',
  ],
  [
    'an environment twice',
    { ranking: { environments: ['production', 'ios', 'production'] } },
    'ranking.environments[2]: got "production" a second time, expected every one once',
  ],
  [
    'an item that is no id',
    { ranking: { negativeControls: ['#12'] } },
    'ranking.negativeControls[0]: got "#12", expected the id of an item, as text',
  ],
  [
    'an item as a number, which may have lost digits',
    { ranking: { negativeControls: [42] } },
    'ranking.negativeControls[0]: got 42, expected the id of an item, as text',
  ],
  [
    'a user twice',
    { ranking: { excludedUsers: ['a', 'a'] } },
    'ranking.excludedUsers[1]: got "a" a second time, expected every one once',
  ],
  [
    'a window of days',
    { ranking: { windowDays: 7 } },
    'ranking.windowDays: got 7, expected a whole number from 14 to 112 (the method compares weeks, and keeps the days of users for 150)',
  ],
  [
    'a rate in percent',
    { ranking: { falseDiscoveryRate: 10 } },
    'ranking.falseDiscoveryRate: got 10, expected a number above 0 and up to 0.5',
  ],
  [
    'more settings than a function’s environment holds',
    { activity, ranking: { excludedUsers: Array.from({ length: 400 }, (_, n) => `user-${n}`) } },
    "ranking: got settings of 4623 bytes, expected at most 3000, with activity and people: a function's environment holds no more; leave users out by a view over the activity table",
  ],
  [
    'hashed people whom no expression can find',
    { feeds: serverless.feeds, activity },
    'feeds[1].people: got "hash", expected keep or drop, or a table for people that has the hashed person id (HMAC-SHA-256 with the personKey of the secret heimdallr/alpha/app, in hex) beside the user id: the ids of the activity table are not hashed, nobody would be found',
  ],
];

describe('refuses, and says where and what is expected:', () => {
  test.each(refused)('%s', (_what, choice, message) => {
    expect(() => read(choice)).toThrow(new ConfigurationError(message));
  });
});
