/** The report that a session serves: to whoever asks for it by its own address, and to nobody else. */
import { createHash } from 'node:crypto';
import { get, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { flowOf, type LiveReport, serveReport } from '../local/cli/live-report.ts';
import { Progress } from '../local/cli/progress.ts';
import { impact, insert, item, prepare, run } from './report-world.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const now = () => new Date('2026-11-20T06:00:00Z');
const readings = {
  ...{ delivered: { made_up: 1200 }, rows: { made_up: 1100 }, freshnessSeconds: 12 },
  deliveries: [],
};
let world: World;
let served: LiveReport;
let answer = 'none';
let isAnswering = true;
const progress = new Progress(now);

beforeAll(async () => {
  world = await openWarehouse();
  await prepare(world);
  progress.polled.made_up = 1234;
  progress.trouble('<img src=x> is not a vendor');
  served = await serveReport({
    query: (sql) => (isAnswering ? world.database.query(sql) : Promise.reject(new Error('it is gone'))),
    ...{ now, flow: () => flowOf(progress, readings), answer: () => answer },
  });
});
afterAll(async () => {
  await served.close();
  await world.database.close();
});
beforeEach(() => {
  isAnswering = true;
});

const fetched = (path: string, init?: RequestInit) => fetch(`${served.url}${path}`, init);

/** Asks by a name of one's own, as a browser does that was led here. */
const askedAs = (host: string) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    get(served.url, { headers: { host } }, async (response) =>
      resolve({ status: response.statusCode ?? 0, body: await text(response) }),
    ).on('error', reject);
  });

test('the page shows the flow above the report, and may run its own script alone', async () => {
  await insert(world, 'impact_run', [run()]);
  await insert(world, 'rollbar_item', [item(112, 'Checkout does not answer')]);
  await insert(world, 'impact_item', [impact(112, 1, 12)]);

  const response = await fetched('/');

  const { document } = parseHTML(await response.text());
  const script = document.querySelector('script')?.textContent ?? '';
  const rules = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content');
  expect(response.status).toBe(200);
  expect(document.querySelector('#flow tbody tr')?.textContent).toBe('made_up1,23401,2001,100');
  expect(document.querySelector('.first .what')?.textContent).toBe('Checkout does not answer');
  expect(document.querySelectorAll('script').length).toBe(1);
  expect(rules).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  expect(rules).toContain("default-src 'none'");
});

test('the flow comes alone, escaped, with the name of the answer that the page shows', async () => {
  const before = (await fetched('/flow')).headers.get('x-answer');
  answer = 'who came back: ’';

  const response = await fetched('/flow');

  const { document } = parseHTML(await response.text());
  expect(document.querySelector('.troubles')?.textContent).toBe('<img src=x> is not a vendor');
  expect(document.querySelector('img')).toBe(null);
  expect(response.headers.get('x-answer')).not.toBe(before);
});

test('whoever is led here by another name gets nothing', async () => {
  const { host, port } = new URL(served.url);

  expect((await askedAs(host)).status).toBe(200);
  expect((await askedAs(`localhost:${port}`)).status).toBe(200);
  for (const stranger of [
    `evil.example:${port}`,
    'evil.example',
    '127.0.0.1',
    `127.0.0.1.evil.example:${port}`,
  ])
    expect(await askedAs(stranger)).toEqual({
      status: 421,
      body: 'this report is served at its own address only, the one that npm start prints\n',
    });
});

test('nothing but the report is served, and nothing is taken', async () => {
  expect((await fetched('/../package.json')).status).toBe(404);
  expect((await fetched('/', { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a path that is none is answered, and the next one, too', async () => {
  const status = await new Promise((resolve, reject) => {
    request(served.url, { path: '//[' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

  expect(status).toBe(404);
  expect((await fetched('/flow')).status).toBe(200);
});

test('a warehouse that does not answer is told, and the page comes when it does again', async () => {
  isAnswering = false;

  const response = await fetched('/');

  expect(response.status).toBe(503);
  expect(await response.text()).toBe(
    'the warehouse does not answer: it is gone; load the page again in a moment\n',
  );
  isAnswering = true;
  expect((await fetched('/')).status).toBe(200);
});
