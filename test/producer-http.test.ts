/** The HTTP client of a poll, against a vendor on loopback that misbehaves in every way it can. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { PollError, type Producer } from '../contract/producer.ts';
import type { Limits } from '../producers/body.ts';
import { scrubber } from '../producers/credential.ts';
import { OutOfTime } from '../producers/failure.ts';
import { converse } from '../producers/http.ts';
import {
  type FakeClock,
  fakeClock,
  type LogLine,
  loopback,
  pagesOf,
  START,
  TOKEN,
  tinyProducer,
} from './producer-fakes.ts';

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A vendor that gives these replies one after another, and the last one for ever. */
async function vendor(...replies: readonly Reply[]) {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const { url, close } = await loopback((request, response) => {
    const reply = replies[Math.min(asked.length, replies.length - 1)];
    asked.push(request.url ?? '');
    headers.push(request.headers);
    reply?.(response, request);
  });
  cleanups.push(close);
  return { url, asked, headers };
}

interface Talk {
  readonly clock?: FakeClock;
  readonly limits?: Limits;
  /** Milliseconds until the run must stop asking. */
  readonly time?: number;
  readonly producer?: Partial<Producer<number, Record<never, never>>>;
}

function talkTo(baseUrl: string, { clock = fakeClock(), limits, time = 50_000, producer = {} }: Talk = {}) {
  const logged: LogLine[] = [];
  const conversation = converse(
    { producer: { ...tinyProducer(pagesOf()), ...producer }, baseUrl, token: TOKEN },
    {
      clock,
      random: () => 1,
      scrub: scrubber(TOKEN),
      warn: (message, fields) => logged.push({ level: 'warn', message, fields }),
      remaining: () => time - (clock.now().getTime() - START),
      ...(limits === undefined ? {} : { limits }),
    },
  );
  cleanups.push(() => conversation.end());
  return { conversation, http: conversation.http, clock, logged };
}

