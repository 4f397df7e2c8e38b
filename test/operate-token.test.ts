/** A value of a feed's secret is replaced, and nothing else; what cannot be read is not repeated. */
import { expect, test } from 'vitest';
import { UsageError } from '../operate/command-line.ts';
import { readOptions } from '../operate/token/options.ts';
import { withValue } from '../operate/token/secret.ts';

test.each<[string, 'token' | 'webhookSecret', object]>([
  ['{"token":"replace-me","personKey":"k"}', 'token', { token: 'new', personKey: 'k' }],
  [
    '{"token":"old","personKey":"k"}',
    'webhookSecret',
    { token: 'old', personKey: 'k', webhookSecret: 'new' },
  ],
  ['old\n', 'token', { token: 'new' }],
  ['old', 'webhookSecret', { token: 'old', webhookSecret: 'new' }],
])('in %j another %s', (text, key, after) => {
  expect(JSON.parse(withValue(text, key, 'new'))).toEqual(after);
});

test.each([
  ['', /nothing was given/],
  ['{"token":"new"}', /whole secret in JSON/],
  ['two words', /one line without blanks/],
  ['two\nlines', /one line without blanks/],
  ['naïve', /one line without blanks/],
])('%j is no token', (value, message) => {
  expect(() => withValue('{}', 'token', value)).toThrow(message);
});

test('a secret that cannot be read is left alone, and not repeated', () => {
  const message = (() => {
    try {
      return withValue('{"token": hush', 'token', 'new');
    } catch (error) {
      return String(error);
    }
  })();

  expect(message).toContain('mend it by hand');
  expect(message).not.toContain('hush');
});

test('its command line says which feed', () => {
  expect(readOptions(['--feed', 'rollbar:web', '--data', 'd'])).toEqual({
    ...{ place: { dataDir: 'd' }, feed: 'rollbar:web', key: 'token', isTried: true, json: false },
  });
  expect(readOptions(['--feed', 'heroku:web', '--webhook', '--region', 'eu-west-1'])).toMatchObject({
    ...{ place: { region: 'eu-west-1' }, key: 'webhookSecret', isTried: false },
  });
  expect(readOptions(['--feed', 'heroku:web', '--untried'])).toMatchObject({ key: 'token', isTried: false });
  expect(() => readOptions([])).toThrow(UsageError);
  expect(() => readOptions(['--feed', 'web'])).toThrow('--feed takes PRODUCER:NAME');
});
