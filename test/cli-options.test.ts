import { expect, test } from 'vitest';
import { readOptions, UsageError } from '../local/cli/options.ts';

const now = new Date('2026-11-23T18:30:00Z');
const read = (...args: string[]) => readOptions(args, ['circleci', 'rollbar'], now);

test('without arguments everything is chosen for the user', () => {
  expect(read()).toEqual({
    until: null,
    vendors: {},
    feeds: [],
    warehouse: null,
    dataDir: null,
    since: null,
    json: false,
    speed: null,
  });
});

test('every flag is read', () => {
  const options = read(
    ...[
      '--until',
      'drained',
      '--vendor',
      'rollbar=http://127.0.0.1:8080/',
      '--vendor',
      'circleci=https://ci.example',
    ],
    ...['--feed', 'rollbar:web', '--feed', 'rollbar:api', '--warehouse', 'postgres://me@127.0.0.1:5432/bugs'],
    ...['--data', '/tmp/x', '--since', '7d', '--speed', '60', '--json'],
  );

  expect(options).toEqual({
    until: 'drained',
    vendors: { rollbar: 'http://127.0.0.1:8080', circleci: 'https://ci.example' },
    feeds: ['rollbar:web', 'rollbar:api'],
    warehouse: 'postgres://me@127.0.0.1:5432/bugs',
    dataDir: '/tmp/x',
    since: '7d',
    json: true,
    speed: 60,
  });
});

test.each([
  [['--untill', 'drained'], /^Unknown option '--untill'/],
  [['--until', 'noon'], /^--until takes drained, got "noon"$/],
  [['--until'], /argument missing/],
  [['drained'], /^Unexpected argument 'drained'/],
  [
    ['--vendor', 'jenkins=http://x'],
    /^--vendor takes NAME=URL where NAME is one of circleci, rollbar, got "jenkins=http:\/\/x"$/,
  ],
  [['--vendor', 'rollbar'], /^--vendor takes NAME=URL/],
  [['--vendor', 'rollbar=ftp://x'], /^--vendor rollbar takes an http or https URL, got "ftp:\/\/x"$/],
  [['--feed', 'web'], /^--feed takes PRODUCER:NAME/],
  [['--warehouse', 'mysql://x'], /^--warehouse takes a URL such as postgres:/],
  [['--since', 'yesterday'], /^--since must be like 90m, 24h, 7d or 2026-01-01/],
  [['--since', '2027-01-01'], /not in the future/],
  [['--since', '-1h'], /^Option '--since' argument is ambiguous/],
  [['--data', ''], /^--data takes a directory, got nothing$/],
  [
    ['--vendor', 'rollbar=http://me:secret@x'],
    /^--vendor rollbar takes a URL without user and password; ROLLBAR_TOKEN is its token$/,
  ],
  [['--vendor', 'rollbar=http://a', '--vendor', 'rollbar=http://b'], /^--vendor rollbar is given twice/],
  [['--speed', 'fast'], /^--speed takes a number from 1 to 10000, got "fast"$/],
  [['--speed', '0'], /^--speed takes a number/],
  [['--speed', ''], /^--speed takes a number/],
])('%j is refused in one line', (args, message) => {
  let caught: unknown;
  try {
    readOptions(args, ['circleci', 'rollbar'], now);
  } catch (error) {
    caught = error;
  }

  expect(caught).toBeInstanceOf(UsageError);
  expect(String((caught as UsageError).message)).toMatch(message);
  expect(String((caught as UsageError).message)).not.toContain('\n');
});

test('a password in a refused warehouse address is not repeated', () => {
  expect(() => read('--warehouse', 'mysql://me:hunter2@x')).toThrow(/^(?!.*hunter2)/);
});
