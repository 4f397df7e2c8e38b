/** Items and deploys of the Rollbar producer: read again when they change, found when they change unseen. */
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../contract/columns.ts';
import { at } from '../contract/read.ts';
import { type Cursor, MAX_OPEN, withPending } from '../producers/rollbar/cursor.ts';
import { deployOf } from '../producers/rollbar/deploy.ts';
import { itemOf } from '../producers/rollbar/item.ts';
import { answer, bodyOf, rowsOf } from './rollbar-answers.ts';
import {
  cursorOf,
  occurrenceIds,
  type PollOptions,
  pagesOf,
  type Row,
  START,
  type Vendor,
  vendor,
} from './rollbar-vendor.ts';

const row = (id: number, seconds: number, data?: JsonValue): Row => ({
  id,
  timestamp: START + seconds,
  visibleAt: START + seconds,
  ...(data === undefined ? {} : { data }),
});

const item = (id: number, status = 'active'): Record<string, JsonValue> => ({ id, project_id: 7, status });

/** What a run says about items or deploys, as `id: status`. */
async function statuses(server: Vendor, type: string, options: PollOptions): Promise<[string[], Cursor]> {
  const pages = await pagesOf(server, options);
  const records = pages.flatMap((page) => page.records).filter((record) => record.type.name === type);
  return [records.map(({ values }) => `${values.id}: ${values.status}`), cursorOf(pages)];
}

