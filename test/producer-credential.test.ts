/** Credentials and events: what a function is given, checked before anything is done with it. */
import { describe, expect, test } from 'vitest';
import { CredentialCache, parseCredential, peopleOf, scrubber } from '../producers/credential.ts';
import { checkEvent } from '../producers/feed-event.ts';
import { anEvent, fakeClock, SECRET, TOKEN } from './producer-fakes.ts';

describe('a secret', () => {
  test.each([
    ['the bare token', `${TOKEN}\n`, { token: TOKEN, personKey: null, webhookSecret: null }],
    ['JSON', `{"token":"${TOKEN}"}`, { token: TOKEN, personKey: null, webhookSecret: null }],
    [
      'JSON with a key',
      `{"token":" ${TOKEN}","personKey":"k"}`,
      { token: TOKEN, personKey: 'k', webhookSecret: null },
    ],
  ])('may hold %s', (_name, text, credential) => {
    expect(parseCredential(text, SECRET)).toEqual(credential);
  });

  test.each([
    ['', 'an empty token'],
    ['{"token":""}', 'an empty token'],
    ['{"token":', 'text that starts with "{" and is no JSON'],
    ['{"tokn":"0123456789"}', 'JSON without a "token"'],
    [`{"token":"${TOKEN}","personKey":7}`, 'a "personKey" that is no text'],
    ['two words in it', 'a token with blanks or characters that no header can carry'],
  ])('that holds %j is a job for a person, who is told without the secret', (text, got) => {
    expect(() => parseCredential(text, SECRET)).toThrow(
      expect.objectContaining({
        kind: 'unauthorized',
        message: `the secret ${SECRET} must hold the bare token or {"token": "…", "personKey": "…"}, got ${got}; put the token into it`,
      }),
    );
  });

  test('may hold a short token; records are not searched for it, words of the vendor are', () => {
    const { token } = parseCredential('read', SECRET);
    const scrub = scrubber(token);

    expect(scrub.value({ note: 'already read' }, '{"note":"already read"}')).toEqual({
      note: 'already read',
    });
    expect(scrub.text('access token not found: read')).toBe('access token not found: [redacted]');
  });

  test('without a key cannot hash persons', () => {
    const credential = { token: TOKEN, personKey: null, webhookSecret: null };

    expect(peopleOf('drop', credential, SECRET)).toEqual({ mode: 'drop' });
    expect(peopleOf('hash', { ...credential, personKey: 'k' }, SECRET)).toEqual({ mode: 'hash', key: 'k' });
    expect(() => peopleOf('hash', credential, SECRET)).toThrow(
      expect.objectContaining({
        kind: 'unauthorized',
        message: expect.stringContaining('needs a "personKey"'),
      }),
    );
  });

  test('is read again after five minutes, or when it is to be forgotten', async () => {
    const clock = fakeClock();
    let reads = 0;
    const secrets = {
      async read() {
        reads += 1;
        return `${TOKEN}-${reads}`;
      },
    };
    const cache = new CredentialCache(secrets, clock);
    const tokens: string[] = [];
    const read = async () => tokens.push((await cache.read(SECRET)).token.slice(-1));

    await read();
    clock.advance(299_999);
    await read();
    clock.advance(1);
    await read();
    cache.forget(SECRET);
    await read();

    expect(tokens).toEqual(['1', '1', '2', '3']);
  });
});

describe('a token', () => {
  const token = 'a"b\\c/d efghij'.replace(' ', '');

  test.each([
    ['as it is', `x${token}y`],
    ['in JSON', `x${JSON.stringify(token).slice(1, -1)}y`],
    ['in JSON within JSON', `x${JSON.stringify(JSON.stringify(token).slice(1, -1)).slice(1, -1)}y`],
    ['in a URL', `x${encodeURIComponent(token)}y`],
  ])('is found %s', (_name, text) => {
    expect(scrubber(token).text(text)).toBe('x[redacted]y');
  });

  test('of digits is found in numbers, and the JSON stays JSON', () => {
    const value = { id: 1234567890123, text: 'is 1234567890123', other: 5 };

    const clean = scrubber('1234567890123').value(value, JSON.stringify(value));

    expect(clean).toEqual({ id: '[redacted]', text: 'is [redacted]', other: 5 });
  });

  test('that is not there leaves the very same value', () => {
    const value = { a: [1, null, true] };

    expect(scrubber(TOKEN).value(value, JSON.stringify(value))).toBe(value);
  });
});

describe('an event', () => {
  const now = new Date('2026-11-23T18:30:00Z');
  const producer = {
    name: 'tiny',
    settings: {
      depth: { type: 'integer', description: 'How deep.', default: 3 },
      names: { type: 'strings', description: 'Which ones.' },
    },
  } as const;

  test('becomes a feed, with the defaults of its settings', () => {
    const feed = checkEvent(producer, anEvent({ settings: { names: ['a'] } }), now);

    expect(feed).toEqual({
      task: 'poll',
      walk: null,
      feed: 'tiny:web',
      baseUrl: 'http://127.0.0.1:1',
      secretArn: SECRET,
      settings: { depth: 3, names: ['a'] },
      since: new Date('2026-11-22T18:30:00Z'),
      people: 'keep',
    });
  });

  test.each<[string, unknown, string]>([
    ['nothing', null, 'the event must be an object with feed, baseUrl, …, got null'],
    [
      'another producer’s feed',
      anEvent({ feed: 'other:web' }),
      'the event\'s feed must be text such as "tiny:web"',
    ],
    ['a name that is too long', anEvent({ feed: `tiny:${'x'.repeat(124)}` }), "the event's feed must be"],
    [
      'a trailing slash',
      anEvent({ baseUrl: 'https://api/' }),
      "the event's baseUrl must be an http(s) address",
    ],
    [
      'no secret',
      anEvent({ secretArn: '' }),
      'the event\'s secretArn must be the address of a secret, got ""',
    ],
    [
      'other people',
      { ...anEvent(), people: 'sell' },
      'the event\'s people must be "keep", "hash" or "drop"',
    ],
    ['no since', { ...anEvent(), since: 7 }, 'the event\'s since must be text such as "24h", got 7'],
    ['a bad since', anEvent({ settings: { names: [] }, since: 'long ago' }), 'since must be like 90m'],
    ['no settings', { ...anEvent(), settings: null }, "the event's settings must be an object, got null"],
    [
      'an unknown setting',
      anEvent({ settings: { names: [], dpth: 1 } }),
      "the event's settings.dpth must be one of depth, names",
    ],
    [
      'a setting of another type',
      anEvent({ settings: { names: [], depth: '3' } }),
      'the event\'s settings.depth must be a whole number, got "3"',
    ],
    [
      'a setting without a default',
      anEvent({ settings: {} }),
      "the event's settings.names must be a list of texts, got nothing",
    ],
  ])('with %s is refused with what it should be', (_name, event, message) => {
    expect(() => checkEvent(producer, event, now)).toThrow(message);
  });
});
