/**
 * The simulated Rollbar of a stage: facts are poured in slice by slice, and every fact says to which slice it belongs.
 */
import { type Simulator, startSimulator } from '../../../producers/rollbar/simulator.ts';
import type { Fault as VendorFault } from '../../../simulation/faults.ts';
import { type Random, randomFor } from '../../../simulation/random.ts';
import type { Clock } from './clock.ts';

export const TOKEN = 'a-read-token-of-nobody';

/** A fact as its table must show it: column → value as Postgres writes it. */
export interface Fact {
  readonly table: string;
  readonly slice: number;
  readonly values: Readonly<Record<string, string | null>>;
}

/** One occurrence in so many can be seen only later. */
const LATE_SHARE = 0.02;
const LATE_SECONDS = 120;

/** Items that the occurrences of a slice belong to. */
const BUGS = 25;

export class Vendor {
  readonly #simulator: Simulator;
  readonly #clock: Clock;
  readonly #seed: number;
  /** Occurrence → its slice and the message that was reported. */
  readonly #reported = new Map<string, { readonly slice: number; readonly message: string }>();
  #slice = 0;
  #lastVisible = 0;

  private constructor(simulator: Simulator, clock: Clock, seed: number) {
    this.#simulator = simulator;
    this.#clock = clock;
    this.#seed = seed;
  }

  static async start(options: { clock: Clock; seed: number; port: number }): Promise<Vendor> {
    const { clock, seed, port } = options;
    const simulator = await startSimulator({
      ...{ port, seed, now: () => clock.now().getTime() },
      tokens: { [TOKEN]: ['read', 'post_server_item'] },
    });
    return new Vendor(simulator, clock, seed);
  }

  /** Begins a slice: so many occurrences over the last seconds, some of them late, and a deploy. */
  async pour(count: number, seconds: number): Promise<number> {
    this.#slice += 1;
    const random = randomFor(this.#seed, 'slice', this.#slice);
    const now = this.#clock.now().getTime();
    const times = Array.from({ length: count }, () => now - Math.ceil(random.fraction() * seconds * 1000));
    for (const at of times.sort((one, other) => one - other)) this.#report(random, at);
    await this.#deploy();
    return this.#slice;
  }

  /** One more occurrence of the slice, now: its item changes. */
  meet(): void {
    this.#report(randomFor(this.#seed, 'met', this.#reported.size), this.#clock.now().getTime(), false);
  }

  /** When everything that was poured can be seen. */
  get visibleAt(): Date {
    return new Date(this.#lastVisible);
  }

  setFaults(faults: readonly VendorFault[]): void {
    this.#simulator.setFaults(faults);
  }

  /** The next connection to it fails. */
  dropConnection(onDropped: () => void): void {
    this.#simulator.limitConnections(0, () => {
      this.#simulator.limitConnections(Number.POSITIVE_INFINITY);
      onDropped();
    });
  }

  /** Asks so often with the feed's own token, as another program of the team would; 5,000 times a minute are allowed. */
  async spend(requests: number): Promise<void> {
    for (let left = requests; left > 0; left -= 50) {
      const asked = Array.from({ length: Math.min(50, left) }, async () => {
        const answer = await fetch(`${this.#simulator.url}/api/1/items?level=critical`, {
          headers: { 'X-Rollbar-Access-Token': TOKEN },
        });
        await answer.arrayBuffer();
      });
      await Promise.all(asked);
    }
  }

  /** How often the faults that were set have not struck yet. */
  async faultsLeft(): Promise<number> {
    const answer = await fetch(`${this.#simulator.url}/_simulator/faults`);
    const { faults } = (await answer.json()) as { faults: readonly VendorFault[] };
    return faults.reduce((sum, { times = 0 }) => sum + times, 0);
  }