describe('items', () => {
  /** A project whose first sweep is done. */
  async function swept(...items: Record<string, JsonValue>[]): Promise<[Vendor, Cursor]> {
    const server = vendor('H2', [row(3000, 0)]);
    server.items = items;
    server.clock = START + 60;
    return [server, cursorOf(await pagesOf(server))];
  }

  test('an item is read again as soon as it has a new occurrence, whatever its status', async () => {
    const [server, cursor] = await swept(item(1000), item(1001), item(1002));
    server.rows.push(row(3001, 70), row(3004, 71), row(3002, 72));
    server.items = [item(1000), item(1001, 'muted'), item(1002, 'archived')];
    server.clock = START + 120;

    const [seen, next] = await statuses(server, 'rollbar_item', { cursor });

    expect(seen).toEqual(['1001: muted', '1002: archived']);
    expect(
      server.requests.filter(({ query }) => query.ids !== undefined).map(({ query }) => query.ids),
    ).toEqual(['1002,1001']);
    expect(next.items.pending).toEqual([]);
  });

  test('the first item of a project that was empty until then is read with its occurrence', async () => {
    const server = vendor('H2');
    const cursor = cursorOf(await pagesOf(server));
    server.rows.push(row(3000, 70));
    server.items = [item(1000)];
    server.clock = START + 120;

    const [seen] = await statuses(server, 'rollbar_item', { cursor });

    expect(seen).toEqual(['1000: active']);
  });

  test('a crash between an occurrence and its item does not forget the item', async () => {
    const [server, cursor] = await swept(item(1000));
    server.rows.push(row(3001, 70));
    server.clock = START + 120;
    const pages = await pagesOf(server, { cursor });
    const crashed = pages.findIndex((page) => occurrenceIds([page]).includes(3001));

    const [seen] = await statuses(server, 'rollbar_item', { cursor: pages[crashed]?.cursor ?? null });

    expect(pages[crashed]?.cursor.items.pending).toEqual(['1001']);
    expect(seen).toEqual([]);
    expect(server.requests.filter(({ query }) => query.ids === '1001')).toHaveLength(2);
  });

  test('an item resolved without a new occurrence is found by the sweep, within six hours', async () => {
    const [server, cursor] = await swept(item(1000), item(1001));
    server.items = [item(1000), item(1001, 'resolved')];
    server.clock = START + 3 * 3600;
    const [early, next] = await statuses(server, 'rollbar_item', { cursor });
    server.clock = START + 6 * 3600 + 120;

    const [late] = await statuses(server, 'rollbar_item', { cursor: next });

    expect(early).toEqual([]);
    expect(late).toEqual(['1000: active', '1001: resolved']);
  });

  test('a sweep takes ten pages a run, and the first one must be over before the feed is caught up', async () => {
    const server = vendor('H1');
    server.items = Array.from({ length: 1050 }, (_, index) => item(index + 1));

    const first = await pagesOf(server);
    const second = await pagesOf(server, { cursor: cursorOf(first) });

    const records = [...first, ...second].flatMap((page) => page.records);
    expect(new Set(records.map(({ values }) => values.id)).size).toBe(1050);
    expect([first, second].map((pages) => pages.at(-1)?.isCaughtUp)).toEqual([false, true]);
    expect(cursorOf(first).items.page).toBe(11);
  });

  test('as many changed items as the cursor holds are read in two requests', async () => {
    const [server, cursor] = await swept(...Array.from({ length: 150 }, (_, index) => item(index + 1)));
    const many = Array.from({ length: 100 }, (_, index) => String(index + 1));

    const [seen, next] = await statuses(server, 'rollbar_item', {
      cursor: withPending(cursor, many, server.clock),
    });

    expect(seen).toHaveLength(100);
    expect(server.requests.filter(({ query }) => query.ids !== undefined)).toHaveLength(2);
    expect(next.items.pending).toEqual([]);
  });

  test('more changed items than the cursor holds bring the sweep forward', async () => {
    const [server, cursor] = await swept(...Array.from({ length: 150 }, (_, index) => item(index + 1)));
    const many = Array.from({ length: 150 }, (_, index) => String(index + 1));

    const [seen, next] = await statuses(server, 'rollbar_item', {
      cursor: withPending(cursor, many, server.clock),
    });

    expect(new Set(seen).size).toBe(150);
    expect(next.items.sweep_due_at).toBeGreaterThan(server.clock);
  });

  test('an overflow while the sweep is under way begins another one after it', async () => {
    const server = vendor('H1');
    server.items = Array.from({ length: 1050 }, (_, index) => item(index + 1));
    const under = cursorOf(await pagesOf(server));
    const many = Array.from({ length: 101 }, (_, index) => String(index + 1));
    const over = cursorOf(await pagesOf(server, { cursor: withPending(under, many, server.clock) }));
    server.requests.length = 0;

    await pagesOf(server, { cursor: over });

    expect(
      server.requests.filter(({ path }) => path === '/api/1/items').map(({ query }) => query.page)[0],
    ).toBe(1);
  });

  test('an ignored page number is noticed', async () => {
    const server = vendor('H1');
    const http = {
      ...server.http,
      get: async () => ({
        status: 200,
        headers: {},
        body: { err: 0, result: { items: [item(1)], deploys: [] } },
      }),
    };

    await expect(pagesOf({ ...server, http })).rejects.toMatchObject({
      kind: 'unexpected_response',
      message: expect.stringContaining('seems to ignore page'),
    });
  });

  test('an answer without its list is not taken for an empty one', async () => {
    const server = vendor('H1');
    const http = {
      ...server.http,
      get: async () => ({ status: 200, headers: {}, body: { err: 0, result: {} } }),
    };

    await expect(pagesOf({ ...server, http })).rejects.toMatchObject({
      kind: 'unexpected_response',
      message: expect.stringContaining('expected a list result.deploys'),
    });
  });
});