const json =
  (body: JsonValue, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
const text =
  (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
const rows = (...values: readonly JsonValue[]): JsonValue => ({ err: 0, rows: values });
const reset: Reply = (response) => response.destroy();

/** What a promise was rejected with. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

const failed = (kind: string, message: string, retryAfterSeconds: number | null = null) =>
  expect.objectContaining({ name: 'PollError', kind, message, retryAfterSeconds });

const AGAIN = "the next run tries again; if it lasts, look at the vendor's status page";

describe('get', () => {
  test('an answer comes with its status, its headers and all of its digits', async () => {
    const { url, asked, headers } = await vendor(
      text('{"id":18345678901234567890}', 206, { 'Next-Range': 'id 7..' }),
    );
    const { http } = talkTo(`${url}/api`);

    const answer = await http.get(
      '/rows',
      { level: ['error', 'warning'], page: 2, none: undefined },
      { Range: 'id ..' },
    );

    expect(answer).toEqual({
      status: 206,
      headers: expect.objectContaining({ 'next-range': 'id 7..' }),
      body: { id: '18345678901234567890' },
    });
    expect(asked).toEqual(['/api/rows?level=error&level=warning&page=2']);
    expect(headers[0]).toMatchObject({ 'x-token': TOKEN, 'user-agent': 'heimdallr', range: 'id ..' });
  });

  test('a connection is kept for the next request', async () => {
    const ports: (number | undefined)[] = [];
    const { url } = await vendor((response, request) => {
      ports.push(request.socket.remotePort);
      json({})(response, request);
    });
    const { http } = talkTo(url);

    await http.get('/one');
    await http.get('/two');

    expect(new Set(ports).size).toBe(1);
  });

  test('no connection is left when the conversation has ended', async () => {
    const closed = Promise.withResolvers<void>();
    const { url } = await vendor((response, request) => {
      request.socket.on('close', () => closed.resolve());
      json({})(response, request);
    });
    const { http, conversation } = talkTo(url);
    await http.get('/one');

    conversation.end();

    await expect(closed.promise).resolves.toBeUndefined();
  });

  test('a compressed answer is read', async () => {
    const { url } = await vendor((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync('{"a":1}'));
    });

    const answer = await talkTo(url).http.get('/rows');

    expect(answer.body).toEqual({ a: 1 });
  });

  test('an answer of more than 16 MB is refused', async () => {
    const { url } = await vendor(text(`"${'x'.repeat(17 * 1024 * 1024)}"`));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toEqual(
      failed(
        'unexpected_response',
        "GET /rows: an answer of more than 16777216 bytes; compare with the vendor's documentation, the producer may have to change",
      ),
    );
  });

  test('a whole address is no path: the credential could go elsewhere', async () => {
    const { http } = talkTo('http://127.0.0.1:1');

    const error = await errorOf(http.get('https://example.org/rows'));

    expect(error).toEqual(new TypeError('a path must start with "/", got one that does not'));
  });
});

describe('what a vendor refuses', () => {
  test('a token echoed in a 403 is in no error and in no line of the log', async () => {
    const { url, asked } = await vendor(json({ err: 1, message: `access token not found: ${TOKEN}` }, 403));
    const { http, logged } = talkTo(url);

    const error = await errorOf(http.get(`/projects/${TOKEN}/rows?secret=1`, { access_token: TOKEN }));

    expect(error).toEqual(
      failed(
        'unauthorized',
        'GET /projects/[redacted]/rows: status 403, the vendor says "access token not found: [redacted]"; put a valid token with the right to read into the feed\'s secret',
      ),
    );
    expect(inspect([error, logged], { depth: null, showHidden: true })).not.toContain(TOKEN);
    expect(asked).toHaveLength(1);
  });

  test('a token that stands where a long message is cut is not cut in two', async () => {
    const { url } = await vendor(text(`${'x'.repeat(190)}${TOKEN}`, 401));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toMatchObject({
      kind: 'unauthorized',
      message: expect.stringContaining(`"${'x'.repeat(190)}[redacted]"`),
    });
    expect(inspect(error, { depth: null })).not.toContain(TOKEN.slice(0, 8));
  });

  test('a broken connection says so without the request that held the token', async () => {
    const { url } = await vendor(reset);
    const { http, logged } = talkTo(url);

    const error = await errorOf(http.get('/rows', { token: TOKEN }));

    expect(error).toEqual(failed('unavailable', `GET /rows: no answer (ECONNRESET); ${AGAIN}`));
    expect(inspect([error, logged], { depth: null, showHidden: true })).not.toContain(TOKEN);
  });

  test.each([404, 410])(
    'status %i says that the settings name what is not there, or not to be seen',
    async (status) => {
      const { url, asked } = await vendor(json({ message: 'Not found' }, status));

      const error = await errorOf(talkTo(url).http.get('/rows'));

      expect(error).toEqual(
        failed(
          'not_found',
          `GET /rows: status ${status}, the vendor says "Not found"; check the feed's settings: what they name is gone, or the token may not see it (many vendors say so alike)`,
        ),
      );
      expect(asked).toHaveLength(1);
    },
  );

  test('status 304 is an answer without a body: nothing has changed', async () => {
    const { url, asked } = await vendor(text('', 304));

    const answer = await talkTo(url).http.get('/rows', {}, { 'If-None-Match': 'W/"abc"' });

    expect(answer).toMatchObject({ status: 304, body: null });
    expect(asked).toHaveLength(1);
  });

  test.each([400, 422])('status %i is unexpected, and asking again would not help', async (status) => {
    const { url, asked } = await vendor(json({ message: 'Not found' }, status));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toEqual(
      failed(
        'unexpected_response',
        `GET /rows: status ${status}, the vendor says "Not found"; compare with the vendor's documentation, the producer may have to change`,
      ),
    );
    expect(asked).toHaveLength(1);
  });

  test('a redirect is not followed: the token must not go along', async () => {
    const { url, asked } = await vendor(json({}, 301, { location: '/elsewhere' }));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toMatchObject({ kind: 'unexpected_response' });
    expect(asked).toEqual(['/rows']);
  });

  test('a success by its status that is a refusal is asked again, and then an outage', async () => {
    const { url, asked } = await vendor(json({ err: 1, message: `no ${TOKEN}` }));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toEqual(
      failed(
        'unavailable',
        `GET /rows: a success by its status, but the vendor says "no [redacted]"; ${AGAIN}`,
      ),
    );
    expect(asked).toHaveLength(4);
  });
});

describe('what passes', () => {
  test.each<[string, Reply]>([
    ['status 503', text('Service Unavailable', 503)],
    ['an HTML page', text('<html>maintenance</html>')],
    ['nothing at all', text('')],
    ['text', text('pong')],
    ['JSON that breaks off', text('{"err":0,"rows":[{"id":1')],
    [
      'fewer bytes than announced',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"err":0,"rows":[');
        setImmediate(() => response.destroy());
      },
    ],
    ['a broken connection', reset],
    ['a refusal', json({ err: 1, message: 'try later' })],
  ])('%s is asked again, by get and by stream', async (_name, bad) => {
    const { url, asked } = await vendor(bad, json(rows(1, 2)), bad, bad, bad, json(rows(3)));
    const { http, conversation } = talkTo(url);

    const answer = await http.get('/rows');
    const elements = await Array.fromAsync(http.stream('/rows', {}, 'rows'));

    expect(answer.body).toEqual(rows(1, 2));
    expect(elements).toEqual([3]);
    expect(asked).toHaveLength(6);
    expect(conversation.requests()).toBe(6);
  });

  test('an outage that lasts is asked four times, with waits that double', async () => {
    const { url, asked } = await vendor(text('<html>', 502));
    const { http, clock, logged } = talkTo(url);

    const error = await errorOf(http.get('/rows'));

    expect(error).toEqual(
      failed('unavailable', `GET /rows: status 502, the vendor says "an HTML page"; ${AGAIN}`),
    );
    expect(asked).toHaveLength(4);
    expect(clock.slept).toEqual([500, 1000, 2000]);
    expect(logged.map(({ fields }) => fields.attempt)).toEqual([1, 2, 3]);
  });

  test('nobody listens: unavailable', async () => {
    const { url } = await vendor(json({}));
    cleanups.splice(0).forEach((close) => {
      close();
    });

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toEqual(failed('unavailable', `GET /rows: no answer (ECONNREFUSED); ${AGAIN}`));
  });
});

describe('waiting', () => {
  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['Retry-After in seconds', { 'retry-after': '3' }, 3000],
    [
      'Retry-After as a date, by the vendor’s clock',
      {
        date: 'Mon, 01 Jan 2024 00:00:00 GMT',
        'retry-after': 'Mon, 01 Jan 2024 00:00:04 GMT',
      },
      4000,
    ],
    ['a header of the vendor’s own', { 'x-wait': '2' }, 2000],
    ['the longer of both', { 'x-wait': '2', 'retry-after': '5' }, 5000],
    ['no word: back-off', {}, 500],
    ['zero: a second all the same', { 'retry-after': '0' }, 1000],
  ])('a short wait is sat out: %s', async (_name, headers, milliseconds) => {
    const { url } = await vendor(json({}, 429, headers), json({ a: 1 }));
    const { http, clock } = talkTo(url);

    const answer = await http.get('/rows');

    expect(answer.body).toEqual({ a: 1 });
    expect(clock.slept).toEqual([milliseconds]);
  });

  test('a long wait ends the poll and says how long', async () => {
    const { url, asked } = await vendor(json({ message: 'slow down' }, 429, { 'retry-after': '40' }));
    const { http, conversation } = talkTo(url);

    const error = await errorOf(http.get('/rows'));

    expect(error).toEqual(
      failed(
        'rate_limited',
        'GET /rows: status 429, the vendor says "slow down"; nothing to do, the feed waits as the vendor says',
        40,
      ),
    );
    expect(asked).toHaveLength(1);
    expect(conversation.openFrom()).toBe(START + 40_000);
  });

  test('no wait is longer than a quarter of an hour', async () => {
    const { url } = await vendor(json({}, 429, { 'retry-after': '999999' }));

    const error = await errorOf(talkTo(url).http.get('/rows'));

    expect(error).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 900 });
  });

  test('a success that says that nothing remains makes the next request wait', async () => {
    const { url } = await vendor(json({}, 200, { 'x-wait': '4' }), json({}));
    const { http, clock } = talkTo(url);

    await http.get('/one');
    await http.get('/two');

    expect(clock.slept).toEqual([4000]);
  });

  test('a success that asks for a long wait lets no other request follow', async () => {
    const { url, asked } = await vendor(json({}, 200, { 'x-wait': '60' }));
    const { http } = talkTo(url);
    await http.get('/one');

    const error = await errorOf(http.get('/two'));

    expect(error).toEqual(
      failed(
        'rate_limited',
        'GET /two: not asked, the vendor wants no request for 60 s; nothing to do, the feed waits as the vendor says',
        60,
      ),
    );
    expect(asked).toEqual(['/one']);
  });

  test('an outage with a long Retry-After is not asked again', async () => {
    const { url, asked } = await vendor(text('', 503, { 'retry-after': '600' }));
    const { http, conversation } = talkTo(url);

    const error = await errorOf(http.get('/rows'));

    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(asked).toHaveLength(1);
    expect(conversation.openFrom()).toBe(START + 600_000);
  });
});

describe('time', () => {
  /** Answers at once, then drips: a byte, and another, and another. */
  const drip: Reply = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  const silence: Reply = () => {};
  /** The real time, as seen by limits that are counted in it. */
  const realClock = (): FakeClock => ({ ...fakeClock(), now: () => new Date(), sleep: async () => {} });
  const ample = Number.MAX_SAFE_INTEGER;

  test('a vendor that does not answer is not awaited for ever', async () => {
    const { url, asked } = await vendor(silence);

    const error = await errorOf(
      talkTo(url, { limits: { silenceMs: 60, answerMs: 5_000 }, clock: realClock(), time: ample }).http.get(
        '/rows',
      ),
    );

    expect(error).toEqual(failed('unavailable', `GET /rows: silence for 60 ms; ${AGAIN}`));
    expect(asked).toHaveLength(4);
  });

  test('an answer that falls silent is not awaited for ever', async () => {
    const { url } = await vendor((response) => {
      response.writeHead(200);
      response.write('{"rows":[1,');
    });
    const { http } = talkTo(url, {
      limits: { silenceMs: 300, answerMs: 5_000 },
      clock: realClock(),
      time: ample,
    });
    const elements: JsonValue[] = [];

    const error = await errorOf(
      (async () => {
        for await (const element of http.stream('/rows', {}, 'rows')) elements.push(element);
      })(),
    );

    expect(elements).toEqual([1]);
    expect(error).toEqual(failed('unavailable', `GET /rows: silence for 300 ms; ${AGAIN}`));
  });

  test('an answer that drips is not awaited for ever', async () => {
    const { url } = await vendor(drip);

    const error = await errorOf(
      talkTo(url, { limits: { silenceMs: 5_000, answerMs: 150 }, clock: realClock(), time: ample }).http.get(
        '/rows',
      ),
    );

    expect(error).toEqual(failed('unavailable', `GET /rows: no whole answer in 150 ms; ${AGAIN}`));
  });

  test('a consumer may take its time: only waiting for the vendor counts', async () => {
    const { url } = await vendor((response) => {
      response.writeHead(200);
      response.write('{"rows":[1,');
      setTimeout(() => response.end('2]}'), 20);
    });
    const { http } = talkTo(url, {
      limits: { silenceMs: 1_000, answerMs: 1_000 },
      clock: realClock(),
      time: ample,
    });
    const elements: JsonValue[] = [];

    for await (const element of http.stream('/rows', {}, 'rows')) {
      elements.push(element);
      await new Promise((resolve) => setTimeout(resolve, 600));
    }

    expect(elements).toEqual([1, 2]);
  });

  test('a run without time does not ask', async () => {
    const { url } = await vendor(json({}));
    const { http, conversation } = talkTo(url, { time: 0 });

    const error = await errorOf(http.get('/rows'));

    expect(error).toBeInstanceOf(OutOfTime);
    expect(conversation.requests()).toBe(0);
  });

  test('a run whose time is up within an answer blames nobody', async () => {
    const { url } = await vendor(silence);

    const error = await errorOf(talkTo(url, { time: 30 }).http.get('/rows'));

    expect(error).toBeInstanceOf(OutOfTime);
  });

  test('a run that has no time for the wait gives the failure, not the lack of time', async () => {
    const { url, asked } = await vendor(text('', 500));

    const error = await errorOf(talkTo(url, { time: 400 }).http.get('/rows'));

    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(asked).toHaveLength(1);
  });
});

