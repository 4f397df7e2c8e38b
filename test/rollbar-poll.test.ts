/** What one run of the Rollbar producer does beside the walk: parts of pages, what breaks off, the cursor's bounds, manners. */
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { PollError } from '../contract/producer.ts';
import { type Cursor, MAX_OPEN, MAX_PENDING, MAX_SPANS } from '../producers/rollbar/cursor.ts';
import rollbar from '../producers/rollbar/index.ts';
import { roughBytes } from '../producers/rollbar/page.ts';
import { occurrenceIds, pagesOf, poll, type Row, START, vendor } from './rollbar-vendor.ts';

const row = (id: number, seconds: number, data?: JsonValue): Row => ({
  id,
  timestamp: START + seconds,
  visibleAt: START + seconds,
  ...(data === undefined ? {} : { data }),
});

describe('occurrences', () => {
  test('a page of 100 rows of 1 MB comes in parts of 2 MB, and only the last part moves the cursor', async () => {
    const megabyte = { custom: { text: 'x'.repeat(950_000) } };
    const server = vendor(
      'H1',
      Array.from({ length: 100 }, (_, index) => row(1000 + index, index, megabyte)),
    );
    server.clock = START + 200;

    const pages = (await pagesOf(server)).filter((page) => page.records.length > 0);

    const sizes = pages.map((page) =>
      page.records.reduce((sum, { values }) => sum + roughBytes(values.payload as JsonValue), 0),
    );
    expect(occurrenceIds(pages)).toHaveLength(100);
    expect(pages).toHaveLength(50);
    expect(Math.max(...sizes)).toBeLessThan(2_100_000);
    expect(new Set(pages.slice(0, -1).map((page) => page.cursor)).size).toBe(1);
    expect(pages.slice(-2).map((page) => page.cursor.head.newest_id)).toEqual([null, '1099']);
  });

  test('a page that takes longer than a run is smaller in the next one, down to what one run can read', async () => {
    const megabyte = { custom: { text: 'x'.repeat(950_000) } };
    const server = vendor(
      'H1',
      Array.from({ length: 100 }, (_, index) => row(1000 + index, 70 * index, megabyte)),
    );
    server.clock = START + 7100;
    const seen = new Set<number>();
    let cursor: Cursor | null = null;
    let runs = 0;

    for (let isCaughtUp = false; !isCaughtUp && runs < 50; runs += 1) {
      let pages = 0;
      for await (const page of poll(server, { cursor })) {
        for (const id of occurrenceIds([page])) seen.add(id);
        cursor = page.cursor;
        isCaughtUp = page.isCaughtUp === true;
        pages += 1;
        // What one run has time for: 40 MB.
        if (pages === 20) break;
      }
    }

    expect(seen.size).toBe(100);
    expect(runs).toBeLessThan(10);
  });

  test('an answer that breaks off is asked for in smaller pieces, and nothing is lost', async () => {
    const server = vendor(
      'H1',
      Array.from({ length: 90 }, (_, index) => row(1000 + index, 20 * index)),
    );
    server.clock = START + 2000;
    const whole = server.http.stream;
    const broken = {
      ...server.http,
      async *stream(path: string, query: { limit?: unknown }, array: string) {
        let rows = 0;
        for await (const one of whole(path, query as never, array)) {
          rows += 1;
          if (Number(query.limit) > 20 && rows > 10)
            throw new PollError('unavailable', 'the answer broke off');
          yield one;
        }
      },
    };

    const pages = await pagesOf({ ...server, http: broken });

    expect(new Set(occurrenceIds(pages)).size).toBe(90);
    expect(pages.at(-1)?.isCaughtUp).toBe(true);
  });

  test('a vendor that is down is not asked for ever smaller pages', async () => {
    const server = vendor('H1');
    server.disturb = () => {
      throw new PollError('unavailable', 'no answer');
    };

    await expect(pagesOf(server)).rejects.toMatchObject({ kind: 'unavailable' });

    expect(server.requests.map(({ query }) => query.limit)).toEqual([100, 20]);
  });

  test.each(['unavailable', 'unexpected_response'] as const)(
    'a list of deploys that is %s keeps no occurrence from being read',
    async (kind) => {
      const server = vendor(
        'H1',
        Array.from({ length: 300 }, (_, index) => row(1000 + index, index)),
      );
      server.clock = START + 600;
      server.disturb = (path) => {
        if (path.includes('deploy')) throw new PollError(kind, 'no deploys today');
      };
      const seen = new Set<number>();
      let cursor: Cursor | null = null;

      const run = async (): Promise<void> => {
        for await (const page of poll(server, { cursor })) {
          for (const id of occurrenceIds([page])) seen.add(id);
          cursor = page.cursor;
        }
      };

      await expect(run()).rejects.toMatchObject({ kind });
      expect(seen.size).toBe(300);
      expect((cursor as Cursor | null)?.spans).toEqual([]);
    },
  );

  test('a row without an id or a time is passed on to be refused, a page of such rows is not believed', async () => {
    const answers: Record<string, JsonValue[]> = {
      some: [{ id: 5, timestamp: START, data: {} }, { id: null, timestamp: START }, 'text'],
      none: [{ id: 'x', timestamp: START }],
    };
    const polled = async (name: string) => {
      const server = vendor('H1');
      let isFirst = true;
      const http = {
        ...server.http,
        async *stream() {
          if (isFirst) yield* answers[name] ?? [];
          isFirst = false;
        },
      };
      return pagesOf({ ...server, http });
    };

    const pages = await polled('some');
    const refused = polled('none');

    expect(pages.flatMap(({ records }) => records.map(({ values }) => values.id))).toEqual(['5', null, null]);
    await expect(refused).rejects.toMatchObject({ kind: 'unexpected_response' });
  });

  test('a look-back that makes no sense is refused', async () => {
    await expect(pagesOf(vendor('H1'), { lookbackMinutes: 0 })).rejects.toThrow(
      'lookback_minutes must be a whole number from 1, got 0',
    );
  });
});

