/**
 * The time of vendor, services and functions: it passes as on any clock, and is moved on where one would wait.
 *
 * The machine of a single function can show another time.
 */
export class Clock {
  #aheadMs = 0;
  readonly #skewMs = new Map<string, number>();

  readonly now = (): Date => new Date(Date.now() + this.#aheadMs);

  /** Lets seconds pass at once. */
  advance(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }

  /** Lets the machine of a function be so many seconds ahead of everybody else. */
  skew(functionName: string, seconds: number): void {
    this.#skewMs.set(functionName, seconds * 1000);
  }

  /** Milliseconds that a function's clock is ahead of the real one. */
  readonly aheadOf = (functionName: string): number => this.#aheadMs + (this.#skewMs.get(functionName) ?? 0);
}