describe('deploys', () => {
  const deploy = (id: number, seconds: number, status: string): Record<string, JsonValue> => ({
    id,
    project_id: 7,
    status,
    start_time: START + seconds,
  });

  test('the first run reaches back to since, page by page', async () => {
    const server = vendor('H1');
    server.deploys = Array.from({ length: 450 }, (_, index) =>
      deploy(1000 - index, -10 * index, 'succeeded'),
    );

    const [seen] = await statuses(server, 'rollbar_deploy', { sinceSeconds: START - 3500 });

    expect(seen).toHaveLength(351);
    expect(seen.at(-1)).toBe('650: succeeded');
  });

  test('a first pass that is cut short goes on where it was', async () => {
    const server = vendor('H1');
    server.deploys = Array.from({ length: 250 }, (_, index) =>
      deploy(1000 - index, -10 * index, 'succeeded'),
    );
    const pages = await pagesOf(server);
    const cut = pages.findIndex((page) => page.cursor.deploys.pass !== null);
    server.deploys.unshift(deploy(1001, 10, 'succeeded'));
    server.clock += 60;
    server.requests.length = 0;

    const [resumed, cursor] = await statuses(server, 'rollbar_deploy', {
      cursor: pages[cut]?.cursor ?? null,
    });
    const [next] = await statuses(server, 'rollbar_deploy', { cursor });

    const asked = server.requests
      .filter(({ path }) => path === '/api/1/deploys')
      .map(({ query }) => query.page);
    expect(asked).toEqual([2, 3, 4, 1, 2, 3, 4]);
    expect(resumed).toHaveLength(151);
    expect(next).toContain('1001: succeeded');
  });

  test('a deploy is read again until it has settled, on the first page or by itself', async () => {
    const server = vendor('H1');
    server.deploys = [deploy(2, 0, 'started'), deploy(1, -5, 'started')];
    const [first, one] = await statuses(server, 'rollbar_deploy', {});
    const later = Array.from({ length: 100 }, (_, index) =>
      deploy(500 - index, 9000 - 60 * index, 'succeeded'),
    );
    server.deploys = [...later, deploy(2, 0, 'failed'), deploy(1, -5, 'started')];
    server.clock = START + 9100;
    const [second, two] = await statuses(server, 'rollbar_deploy', { cursor: one });
    server.requests.length = 0;
    const [, three] = await statuses(server, 'rollbar_deploy', { cursor: two });
    const asked = server.requests.map(({ path }) => path);
    server.deploys = [...later, deploy(2, 0, 'failed'), deploy(1, -5, 'timed_out')];
    const [fourth, four] = await statuses(server, 'rollbar_deploy', { cursor: three });

    expect(first).toEqual(['2: started', '1: started']);
    expect(second).toContain('2: failed');
    expect(asked).toContain('/api/1/deploy/1');
    expect(fourth).toContain('1: timed_out');
    expect([one, two, three, four].map(({ deploys }) => deploys.open.map(([id]) => id))).toEqual([
      ['2', '1'],
      ['1'],
      ['1'],
      [],
    ]);
  });

  test('deploys that are gone, or seven days old, are given up', async () => {
    const server = vendor('H1');
    server.deploys = [deploy(3, 0, 'started')];
    const cursor = cursorOf(await pagesOf(server));
    const gone = { ...cursor.deploys, open: [...cursor.deploys.open, ['2', START - 10] as const] };
    const logged: string[] = [];
    const next = cursorOf(
      await pagesOf(server, { cursor: { ...cursor, deploys: gone }, log: (text) => logged.push(text) }),
    );
    server.clock = START + 7 * 86_400 + 60;

    const last = cursorOf(await pagesOf(server, { cursor: next }));

    expect(next.deploys.open).toEqual([['3', START]]);
    expect(logged).toEqual(['a deploy that had not settled cannot be read any more']);
    expect(last.deploys.open).toEqual([]);
  });

  test('a deploy that appears after one with a higher id is found', async () => {
    const server = vendor('H1');
    server.deploys = [deploy(5, 0, 'succeeded'), deploy(1, -9000, 'succeeded')];
    const cursor = cursorOf(await pagesOf(server));
    server.deploys = [
      deploy(5, 0, 'succeeded'),
      deploy(4, -3000, 'succeeded'),
      deploy(1, -9000, 'succeeded'),
    ];

    const [seen] = await statuses(server, 'rollbar_deploy', { cursor });

    expect(seen).toContain('4: succeeded');
  });

  test('so many open deploys that not all can be kept: the oldest give way, the others take turns', async () => {
    const server = vendor('H1');
    server.deploys = Array.from({ length: 30 }, (_, index) => deploy(100 - index, -index, 'started'));
    const cursor = cursorOf(await pagesOf(server));
    server.deploys = [deploy(900, 9000, 'succeeded'), deploy(899, -9000, 'succeeded')];
    server.clock = START + 9100;
    server.requests.length = 0;

    const next = cursorOf(await pagesOf(server, { cursor }));

    const asked = server.requests.map(({ path }) => path).filter((path) => path.startsWith('/api/1/deploy/'));
    expect(cursor.deploys.open).toHaveLength(MAX_OPEN);
    expect(asked).toEqual(['100', '99', '98', '97', '96'].map((id) => `/api/1/deploy/${id}`));
    expect(next.deploys.open[0]).toEqual(['95', START - 5]);
  });
});