describe('the cursor', () => {
  test('stays below 4 KB at its fullest, with ids of 19 digits', () => {
    const id = '9223372036854775807';
    const time = 9_999_999_999;
    const floor = { floor_id: id, floor_time: time };
    const fullest: Cursor = {
      start: time,
      head: { newest_id: id, read_to: time, widened_at: time, limit: 5000 },
      spans: Array.from({ length: MAX_SPANS }, () => ({ before: id, ...floor, limit: 5000 })),
      items: {
        pending: Array.from({ length: MAX_PENDING }, () => id),
        page: 99_999,
        sweep_due_at: time,
        was_swept: false,
      },
      deploys: {
        newest_id: id,
        read_to: time,
        pass: { page: 99_999, newest_id: id, read_to: time, ...floor },
        was_read: false,
        open: Array.from({ length: MAX_OPEN }, () => [id, time] as const),
      },
    };

    expect(JSON.stringify(fullest).length).toBeLessThan(4096);
  });
});

describe('manners', () => {
  test('the rest of a used-up window is waited for, by Rollbar’s clock', () => {
    const limited = { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '1788264023' };
    const date = new Date((1788264023 - 30) * 1000).toUTCString();

    const waits = [
      rollbar.waitSeconds({ 'x-rate-limit-remaining': '4987', 'x-rate-limit-remaining-seconds': '41' }, 200),
      rollbar.waitSeconds({ ...limited, 'x-rate-limit-remaining-seconds': '23' }, 200),
      rollbar.waitSeconds({ ...limited, 'x-rate-limit-remaining-seconds': '23' }, 429),
      rollbar.waitSeconds({ ...limited, date }, 429),
      rollbar.waitSeconds(limited, 429),
      rollbar.waitSeconds({ ...limited, 'x-rate-limit-remaining-seconds': '-5' }, 429),
      rollbar.waitSeconds({ ...limited, 'x-rate-limit-remaining-seconds': '2592000' }, 429),
      rollbar.waitSeconds({}, 500),
    ];

    expect(waits).toEqual([null, 23, 23, 30, null, 1, 900, null]);
  });

  test('a refusal is told in Rollbar’s words without the token', () => {
    const token = '0000aaaa1111bbbb2222cccc3333dddd';

    const words = [
      rollbar.refusal({ err: 0, result: {} }),
      rollbar.refusal({ err: 1, message: 'Something went wrong' }),
      rollbar.refusal({ err: 1, message: `access token not found: ${token}` }),
      rollbar.refusal({ err: 1, message: `the token ${token} is disabled` }),
      rollbar.refusal({ err: 1 }),
      rollbar.refusal('pong'),
    ];

    expect(words).toEqual([
      null,
      'Something went wrong',
      'access token not found: [redacted]',
      'the token [redacted] is disabled',
      'err 1 without a message',
      null,
    ]);
  });

  test('the credential travels in a header', () => {
    expect(rollbar.secret.headers('t0k3n')).toEqual({ 'X-Rollbar-Access-Token': 't0k3n' });
  });
});
