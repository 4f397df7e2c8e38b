/** The Rollbar simulator is true to the vendor, and harsh where the vendor's documents are silent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Rollbar from 'rollbar';
import { expect, onTestFinished, test } from 'vitest';
import { groupingOf } from '../producers/rollbar/simulator/grouping.ts';
import { createItems } from '../producers/rollbar/simulator/items.ts';
import { type SimulatorOptions, startSimulator } from '../producers/rollbar/simulator.ts';

const NOON = Date.parse('2026-09-01T12:00:00Z');
const SECOND = 1000;
const READER = { 'X-Rollbar-Access-Token': 'reader' };
const words = (text: string) => text.split(/\s+/);
const idsOf = (rows: readonly Row[]): number[] => rows.map(({ id }) => id);
const message = (body: string) => ({ environment: 'test', level: 'error', body: { message: { body } } });

const itemKeys = `public_item_id integrations_data level_lock controlling_id last_activated_timestamp id hash status
  assigned_user_id assigned_team_id group_status environment title_lock title last_occurrence_id platform level
  last_occurrence_timestamp first_occurrence_timestamp project_id resolved_in_version unique_occurrences framework
  total_occurrences last_modified_by first_occurrence_id activating_occurrence_id last_resolved_timestamp
  counter group_item_id`;
const singleItemKeys = `${itemKeys} last_muted_timestamp snooze_status snooze_type
  snooze_expiration_threshold_seconds snooze_expiration_datetime`;
const deployKeys = `id project_id environment revision local_username comment status user_id start_time finish_time`;

test.each([
  ['/instances/', 'result instances 0', 'id project_id item_id timestamp version billable data'],
  ['/items?page=1', 'result', 'page total_count items'],
  ['/items', 'result items 0', itemKeys],
  ['/item/?counter=2', 'result', singleItemKeys],
  ['/deploys?limit=4&page=2', 'result deploys 3', deployKeys],
  ['/environments', 'result environments 0', 'id project_id environment visible'],
])('%s has the documented keys in %s', async (path, place, keys) => {
  const { ask } = await start({ occurrences: 100 });

  const { json } = await ask(path);

  const found = words(place).reduce((value, key) => value[key], json);
  expect(Object.keys(found).sort()).toEqual(words(keys).sort());
});

test('each platform has its own payload, and the vendor’s own messages hardly any', async () => {
  const { list } = await start({ occurrences: 1500 });

  const rows = await list('/instances?limit=5000');

  const bodies = new Set(rows.map(({ data }) => `${data.framework} ${Object.keys(data.body).at(-1)}`));
  const system = rows.find(({ data }) => data.framework === 'rollbar-system');
  expect([...bodies].sort()).toEqual([
    ...['Rails: 7.1.3 trace_chain', 'browser-js message', 'browser-js trace', 'flask message', 'flask trace'],
    ...['ios crash_report', 'ios trace', 'rollbar-system message'],
  ]);
  expect(system?.billable).toBe(0);
  expect(Object.keys(system?.data)).toEqual(words('environment level timestamp framework body metadata'));
});

test('an item has other types alone than in the list', async () => {
  const { ask } = await start({ occurrences: 1500 });

  const list = (await ask('/items/?status=muted')).json.result;
  const alone = (await ask(`/item/${list.items[0].id}/`)).json.result;

  expect(list.items).toMatchObject([{ last_modified_by: 90211, integrations_data: null }]);
  expect(alone).toMatchObject({ last_modified_by: '90211', integrations_data: {} });
});

test('items are filtered by environment and level', async () => {
  const { simulator, ask } = await start({ occurrences: 1500 });
  const { items } = simulator.truth();
  const wanted = items.filter(({ environment, level }) => environment === 'staging' && level !== 'info');

  const filtered = await ask('/items?environment=staging&level=error&level=warning&level=critical');

  expect(idsOf(filtered.json.result.items).sort()).toEqual(idsOf(wanted).sort());
});

test('the counter redirects to the item, with a body that carries the token', async () => {
  const { simulator, ask } = await start({ occurrences: 100 });
  const { id } = (await ask('/item/?counter=3')).json.result;

  const moved = await ask('/item_by_counter/3');

  const uri = `/api/1/item/${id}?access_token=reader`;
  expect([moved.status, moved.headers.get('location')]).toEqual([301, `${simulator.url}/api/1/item/${id}`]);
  expect(moved.json).toEqual({ err: 0, result: { itemId: id, path: `/item/${id}`, uri } });
});

test('a deploy changes under its id until it has ended', async () => {
  const { ask } = await start();
  const body = JSON.stringify({ environment: 'production', revision: 'abc1234', status: 'started' });

  const { deploy_id } = (await ask('/deploy/', { method: 'POST', body })).json.data;
  const before = (await ask('/deploys')).json.result.deploys[0];
  await ask(`/deploy/${deploy_id}`, { method: 'PATCH', body: '{"status":"timed_out"}' });
  const after = (await ask(`/deploy/${deploy_id}`)).json.result;

  expect(before).toMatchObject({ id: deploy_id, status: 'started', finish_time: null });
  expect(after).toEqual({ ...before, status: 'timed_out', finish_time: NOON / SECOND });
});

test('lastId is exclusive, overrides the page, and ends in an empty list', async () => {
  const { simulator, ask, list } = await start({ inversionSeconds: 0 });
  const ids = [0, 1, 2, 3, 4].map((n) => simulator.report(message(`m${n}`), NOON - n * SECOND).id);

  const page = await list(`/instances?limit=2&lastId=${ids[1]}&page=7`);
  const end = await ask(`/instances?lastId=${ids[4]}`);

  expect(idsOf(page)).toEqual(ids.slice(2, 4));
  expect(end.json).toEqual({ err: 0, result: { page: 1, instances: [] } });
});

test.each([
  ['H1', 'id', 'nothing'],
  ['H2', 'timestamp', 'rows'],
  ['H3', 'timestamp', 'nothing'],
] as const)('under %s rows are listed by %s, and the obvious cursor loses %s', async (ordering, by, lost) => {
  const { list } = await start({ ordering, occurrences: 1500, sinceHours: 1 });
  const all = await list('/instances?limit=5000');
  const seen = new Set<number>();

  for (let rows = all.slice(0, 50); rows.length > 0; ) {
    for (const { id } of rows) seen.add(id);
    rows = await list(`/instances?limit=50&lastId=${rows.at(-1)?.id}`);
  }

  const pairs = all.slice(1).map((row, n) => ({ row, above: all[n] ?? row }));
  const isMixed = pairs.some(({ row, above }) => row.timestamp === above.timestamp && row.id > above.id);
  expect(pairs.every(({ row, above }) => row[by] <= above[by])).toBe(true);
  expect(isMixed).toBe(by === 'timestamp');
  expect(seen.size < 1500).toBe(lost === 'rows');
});

test('a late row appears below rows that were seen before it', async () => {
  const clock = { now: NOON };
  const { simulator, list } = await start({ inversionSeconds: 0 }, clock);
  const late = simulator.report(message('late'), NOON - 5 * SECOND, NOON + 60 * SECOND);
  const early = simulator.report(message('early'), NOON);

  const before = await list('/instances');
  clock.now += 60 * SECOND;
  const after = await list('/instances');

  expect([idsOf(before), idsOf(after)]).toEqual([[early.id], [early.id, late.id]]);
});

test('a group has a total but no occurrences of its own', async () => {
  const { simulator, list } = await start({ occurrences: 2000 });
  const { items } = simulator.truth();
  const group = items.find((item) => item.group_status === 2);
  const members = items.filter((item) => item.group_item_id === group?.id);

  const ofGroup = await list(`/item/${group?.id}/instances`);
  const ofMember = await list(`/item/${members[1]?.id}/instances`);

  const total = members.reduce((sum, item) => sum + Number(item.total_occurrences), 0);
  expect([members.length, group?.total_occurrences]).toEqual([2, total]);
  expect([ofGroup.length, ofMember.length]).toEqual([0, 20]);
});

test('an item that recurs after its resolution is active again and counts from one', () => {
  const items = createItems(1);
  const occur = (id: number, timestamp: number) => ({
    ...items.record({ id, timestamp, level: 'error' }, groupingOf(message(`batch ${id} failed`))),
  });
  occur(17, 100);
  for (const item of items.all()) items.setStatus(item, 'resolved', 200, 7, 'v2');

  const afterLateRow = occur(4711, 150);
  const afterNewRow = occur(5, 300);

  expect(afterLateRow).toMatchObject({ status: 'resolved', total_occurrences: 2, resolved_in_version: 'v2' });
  expect(afterNewRow).toMatchObject({ status: 'active', total_occurrences: 1, activating_occurrence_id: 5 });
});

test('customers’ numbers keep their digits', async () => {
  const { simulator, ask } = await start();
  const custom = '"custom":{"u64":18446744073709551615,"one":1.0,"tiny":1e-400,"__proto__":{"x":1}}';
  const report = `{"environment":"test","body":{"message":{"body":"m"}},${custom}}`;
  simulator.report(report);

  await ask('/item/', { method: 'POST', body: `{"data":${report}}` });
  const { text } = await ask('/instances');

  expect(text.split(custom)).toHaveLength(3);
});

test('the second report with a uuid is dropped without a word', async () => {
  const { simulator, ask } = await start();
  const uuid = 'chosen-by-the-client';
  const body = JSON.stringify({ access_token: 'sdk', data: { ...message('m'), uuid } });

  const first = await ask('/item', { method: 'POST', body, headers: {} });
  const second = await ask('/item', { method: 'POST', body, headers: {} });

  const told = { err: 0, result: { id: null, uuid } };
  expect([first.json, second.json]).toEqual([told, told]);
  expect(simulator.truth()).toMatchObject({ occurrences: { length: 1 }, dropped: 1 });
});

test('every answer says what is left of the limit, and over it is 429 until the window ends', async () => {
  const clock = { now: NOON };
  const { ask } = await start({ rateLimit: { limit: 2, windowSeconds: 60 } }, clock);

  const first = await ask('/instances');
  clock.now += 37 * SECOND;
  await ask('/nowhere');
  const over = await ask('/instances');
  clock.now += 23 * SECOND;
  const again = await ask('/instances');

  const reset = String(NOON / SECOND + 60);
  expect(first.limits).toEqual(['2', '1', '60', reset]);
  expect(over.limits).toEqual(['2', '0', '23', reset]);
  expect([first.status, over.status, again.status]).toEqual([200, 429, 200]);
});

test.each([
  ['/instances', '', 401, 'access token required'],
  ['/instances', 'wrong-token', 403, 'access token not found: wrong-token'],
  ['/instances', 'writer', 403, /read scope is required .* only has post_server_item\.$/],
  ['/instances?lastId=abc', 'reader', 422, 'Invalid format. lastId must be an integer.'],
  ['/instances?limit=5001', 'reader', 422, 'Invalid value. limit must be from 1 to 5000.'],
  ['/items?status=open', 'reader', 422, /^Invalid value\. status must be one of active, /],
  ['/item/?uuid=zzz', 'reader', 400, 'Invalid UUID format'],
  ['/item/?uuid=11111111-1111-4111-8111-111111111111', 'reader', 404, 'UUID did not match any occurrence'],
  ['/nowhere', 'reader', 404, 'Not found'],
])('%s with the token "%s" is answered with %i', async (path, token, status, text) => {
  const { ask } = await start({ tokens: { reader: ['read'], writer: ['post_server_item'] } });

  const answer = await ask(path, { headers: { 'X-Rollbar-Access-Token': token } });

  const message = typeof text === 'string' ? text : expect.stringMatching(text);
  expect([answer.status, answer.json]).toEqual([status, { err: 1, message }]);
});

test('occurrence counts leave out what is below error unless told otherwise', async () => {
  const { simulator, ask } = await start({ occurrences: 2000 });
  const severe = simulator.truth().occurrences.filter(({ level }) => ['error', 'critical'].includes(level));
  const report = '/reports/occurrence_counts?bucket_size=3600&buckets=26';

  const answers = [await ask(report), await ask(`${report}&min_level=debug`)];

  const total = (counts: [number, number][]) => counts.reduce((sum, [, count]) => sum + count, 0);
  expect(answers.map(({ json }) => total(json.result))).toEqual([severe.length, 2000]);
});

test.each([
  ['rate_limited', 429, /^\{"err":1,"message":"API request limit reached"\}$/],
  ['server_error', 500, /"err":1/],
  ['revoked', 403, /access token not found: reader/],
  ['html', 502, /^<html>/],
  ['err1', 200, /^\{"err":1/],
  ['truncated', 200, /^\{"err":0,.*[^}]$/],
  ['slow', 200, /\]\}\}$/],
  ['padded', 200, /x{900000}/],
  ['reset', 0, /terminated|reset|failed/i],
  ['gremlins', 200, /^\{"err":0/],
])('the next call meets the fault %s', async (kind, status, body) => {
  const { simulator, ask } = await start();
  simulator.report(message('m'));
  const put = (faults: object[]) =>
    fetch(`${simulator.url}/_simulator/faults`, { method: 'PUT', body: JSON.stringify({ faults }) });

  const { ok } = await put([{ kind, path: '/instances', seconds: 0.01 }]);
  const elsewhere = await ask('/items');
  const struck = await ask('/instances').catch((error: Error) => ({ status: 0, text: error.message }));
  await put([]);
  const after = await ask('/instances');

  const isKnown = kind !== 'gremlins';
  expect([ok, elsewhere.status, struck.status, after.status]).toEqual([isKnown, 200, status, 200]);
  expect(struck.text).toMatch(body);
});

test('one seed is one world, at any date', async () => {
  const [one, same] = [await start({ occurrences: 800 }), await start({ occurrences: 800 })];
  const later = await start({ occurrences: 800 }, { now: NOON + 86_400 * SECOND });
  const other = await start({ occurrences: 800, seed: 6 });

  const pages = [await one.ask('/instances?limit=800'), await same.ask('/instances?limit=800')];

  const uuids = (world: typeof one) => world.simulator.truth().occurrences.map(({ uuid }) => uuid);
  expect(same.simulator.truth()).toEqual(one.simulator.truth());
  expect(pages[1]?.text).toBe(pages[0]?.text);
  expect(uuids(later)).toEqual(uuids(one));
  expect(uuids(other)).not.toEqual(uuids(one));
});

test('live traffic follows the clock, and a share of it is late', async () => {
  const clock = { now: NOON };
  const { simulator } = await start({ livePerMinute: 60, late: { fraction: 0.1, maxSeconds: 300 } }, clock);

  clock.now += 3 * 3600 * SECOND;
  const { occurrences, deploys } = simulator.truth();

  const delays = occurrences.map(({ timestamp, visible_at }) => visible_at / SECOND - timestamp);
  expect(Math.abs(delays.length - 3 * 3600)).toBeLessThan(1000);
  expect(delays.filter((delay) => delay > 5).length / delays.length).toBeCloseTo(0.1, 1);
  expect(Math.max(...delays)).toBeLessThanOrEqual(301);
  expect(deploys.length).toBeGreaterThan(8);
});

test('of twenty thousand occurrences five thousand are a page', async () => {
  const { list, simulator } = await start({ occurrences: 20_000 });

  expect(await list('/instances?limit=5000')).toHaveLength(5000);
  expect(simulator.truth().occurrences).toHaveLength(20_000);
});

test('what Rollbar’s own SDK reports comes out of the API again', async () => {
  const { simulator, ask, list } = await start();
  const endpoint = `${simulator.url}/api/1/item/`;
  const rollbar = new Rollbar({ accessToken: 'sdk', endpoint, environment: 'test' });

  const { uuid } = rollbar.error(new TypeError('real', { cause: new Error('why') }), { order: 7 });
  await new Promise<void>((resolve) => rollbar.wait(resolve));

  const [row] = await list('/instances');
  const item = (await ask(`/item/?uuid=${uuid}`)).json.result;
  expect(row).toMatchObject({ item_id: item.id, timestamp: NOON / SECOND });
  expect(row?.data).toMatchObject({
    ...{ uuid, environment: 'test', level: 'error', timestamp: NOON / SECOND, custom: { order: 7 } },
    notifier: { name: 'node_rollbar' },
    metadata: { access_token: 'sdk', customer_timestamp: expect.any(Number), timestamp_ms: NOON },
    body: { trace_chain: [{ exception: { class: 'TypeError' } }, { exception: { message: 'why' } }] },
  });
  expect(item).toMatchObject({ title: 'TypeError: real', total_occurrences: 1, framework: 'node-js' });
});

test('as a program it says where it listens, runs the failing program, and ends with its parent', async () => {
  const program = run('--occurrences', '10', '--late', '0', '--demo', '--with-parent');
  const [line] = await once(program.stdout, 'data');
  const url = `${JSON.parse(line).listening}/api/1/items?environment=demo`;
  let items: Row[] = [];
  while (items.length < 5) {
    const answer = await fetch(url, { headers: READER });
    items = JSON.parse(await answer.text()).result.items;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  program.stdin.end();
  const [code] = await once(program, 'exit');

  // A rejection nobody handles is what the SDK calls `debug`.
  expect(items.map(({ level, title }) => `${level} ${title}`).sort()).toEqual([
    'critical Error: settings cannot be read',
    'debug Error: article K-17 is not in stock',
    expect.stringMatching(/^error SyntaxError: /),
    "error TypeError: Cannot read properties of undefined (reading 'total')",
    'warning stock runs low',
  ]);
  expect(code).toBe(0);
});

test.each([
  [['--prot', '1'], /Unknown option '--prot'/],
  [['--live', 'fast'], /--live is "fast", expected a number from 0 to 60000/],
])('%j is refused in one line', async (args, reason) => {
  const program = run(...args);
  let complaint = '';
  program.stderr.on('data', (text) => (complaint += text));

  const [code] = await once(program, 'close');

  expect(code).toBe(2);
  expect(complaint.trim().split('\n')).toEqual([expect.stringMatching(reason)]);
});

// biome-ignore lint/suspicious/noExplicitAny: whatever the server says; the expectations judge its shape.
type Json = any;
type Row = Readonly<Record<string, Json>>;

async function start(options: SimulatorOptions = {}, clock = { now: NOON }) {
  const simulator = await startSimulator({ now: () => clock.now, ...options });
  onTestFinished(() => simulator.close());

  async function ask(path: string, init: RequestInit = {}) {
    const asked = { redirect: 'manual', headers: READER, ...init } as const;
    const response = await fetch(`${simulator.url}/api/1${path}`, asked);
    const { status, headers } = response;
    const text = await response.text();
    const json = /^\{.*\}$/s.test(text) ? JSON.parse(text) : undefined;
    const limits = [...headers].filter(([name]) => /^x-rate/.test(name)).map(([, value]) => value);
    return { status, headers, limits, text, json };
  }
  const list = async (path: string): Promise<Row[]> => (await ask(path)).json.result.instances;
  return { simulator, ask, list };
}

function run(...args: string[]) {
  const program = join(import.meta.dirname, '../producers/rollbar/simulator.ts');
  const child = spawn(process.execPath, [program, ...args]);
  onTestFinished(() => void child.kill());
  return child;
}
