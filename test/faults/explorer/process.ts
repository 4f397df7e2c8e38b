/**
 * A process, its calls to the world, and what can go wrong with each of them.
 *
 * A process can die between any two of its steps: its calls are then never answered, and what it held in memory
 * is gone. A request that has left it takes effect all the same.
 */
import { chanceAt } from './random.ts';
import type { Happening, Part, Port, Schedule, What } from './schedule.ts';
import { FAULTS_MS } from './schedule.ts';
import { never, type Timeline } from './time.ts';
import { START } from './vendor.ts';

export class Process {
  isAlive = true;
  /** Nobody stops it when its time is up: what a platform promises, a lease must not depend on. */
  isForgotten = false;
  /** Told when it dies: whoever waits for its invocation. */
  mourner: () => void = () => undefined;

  die(): void {
    this.isAlive = false;
    this.mourner();
  }
}

/** The part of the world that a call reaches. */
const REACHES: Partial<Record<Port, Part>> = {
  lease: 'feeds table',
  'save the cursor': 'feeds table',
  release: 'feeds table',
  'ask the vendor': 'vendor',
  put: 'stream',
  deliver: 'delivery stream',
  submit: 'warehouse',
  describe: 'warehouse',
  rows: 'warehouse',
};

/** How an invocation of a function ended. */
export type Ended<T> = { readonly answer: T } | { readonly error: unknown } | 'died';

/** Clients give up waiting for an answer after this long. */
const TIMEOUT_MS = 10_000;

/** Longer than a function may run and its lease lasts. */
const LATE_MS = 100_000;

/** What happened, counted: a campaign in which a thing never happened has not tried it. */
export type Counts = Record<string, number>;

/** Decides what goes wrong. */
export class Trouble {
  readonly counts: Counts = {};
  readonly #faults = new Map<string, What>();
  readonly #outages: Extract<Happening, { kind: 'outage' }>[] = [];
  readonly #calls = new Map<Port, number>();
  readonly #timeline: Timeline;
  readonly #seed: number;

  constructor({ seed, happenings }: Schedule, timeline: Timeline) {
    this.#seed = seed;
    this.#timeline = timeline;
    for (const happening of happenings) {
      if (happening.kind === 'fault') this.#faults.set(`${happening.port} ${happening.call}`, happening.what);
      if (happening.kind === 'outage') this.#outages.push(happening);
    }
  }

  count(what: string, by = 1): void {
    if (by > 0) this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** A number from 0 up to 1 that belongs to a call. */
  chance(port: string, call: number): number {
    return chanceAt(this.#seed, port, call);
  }

  /** Counts a call; what goes wrong with it, or null. */
  next(port: Port): { readonly call: number; readonly what: What | null } {
    const call = this.#calls.get(port) ?? 0;
    this.#calls.set(port, call + 1);
    const hasStopped = this.#timeline.now >= START + FAULTS_MS;
    const what = hasStopped ? null : (this.#faults.get(`${port} ${call}`) ?? null);
    if (what !== null) this.count(`${port}: ${what}`);
    return { call, what };
  }

  /** True when a record of a call that takes several is refused. */
  isRefused(what: What | null, call: number, place: number): boolean {
    return what === 'refused' || (what === 'partly refused' && this.chance(`refused ${place}`, call) < 0.5);
  }

  isAway(part: Part): boolean {
    const now = this.#timeline.now - START;
    const isAway = this.#outages.some(({ of, from, until }) => of === part && from <= now && now < until);
    if (isAway) this.count(`${part} away`);
    return isAway;
  }

  /**
   * A call of a process: the request travels, takes effect, and the answer travels back.
   * @param act the effect; it is told what goes wrong, if it is for the effect to play it
   */
  async call<T>(
    process: Process,
    port: Port,
    act: (what: What | null, call: number) => T | Promise<T>,
  ): Promise<T> {
    if (!process.isAlive) return never();
    const { call, what } = this.next(port);
    await this.#timeline.delay(1 + Math.floor(this.chance(port, call) ** 4 * 3_000));
    if (what === 'dies before') {
      process.die();
      return never();
    }
    const part = REACHES[port];
    if (part !== undefined && this.isAway(part)) throw new Error(`the ${part} is away`);
    if (what === 'fails') throw new Error(`${port}: no connection`);
    if (what === 'late effect') {
      this.#timeline.at(this.#timeline.now + TIMEOUT_MS + 2_000, () => quietly(() => act(null, call)));
      await this.#timeline.delay(TIMEOUT_MS);
      throw new Error(`${port}: no answer within ${TIMEOUT_MS} ms`);
    }
    const answer = await act(what, call);
    if (what === 'comes back late') {
      process.isForgotten = true;
      await this.#timeline.delay(LATE_MS);
    }
    if (what === 'dies after') process.die();
    if (what === 'answer lost') throw new Error(`${port}: the connection broke off`);
    if (this.chance(`${port} back`, call) < 0.3)
      await this.#timeline.delay(1 + Math.floor(this.chance(port, call) * 400));
    return process.isAlive ? answer : never();
  }

  /** Runs a function in a process until it is done, dead or out of time. */
  invoke<T>(process: Process, milliseconds: number, work: () => Promise<T>): Promise<Ended<T>> {
    const deadline = this.#timeline.now + milliseconds;
    return new Promise((resolve) => {
      process.mourner = () => {
        this.count('process died');
        resolve('died');
      };
      let isOver = false;
      this.#timeline.at(deadline, () => {
        if (!isOver && process.isAlive && !process.isForgotten) process.die();
      });
      const over = (ended: Ended<T>): void => {
        isOver = true;
        process.isForgotten = false;
        if (process.isAlive) resolve(ended);
      };
      work().then(
        (answer) => over({ answer }),
        (error: unknown) => over({ error }),
      );
    });
  }
}

/** Nobody waits for the answer any more. */
function quietly(act: () => unknown): void {
  try {
    act();
  } catch {
    // Nor for the error.
  }
}
