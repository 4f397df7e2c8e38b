/**
 * Virtual time: everything that waits is an entry in one queue, and nothing happens between two entries.
 *
 * So a run of minutes takes milliseconds, and the same schedule takes the same course every time. After each
 * entry the queue of promises is let run dry before time goes on; nothing under test may wait for anything else.
 */

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly resume: () => void;
}

/** Something that waits for ever: the call of a process that is dead. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class Timeline {
  /** Milliseconds since 1970. */
  #now: number;
  #order = 0;
  #failure: { readonly error: unknown } | null = null;
  readonly #queue: Entry[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** Has this done at an instant, after whatever was asked for that instant before. */
  at(time: number, resume: () => void): void {
    const entry = { time: Math.max(time, this.#now), order: this.#order, resume };
    this.#order += 1;
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#queue[middle];
      // The next one is at the end, where it is cheap to take away.
      if (other !== undefined && other.time > entry.time) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  delay(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + milliseconds, resolve));
  }

  /** Starts work of the world itself, which must not fail: if it does, `run` throws. */
  start(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Lets time go on until then. @throws what work of the world itself has thrown. */
  async run(until: number): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const next = this.#queue.at(-1);
      if (next === undefined || next.time > until) break;
      this.#queue.pop();
      this.#now = next.time;
      next.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = until;
  }
}
