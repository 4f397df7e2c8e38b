/** Waiting that ends early, without an error, when whoever waits is told to stop. */

/** Ends after `ms` milliseconds, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Milliseconds of the n-th wait (from 0) that begins with a second, doubles, and is at most `limit` seconds. */
export function backoffMs(attempt: number, limit: number, speed: number): number {
  return (Math.min(2 ** attempt, limit) * 1000) / speed;
}

/** Lets one loop sleep until there is something to do. */
export class Bell {
  #wake: () => void = () => {};

  ring(): void {
    this.#wake();
  }

  /** Ends when the bell rings, or after `ms` milliseconds. */
  wait(ms = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
