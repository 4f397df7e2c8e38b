/** A producer that does as it is told, and the world around it: time, table, stream, secrets, log and metrics. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { integer, nullable, superJson, timestamp, truncatedFields, varchar } from '../contract/columns.ts';
import type { Envelope } from '../contract/envelope.ts';
import type { FeedEvent } from '../contract/feed.ts';
import type { Page, PollContext, Producer } from '../contract/producer.ts';
import type { Entry } from '../contract/put-records.ts';
import { defineRecord, type Emitted, emit } from '../contract/record.ts';
import { createHandler } from '../producers/handler.ts';
import type { Clock, FeedState, FeedsTable, LogFields, Ports } from '../producers/ports.ts';

export const fact = defineRecord({
  name: 'tiny_fact',
  version: 1,
  description: 'A fact of the tiny vendor.',
  key: ['id'],
  occurredAt: 'said_at',
  columns: {
    id: integer('Its number.'),
    said_at: timestamp('When the vendor said it, UTC.'),
    text: nullable(varchar(100, 'What it said.')),
    payload: nullable(superJson(900 * 1024, 'Whatever came with it.')),
    truncated_fields: truncatedFields(),
  },
});

/** A fact. Half an hour before the fake clock starts, plus its number in seconds. */
export function aFact(
  id: number,
  text: string | null = null,
  payload: Emitted['values'][string] = null,
): Emitted {
  const said_at = new Date(START - 1_800_000 + id * 1000).toISOString();
  return emit(fact, { id, said_at, text, payload: payload as null, truncated_fields: null });
}

export type Poll = (context: PollContext<number, Record<never, never>>) => AsyncIterable<Page<number>>;

/** A producer with one record type whose poll is given. */
export function tinyProducer(poll: Poll): Producer<number, Record<never, never>> {
  return {
    name: 'tiny',
    description: 'For tests.',
    records: [fact],
    baseUrl: 'http://127.0.0.1:1',
    secret: { description: 'Any text.', headers: (token) => ({ 'X-Token': token }) },
    waitSeconds: (headers) => (headers['x-wait'] === undefined ? null : Number(headers['x-wait'])),
    refusal: (body) =>
      typeof body === 'object' && body !== null && 'err' in body && body.err === 1
        ? String('message' in body ? body.message : 'no message')
        : null,
    settings: {},
    everyMinutes: 1,
    poll,
  };
}

/** A poll that yields these pages, whatever the cursor. */
export const pagesOf = (...pages: readonly Page<number>[]): Poll =>
  async function* poll() {
    yield* pages;
  };

/** A poll that fails before its first page. */
export const failing =
  (error: Error): Poll =>
  () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) });

export const START = Date.parse('2026-11-23T18:30:00.000Z');

/** A clock that stands still until told otherwise; to sleep is to move it. */
export interface FakeClock extends Clock {
  readonly slept: number[];
  advance(milliseconds: number): void;
}

export function fakeClock(start = START): FakeClock {
  let time = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(time),
    advance(milliseconds) {
      time += milliseconds;
    },
    async sleep(milliseconds) {
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}

export interface FeedItem {
  readonly state: FeedState;
  readonly owner: string | null;
  readonly until: number;
  readonly notBefore: number;
}

/** The feeds table in memory; `producer-aws.test.ts` holds it to the behaviour of the real one. */
export function fakeFeeds(): FeedsTable & { readonly items: Map<string, FeedItem> } {
  const items = new Map<string, FeedItem>();
  const empty: FeedItem = {
    state: { cursor: null, version: 0, observedAt: null },
    owner: null,
    until: 0,
    notBefore: 0,
  };
  return {
    items,
    async acquire(feed, runId, now, until) {
      const item = items.get(feed) ?? empty;
      const isFree = item.owner === null || item.until < now || item.owner === runId;
      if (!isFree || item.notBefore > now) return null;
      const state = { ...item.state, version: item.state.version + 1 };
      items.set(feed, { ...item, owner: runId, until, state });
      return state;
    },
    async save(feed, runId, state) {
      const item = items.get(feed) ?? empty;
      if (item.owner !== runId) return false;
      items.set(feed, { ...item, state });
      return true;
    },
    async release(feed, runId, notBefore, observedAt) {
      const item = items.get(feed) ?? empty;
      if (item.owner !== runId) return;
      const state = { ...item.state, observedAt: observedAt ?? item.state.observedAt };
      items.set(feed, { ...item, owner: null, notBefore: notBefore ?? 0, state });
    },
  };
}

/** A stream that keeps what it takes, and refuses what `refuses` says. */
export function fakeStream(refuses: (entry: Entry) => string | null = () => null) {
  const taken: Entry[] = [];
  const calls: number[] = [];
  return {
    taken,
    /** Entries of each call, refused ones included. */
    calls,
    envelopes: (): readonly Envelope[] =>
      taken.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as Envelope),
    async put(entries: readonly Entry[]) {
      calls.push(entries.length);
      return entries.map((entry) => {
        const code = refuses(entry);
        if (code === null) taken.push(entry);
        return code;
      });
    },
  };
}

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: LogFields;
}

export const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:tiny-AbCdEf';
export const TOKEN = 'tok-0123456789abcdef';

/** All ports, fake; parts can be replaced. */
export function fakeWorld(
  parts: Partial<Pick<Ports, 'feeds' | 'secrets' | 'random'>> & { clock?: FakeClock } = {},
) {
  const { clock = fakeClock(), feeds = fakeFeeds() } = parts;
  const stream = fakeStream();
  const logged: LogLine[] = [];
  const published: (readonly [dimensions: object, values: Readonly<Record<string, number>>])[] = [];
  const ports: Ports = {
    clock,
    feeds,
    stream,
    secrets: parts.secrets ?? { read: async () => TOKEN },
    random: parts.random ?? Math.random,
    log: {
      info: (message, fields) => logged.push({ level: 'info', message, fields }),
      warn: (message, fields) => logged.push({ level: 'warn', message, fields }),
    },
    metrics: { publish: (dimensions, values) => published.push([dimensions, values]) },
  };
  return { clock, feeds, stream, logged, published, ports };
}

/** What a schedule sends for the feed `tiny:web`. */
export const anEvent = (changes: Partial<FeedEvent> = {}): FeedEvent => ({
  feed: 'tiny:web',
  baseUrl: 'http://127.0.0.1:1',
  secretArn: SECRET,
  settings: {},
  since: '24h',
  people: 'keep',
  ...changes,
});

/** Lambda's context of a function that is stopped so long after now. */
export function stoppedAfter(clock: Clock, milliseconds = 60_000) {
  const end = clock.now().getTime() + milliseconds;
  return { getRemainingTimeInMillis: () => end - clock.now().getTime() };
}

export type World = ReturnType<typeof fakeWorld>;

/** A container of the function: a handler that remembers, and how to start it. */
export function container(
  world: World,
  poll: Poll,
  ports: Partial<Ports> = {},
  declared: Partial<Producer<number, Record<never, never>>> = {},
) {
  const handle = createHandler({ ...tinyProducer(poll), ...declared }, { ...world.ports, ...ports });
  return (event: Partial<FeedEvent> = {}, milliseconds = 60_000) =>
    handle(anEvent(event), stoppedAfter(world.clock, milliseconds));
}

/** `type/key` and text of each record but the poll pages. */
export const said = (envelopes: readonly Envelope[]): readonly string[] =>
  envelopes
    .filter(({ record_type }) => record_type !== 'poll_page')
    .map(({ record_type, record_key, body }) => `${record_type}/${record_key} ${String(body.text)}`);

/** A server on loopback. */
export async function loopback(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}
