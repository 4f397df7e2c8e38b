/**
 * Records a conversation between a producer and its simulator as a scenario, for the producer's folder:
 *
 *     npm run record -- heroku --scenario a_day --settings '{"app":"storefront-prod"}' --hours 2 --at 0,10,180
 *
 * It is a beginning: what the vendor's documentation shows beats what a simulator says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Producer } from '../../contract/producer.ts';
import { createHandler } from '../../producers/handler.ts';
import { fakeClock, fakeWorld, SECRET, stoppedAfter } from '../producer-fakes.ts';
import { answerTo, type Scenario, type ScriptedAnswer } from './scenario.ts';

const START = Date.parse('2026-09-01T12:00:00Z');
const MINUTE = 60_000;
/** Headers without which the conversation would be another one. */
const KEPT = { etag: 'ETag', 'next-range': 'Next-Range' } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', default: 'recorded' },
    description: { type: 'string', default: 'recorded from the simulator' },
    settings: { type: 'string', default: '{}' },
    since: { type: 'string', default: '1h' },
    /** Hours of the simulated past. */
    hours: { type: 'string', default: '1' },
    /** Minutes after the start of each poll. */
    at: { type: 'string', default: '0,30' },
    /** Parameters that follow the clock: an answer fits whatever they are. */
    ignore: { type: 'string', default: '' },
    /** Further options of the simulator. */
    options: { type: 'string', default: '{}' },
  },
});
const [name] = positionals;
if (name === undefined || !/^[a-z][a-z0-9]*$/.test(name)) {
  console.error('which producer? its name is the first argument, as in: npm run record -- heroku');
  process.exit(2);
}

const folder = join(import.meta.dirname, '../../producers', name);
const producer: Producer = (await import(join(folder, 'index.ts'))).default;
const { startSimulator } = await import(join(folder, 'simulator.ts'));

const clock = fakeClock(START);
const simulator = await startSimulator({
  ...{ now: () => clock.now().getTime(), startAt: START, sinceHours: Number(values.hours), livePerMinute: 0 },
  ...JSON.parse(values.options),
});
const settings = { ...defaults(producer), ...JSON.parse(values.settings) };
const polls: { at: string; answers: ScriptedAnswer[] }[] = [];
const scenario = (): Scenario => ({
  ...{ name: values.scenario, description: values.description, settings, since: values.since },
  ...{ secrets: [], quiet_requests: 0, polls, folder },
});

const recorder = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://vendor');
  const { range, 'if-none-match': _asked, host: _host, ...headers } = request.headers;
  const forwarded = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
  const answered = await fetch(`${simulator.url}${url.pathname}${url.search}`, {
    headers: range === undefined ? forwarded : { ...forwarded, range },
  });
  const text = await answered.text();
  const kept = Object.entries(KEPT).flatMap(([key, shown]) => {
    const value = answered.headers.get(key);
    return value === null ? [] : [[shown, value] as const];
  });
  note(url, range, { status: answered.status, headers: Object.fromEntries(kept), body: JSON.parse(text) });
  response.writeHead(answered.status, { 'Content-Type': 'application/json', ...Object.fromEntries(kept) });
  response.end(text);
});
await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));

/** Writes an answer down, unless the scenario would give it anyway. */
function note(
  url: URL,
  range: string | undefined,
  { status, headers, body }: { status: number; headers: Record<string, string>; body: unknown },
): void {
  const isKept = ([name]: readonly [string, string]): boolean => !values.ignore.split(',').includes(name);
  const query = Object.fromEntries([...url.searchParams].filter(isKept));
  const request = { path: url.pathname, query, range };
  const known = answerTo(scenario(), polls.length - 1, request);
  if (JSON.stringify(known?.body) === JSON.stringify(body) && (known?.status ?? 200) === status) return;
  polls.at(-1)?.answers.push({
    path: url.pathname,
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(range === undefined ? {} : { range }),
    ...(status === 200 ? {} : { status }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    body,
  });
}

const { ports } = fakeWorld({ clock, random: () => 0.5 });
const handle = createHandler(producer, ports);
const baseUrl = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
for (const minutes of values.at.split(',').map(Number)) {
  clock.advance(Math.max(0, START + minutes * MINUTE - clock.now().getTime()));
  polls.push({ at: clock.now().toISOString(), answers: [] });
  const event = { feed: `${name}:rehearsal`, baseUrl, secretArn: SECRET, settings, since: values.since };
  const summary = await handle({ ...event, people: 'keep' }, stoppedAfter(clock, 55_000));
  console.log(polls.at(-1)?.at, summary.outcome, summary.error?.message ?? JSON.stringify(summary.emitted));
}

const { name: _name, folder: _folder, ...written } = scenario();
mkdirSync(join(folder, 'scenarios'), { recursive: true });
const path = join(folder, 'scenarios', `${values.scenario}.json`);
writeFileSync(path, `${JSON.stringify(written, null, 1)}\n`);
console.log(`written: ${path}; say in it what is secret and how many requests a quiet run makes`);
recorder.closeAllConnections();
recorder.close();
await simulator.close();

function defaults({ settings: declared }: Producer) {
  return Object.fromEntries(
    Object.entries(declared).flatMap(([setting, { default: value }]) =>
      value === undefined ? [] : [[setting, value]],
    ),
  );
}
