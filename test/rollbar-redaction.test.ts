/** What leaves an occurrence's payload before anything is stored, and what stays. */
import { expect, test } from 'vitest';
import { at } from '../contract/read.ts';
import type { People } from '../contract/redact.ts';
import { occurrenceOf } from '../producers/rollbar/occurrence.ts';
import { answer, bodyOf, mixed, occurrences, pages, text } from './rollbar-answers.ts';

const secrets = [
  ...['0000aaaa1111bbbb', '203.0.113.77', '198.51.100.0', '192.0.2.0', 'm.voss@example.com', 'mvoss'],
  ...['step=3', '3f6d0a1f9a4e4a6fb1d2', 'K-1', '[FILTERED]', '********', 'captureUncaught', '/app/worker.py'],
];

test('leaves no secret of the documented answers', () => {
  const before = pages.map(text).join('');

  const after = occurrences.map((emitted) => JSON.stringify(bodyOf(emitted))).join('');

  expect(secrets.filter((secret) => !before.includes(secret))).toEqual([]);
  expect(secrets.filter((secret) => after.includes(secret))).toEqual([]);
});

test('leaves the rest of a payload as it was', () => {
  const [, occurrenceBody] = mixed.map((emitted) => bodyOf(emitted));

  expect(occurrenceBody?.payload).toEqual(answer('redacted_payload.golden.json'));
});

test('reaches what notifiers are known to send', () => {
  const data = {
    body: {
      telemetry: [
        { type: 'dom', body: { element: 'input', value: 'SECRET' } },
        { type: 'network', body: { url: '/a?SECRET', request: { q: 'SECRET' }, response: 'SECRET' } },
        { type: 'navigation', body: { from: '/a#SECRET', to: '/b?SECRET' } },
      ],
      trace: {
        exception: { class: 'E', message: 'm', stack: 'at /a?SECRET', raw: 'SECRET' },
        frames: [
          {
            filename: 'https://a.example/b?SECRET',
            locals: { x: 'SECRET' },
            args: ['SECRET'],
            kwargs: { y: 'SECRET' },
          },
        ],
      },
    },
    request: {
      url: 'https://user:SECRET@a.example/b?SECRET',
      headers: {
        'X-FORWARDED-FOR': 'SECRET',
        'x-api-key': 'SECRET',
        Cookie: 'SECRET',
        'Set-Cookie': ['SECRET'],
        'X-CSRF-Token': 'SECRET',
        REFERER: 'https://a.example/?SECRET',
        Host: 'a.example',
      },
      POST: { a: 'SECRET' },
      GET: { a: 'SECRET' },
      params: { a: 'SECRET' },
      query_string: 'SECRET',
      body: 'SECRET',
      session: { a: 'SECRET' },
      cookies: { a: 'SECRET' },
      user_ip: 'SECRET',
    },
    client: { user_ip: 'SECRET' },
    person: { id: '1', email: 'SECRET', username: 'SECRET', phone: 'SECRET' },
    server: { argv: ['--key', 'SECRET'], env: { A: 'SECRET' } },
    custom: { password: 'SECRET', authToken: 'SECRET', user: { email: 'SECRET' }, environ: 'SECRET' },
    notifier: { configured_options: { accessToken: 'SECRET', endpoint: 'SECRET' } },
    metadata: { access_token: 'SECRET' },
    attributes: [{ key: 'session_id', value: 'SECRET' }],
  };

  const body = bodyOf(occurrenceOf({ id: 1, project_id: 2, timestamp: 1788263996, data }));

  const json = JSON.stringify(body);
  expect(json.match(/.{0,60}SECRET/)).toBeNull();
  expect(json).toContain('"Host":"a.example"');
  expect(body.request_url).toBe('https://a.example/b');
});

test('a person is kept, hashed or dropped, in the column and in the payload alike', () => {
  const emitted = mixed[1];
  if (emitted === undefined) throw new Error('the answer has no second row');
  const modes: People[] = [{ mode: 'keep' }, { mode: 'hash', key: 'pepper' }, { mode: 'drop' }];

  const ids = modes.map((people) => {
    const { person_id, payload } = bodyOf(emitted, people);
    return [person_id, at(payload ?? null, 'person', 'id')];
  });

  // printf 5512 | openssl dgst -sha256 -hmac pepper
  const hashed = 'd25bf23795dd14e478d914ff512bfe0ea806570517a11b7e4fd7f9b393445284';
  expect(ids).toEqual([
    ['5512', '5512'],
    [hashed, hashed],
    [null, null],
  ]);
});
