/** The page in a real browser, where one is installed: CHROME_PATH, or chromium or google-chrome in PATH. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { page } from '../report/page/page.ts';
import { impact, insert, item, lineage, prepare, read, run, week } from './report-world.ts';
import { temporaryFolder } from './stack-fixtures.ts';
import { openWarehouse } from './warehouse-world.ts';

const browser = [process.env.CHROME_PATH ?? '', 'chromium', 'google-chrome'].find(
  (name) => name !== '' && spawnSync(name, ['--version']).status === 0,
);

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** Opens an address on a telephone 360 pixels wide. @returns what was asked for, what went wrong, and the widths. */
async function visit(program: string, url: string) {
  const profile = `--user-data-dir=${temporaryFolder()}`;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', profile];
  // A group of its own: the browser's other processes end with it, and nobody writes to its folder any more.
  const child = spawn(program, [...flags, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += chunk;
        const [, found] = /ws:\/\/[^:]+:(\d+)\//.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.on('close', () => reject(new Error(`the browser ended: ${said.slice(-300)}`)));
    });
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as readonly {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '');
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const heard: Message[] = [];
    const waiting = new Map<number, (message: Message) => void>();
    let loaded = (): void => undefined;
    const isLoaded = new Promise<void>((resolve) => {
      loaded = resolve;
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else heard.push(message);
      if (message.method === 'Page.loadEventFired') loaded();
    });
    let id = 0;
    const call = (method: string, params: object = {}) =>
      new Promise<Message>((resolve) => {
        id += 1;
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method, params }));
      });
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await call(`${domain}.enable`);
    const screen = { width: 360, height: 740, deviceScaleFactor: 1, mobile: true };
    await call('Emulation.setDeviceMetricsOverride', screen);
    await call('Page.navigate', { url });
    await isLoaded;
    const expression =
      '[document.documentElement.scrollWidth, document.title, document.querySelectorAll("svg").length]';
    const { result } = await call('Runtime.evaluate', { expression, returnByValue: true });
    socket.close();
    return {
      measured: result?.result?.value,
      requests: heard
        .filter(({ method }) => method === 'Network.requestWillBeSent')
        .map(({ params }) => (params as { request: { url: string } }).request.url)
        .filter((asked) => !asked.startsWith('data:')),
      troubles: heard.filter(({ method = '' }) =>
        ['Log.entryAdded', 'Runtime.exceptionThrown', 'Runtime.consoleAPICalled'].includes(method),
      ),
    };
  } finally {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
    await ended;
  }
}

test.skipIf(browser === undefined)(
  'on a telephone the page fits, asks for nothing and complains of nothing, whatever a title says',
  async () => {
    const world = await openWarehouse();
    await prepare(world);
    const titles = [
      'x'.repeat(1020),
      '<script>document.title = "taken"</script>',
      '"><img src="http://127.0.0.1:9/x">',
      'عطل 💥',
    ];
    await insert(world, 'impact_run', [run({ warnings: ['w'.repeat(300)] })]);
    await insert(
      world,
      'rollbar_item',
      titles.map((title, at) => item(101 + at, title)),
    );
    await insert(
      world,
      'impact_item',
      titles.map((_title, at) => impact(101 + at, at + 1, 40 - at)),
    );
    await insert(
      world,
      'impact_week',
      titles.flatMap((_title, at) => [week(101 + at, '2026-11-02', 30), week(101 + at, '2026-11-09', 40)]),
    );
    await insert(world, 'bug_lineage', [
      lineage(101, 'introduced', '2026-10-01T08:00:00', { evidence: 'e'.repeat(900) }),
    ]);
    const file = join(temporaryFolder(), 'report.html');
    writeFileSync(file, page(await read(world)));
    await world.database.close();

    const { measured, requests, troubles } = await visit(browser ?? '', pathToFileURL(file).href);

    // An interval for each item, and two plots of weeks.
    expect(measured).toEqual([360, 'Which bugs cost us users', titles.length * 3]);
    expect(requests).toEqual([pathToFileURL(file).href]);
    expect(troubles).toEqual([]);
  },
);