  /** Everything the vendor holds. */
  facts(): readonly Fact[] {
    const { occurrences, items, deploys } = this.#simulator.truth();
    return [
      ...occurrences.map((one): Fact => {
        const { slice, message } = this.#reported.get(String(one.id)) ?? { slice: 0, message: null };
        const { id, item_id, timestamp, uuid, environment, level } = one;
        const values = {
          id,
          item_id,
          timestamp_seconds: timestamp,
          uuid,
          environment,
          level,
          exception_message: message,
        };
        return { table: 'rollbar_occurrence', slice, values: asText(values) };
      }),
      ...items.map((item): Fact => {
        const values = Object.fromEntries(ITEM.map(([column, name]) => [column, item[name]]));
        const times = Object.fromEntries(ITEM_TIMES.map(([column, name]) => [column, instant(item[name])]));
        return { table: 'rollbar_item', slice: sliceOf(item.title), values: asText({ ...values, ...times }) };
      }),
      ...deploys.map((deploy): Fact => {
        const { id, environment, revision, status, comment, start_time, finish_time } = deploy as Deploy;
        const times = { started_at: instant(start_time), finished_at: instant(finish_time) };
        const values = { id, environment, revision, status, comment, ...times };
        return { table: 'rollbar_deploy', slice: sliceOf(comment), values: asText(values) };
      }),
    ];
  }

  close(): Promise<void> {
    return this.#simulator.close();
  }

  #report(random: Random, at: number, mayBeLate = true): void {
    const bug = random.integer(1, BUGS);
    const message = `order ${random.digits(6)} of nobody cannot be paid: "no ${'🛒'.repeat(random.integer(0, 3))}"\n\tat line ${bug}`;
    const visibleAt =
      mayBeLate && random.isChance(LATE_SHARE) ? at + random.integer(1, LATE_SECONDS) * 1000 : at;
    const { id } = this.#simulator.report(
      {
        environment: random.pick(['production', 'staging']),
        level: random.pick(['error', 'warning', 'critical']),
        title: `slice ${this.#slice}: bug ${bug}`,
        fingerprint: `slice-${this.#slice}-bug-${bug}`,
        platform: 'browser',
        language: 'javascript',
        code_version: random.hex(40),
        person: { id: random.digits(5), email: `shopper-${random.digits(5)}@example.com` },
        request: { url: 'https://shop.example.com/basket', method: 'POST', user_ip: '192.0.2.7' },
        custom: { basket: random.hex(24), total: random.integer(1, 99_999), digits: random.digits(24) },
        body: { message: { body: message } },
      },
      at,
      visibleAt,
    );
    this.#reported.set(String(id), { slice: this.#slice, message });
    this.#lastVisible = Math.max(this.#lastVisible, visibleAt);
  }

  async #deploy(): Promise<void> {
    const answer = await fetch(`${this.#simulator.url}/api/1/deploy`, {
      method: 'POST',
      headers: { 'X-Rollbar-Access-Token': TOKEN, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        environment: 'production',
        revision: randomFor(this.#seed, 'revision', this.#slice).hex(40),
        status: 'succeeded',
        comment: `slice ${this.#slice}: shipped`,
      }),
    });
    if (!answer.ok) throw new Error(`the simulator took no deploy: ${answer.status} ${await answer.text()}`);
  }
}

/** Columns of an item that the vendor shows as they are, and those that are times. */
const ITEM = [
  'id',
  'counter',
  'title',
  'status',
  'level',
  'environment',
  'framework',
  'platform',
  'total_occurrences',
  'unique_occurrences',
  'first_occurrence_id',
  'last_occurrence_id',
  'activating_occurrence_id',
  'hash',
  'controlling_id',
].map((name) => [name, name] as const);
const ITEM_TIMES = [
  ['first_occurrence_at', 'first_occurrence_timestamp'],
  ['last_occurrence_at', 'last_occurrence_timestamp'],
  ['last_activated_at', 'last_activated_timestamp'],
] as const;

interface Deploy {
  readonly id: number;
  readonly environment: string;
  readonly revision: string;
  readonly status: string;
  readonly comment: string | null;
  readonly start_time: number;
  readonly finish_time: number | null;
}

/** Unix seconds as Postgres writes a timestamp. */
const instant = (seconds: unknown): string | null =>
  typeof seconds === 'number' ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') : null;

const asText = (values: Readonly<Record<string, unknown>>): Fact['values'] =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === null ? null : String(value)]),
  );

const sliceOf = (text: unknown): number => Number(/^slice (\d+):/.exec(String(text))?.[1] ?? 0);