describe('an item', () => {
  test('has the same columns from the list and from the single answer', () => {
    const [listed] = rowsOf('items_page1.json', 'items').map((row) => bodyOf(itemOf(row)));
    const single = bodyOf(itemOf(at(answer('item_single.json'), 'result')));

    expect(single).toEqual(listed);
    expect(single).toMatchObject({
      project_id: '700123',
      id: '1642030917',
      counter: 1422,
      title: "TypeError: Cannot read properties of undefined (reading 'total')",
      status: 'active',
      level: 'error',
      environment: 'production',
      framework: 'browser-js',
      platform: 'browser',
      total_occurrences: '1877',
      unique_occurrences: '412',
      first_occurrence_id: '451120009871',
      first_occurrence_at: '2026-08-23T12:00:00.000Z',
      last_occurrence_id: '455732314098',
      last_occurrence_at: '2026-09-01T11:59:56.000Z',
      activating_occurrence_id: '455100200300',
      last_activated_at: '2026-08-31T12:00:00.000Z',
      last_resolved_at: '2026-08-30T12:00:00.000Z',
      last_modified_by: '90211',
      group_status: 'native',
      controlling_id: '1642030917',
      hash: '3b5d5c3712955042212316173ccf37be2a6c1f11',
      is_level_locked: false,
      is_title_locked: false,
    });
  });

  test('has words where Rollbar sends the numbers it documents, and text where it sends others', () => {
    const numbers = {
      id: 1,
      project_id: 2,
      status: 2,
      level: 40,
      framework: 7,
      platform: 4,
      group_status: 2,
    };
    const others = { ...numbers, status: 9, level: 'fatal', framework: 99, platform: -1, group_status: null };

    const words = [numbers, others].map((row) => {
      const { status, level, framework, platform, group_status } = bodyOf(itemOf(row));
      return [status, level, framework, platform, group_status];
    });

    expect(words).toEqual([
      ['resolved', 'error', 'browser-js', 'ios', 'group'],
      ['9', 'fatal', '99', '-1', null],
    ]);
  });
});

test('a deploy has its columns, and who deployed is a person', () => {
  const deploys = rowsOf('deploys_page1.json', 'deploys').map(deployOf);
  const [started, succeeded] = deploys.map((emitted) => bodyOf(emitted));
  const [, second] = deploys;

  const hidden = second === undefined ? null : bodyOf(second, { mode: 'drop' }).local_username;

  expect(started).toEqual({
    project_id: '700123',
    id: '20115533',
    environment: 'production',
    revision: '9f2c1e7a0c11d3fe9b0d4c1e5f6a7b8c9d0e1f2a',
    status: 'started',
    started_at: '2026-09-01T11:59:40.000Z',
    finished_at: null,
    local_username: 'ci',
    user_id: null,
    comment: 'build 8123',
    truncated_fields: null,
  });
  expect(succeeded).toMatchObject({
    finished_at: '2026-09-01T10:01:26.000Z',
    local_username: 'm.voss',
    user_id: '90211',
  });
  expect(hidden).toBeNull();
});
