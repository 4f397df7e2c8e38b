/**
 * Plays a scenario with the real runtime of a producer's function, over HTTP on loopback; time, table and stream are
 * the test's.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Envelope } from '../../contract/envelope.ts';
import type { RunSummary } from '../../contract/feed.ts';
import type { Producer } from '../../contract/producer.ts';
import { createHandler } from '../../producers/handler.ts';
import type { Ports } from '../../producers/ports.ts';
import { fakeClock, fakeFeeds, fakeWorld, SECRET, stoppedAfter, TOKEN } from '../producer-fakes.ts';
import { answerTo, bodyOf, type Request, type Scenario } from './scenario.ts';

/** Answers in the place of the scenario: what a vendor does on a bad day. */
export type Trouble = (response: ServerResponse, body: string) => void;

export class Rehearsal {
  readonly #feeds = fakeFeeds();
  readonly world = fakeWorld({ clock: fakeClock(0), feeds: this.#feeds, random: () => 0.5 });
  readonly requests: Request[] = [];
  readonly unanswered: string[] = [];
  trouble: Trouble | null = null;
  readonly #producer: Producer;
  readonly #scenario: Scenario;
  readonly #url: string;
  readonly #server: Server;
  #poll = 0;
  #handle: ReturnType<typeof createHandler>;

  private constructor(producer: Producer, scenario: Scenario, server: Server) {
    this.#producer = producer;
    this.#scenario = scenario;
    this.#server = server;
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#handle = createHandler(producer, this.world.ports);
  }

  static async begin(producer: Producer, scenario: Scenario): Promise<Rehearsal> {
    let rehearsal: Rehearsal | null = null;
    const server = createServer((request, response) => {
      if (rehearsal !== null) rehearsal.#answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    rehearsal = new Rehearsal(producer, scenario, server);
    return rehearsal;
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** A container of its own: what it remembers of earlier runs is gone. */
  restart(ports: Partial<Ports> = {}): void {
    this.#handle = createHandler(this.#producer, { ...this.world.ports, ...ports });
  }

  /** Runs all polls of the scenario. */
  async runAll(): Promise<readonly RunSummary[]> {
    const summaries: RunSummary[] = [];
    for (let poll = 0; poll < this.#scenario.polls.length; poll += 1) summaries.push(await this.run(poll));
    return summaries;
  }

  /** Runs a poll of the scenario, at its time unless that is past, until nothing is left to read. */
  async run(poll: number): Promise<RunSummary> {
    const { clock } = this.world;
    this.#poll = poll;
    const at = Date.parse(this.#scenario.polls[poll]?.at ?? '');
    clock.advance(Math.max(at - clock.now().getTime(), 60_000));
    for (let runs = 0; ; runs += 1) {
      const summary = await this.#handle(
        {
          ...{ feed: `${this.#producer.name}:rehearsal`, baseUrl: this.#url, secretArn: SECRET },
          ...{ settings: this.#scenario.settings, since: this.#scenario.since, people: 'keep' },
        },
        stoppedAfter(clock, 55_000),
      );
      if (summary.outcome !== 'more' || runs === 20) return summary;
      clock.advance(1_000);
    }
  }

  /** The cursor saved last, as text; null before the first. */
  get cursor(): string | null {
    return this.#feeds.items.get(`${this.#producer.name}:rehearsal`)?.state.cursor ?? null;
  }

  /** What is on the stream of the producer's own types, in its order. */
  get facts(): readonly Envelope[] {
    const names = this.#producer.records.map(({ name }) => name);
    return this.world.stream.envelopes().filter(({ record_type }) => names.includes(record_type));
  }

  /** The tables after a merge: the newest body of every fact. */
  get tables(): Readonly<Record<string, Envelope['body']>> {
    const newest = [...this.facts].sort((a, b) => (a.observed_at < b.observed_at ? -1 : 1));
    return Object.fromEntries(
      newest.map(({ record_type, record_key, body }) => [`${record_type} ${record_key}`, body]),
    );
  }

  /** Everything that was said about the runs: log lines and metrics. */
  get words(): string {
    return JSON.stringify([this.world.logged, this.world.published]);
  }

  #answer({ url: address = '/', headers }: IncomingMessage, response: ServerResponse): void {
    const url = new URL(address, 'http://vendor');
    const { range } = headers;
    const request = { path: url.pathname, query: Object.fromEntries(url.searchParams), range };
    this.requests.push(request);
    const scripted = answerTo(this.#scenario, this.#poll, request);
    const body = scripted === null ? '' : bodyOf(scripted, this.#scenario.folder);
    if (this.trouble !== null) {
      this.trouble(response, body);
      return;
    }
    if (scripted === null) {
      this.unanswered.push(`${url.pathname}${url.search}${range === undefined ? '' : ` Range: ${range}`}`);
      response.writeHead(501).end();
      return;
    }
    const etag = scripted.headers?.ETag;
    const isKnown = etag !== undefined && headers['if-none-match'] === etag;
    response.writeHead(isKnown ? 304 : (scripted.status ?? 200), {
      'Content-Type': 'application/json',
      Date: new Date(this.world.clock.now()).toUTCString(),
      ...scripted.headers,
    });
    response.end(isKnown ? '' : body);
  }
}

export { TOKEN };