describe('stream', () => {
  test('an answer without the array is unexpected', async () => {
    const { url, asked } = await vendor(json({ err: 0, result: {} }));

    const error = await errorOf(Array.fromAsync(talkTo(url).http.stream('/rows', {}, 'rows')));

    expect(error).toEqual(
      failed(
        'unexpected_response',
        'GET /rows: no array "rows" in the answer; compare with the vendor\'s documentation, the producer may have to change',
      ),
    );
    expect(asked).toHaveLength(1);
  });

  test('an empty array is no elements', async () => {
    const { url } = await vendor(json(rows()));

    const elements = await Array.fromAsync(talkTo(url).http.stream('/rows', {}, 'rows'));

    expect(elements).toEqual([]);
  });

  test('once an element is handed out nothing is asked again', async () => {
    const { url, asked } = await vendor(text('{"rows":[1,2,'));
    const { http } = talkTo(url);
    const elements: JsonValue[] = [];

    const error = await errorOf(
      (async () => {
        for await (const element of http.stream('/rows', {}, 'rows')) elements.push(element);
      })(),
    );

    expect(elements).toEqual([1, 2]);
    expect(error).toEqual(
      failed('unavailable', `GET /rows: broken JSON, the document ends within the array "rows"; ${AGAIN}`),
    );
    expect(asked).toHaveLength(1);
  });

  test('a refusal behind the elements is seen', async () => {
    const { url } = await vendor(json({ rows: [1], err: 1, message: 'half of it' }));

    const error = await errorOf(Array.fromAsync(talkTo(url).http.stream('/rows', {}, 'rows')));

    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('"half of it"') });
  });

  test('an element nested too deeply is passed over, not the end of the feed', async () => {
    const deep = `${'['.repeat(50_000)}12345678901234567890${']'.repeat(50_000)}`;
    const { url } = await vendor(text(`{"rows":[1,{"id":7,"deep":${deep}},2]}`));
    const { http, conversation, logged } = talkTo(url);

    const elements = await Array.fromAsync(http.stream('/rows', {}, 'rows'));

    expect(elements).toEqual([1, 2]);
    expect(conversation.takeUnread()).toMatchObject([{ bytes: 100_036, reason: 'is nested too deeply' }]);
    expect(conversation.takeUnread()).toEqual([]);
    expect(logged).toMatchObject([{ fields: { bytes: 100_036, reason: 'is nested too deeply' } }]);
  });

  test('who stops reading closes the connection', async () => {
    const closed = Promise.withResolvers<void>();
    const { url } = await vendor((response) => {
      response.on('close', () => closed.resolve());
      response.write('{"rows":[1,');
    });

    for await (const _element of talkTo(url).http.stream('/rows', {}, 'rows')) break;

    await expect(closed.promise).resolves.toBeUndefined();
  });

  test('a hundred elements of a megabyte pass through without being gathered', async () => {
    const element = JSON.stringify({ id: 1, text: 'x'.repeat(1024 * 1024) });
    let written = 0;
    const { url } = await vendor(async (response) => {
      response.writeHead(200);
      response.write('{"rows":[');
      for (let index = 0; index < 100; index += 1) {
        written += 1;
        const isRoom = response.write(index === 0 ? element : `,${element}`);
        if (!isRoom) await new Promise((resolve) => response.once('drain', resolve));
      }
      response.end(']}');
    });
    let read = 0;
    let furthestAhead = 0;

    for await (const value of talkTo(url).http.stream('/rows', {}, 'rows')) {
      // Leaves the vendor every chance to run ahead.
      await new Promise((resolve) => setTimeout(resolve, 1));
      read += typeof value === 'object' ? 1 : 0;
      furthestAhead = Math.max(furthestAhead, written - read);
    }

    expect(read).toBe(100);
    // What is written and not read lies in the buffers of two sockets, not in ours.
    expect(furthestAhead).toBeLessThan(30);
  });
});

test('every failure is a PollError of the contract', async () => {
  const { url } = await vendor(text('', 404));

  const error = await errorOf(talkTo(url).http.get('/rows'));

  expect(error).toBeInstanceOf(PollError);
});
