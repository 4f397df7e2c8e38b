/**
 * What a container last put on the stream, so that an overlap read again every minute is not sent again.
 *
 * Forgetting is always safe: a record sent twice is merged into one row. Remembering wrongly is not: if a fact
 * went from A to B and back to A, and another container put B, then the A remembered here would never be sent
 * and the table would say B for ever. So the memory counts only while nobody else has touched the feed, which
 * the feed's version shows: every lease taken and every cursor saved raises it.
 */
import { hash } from 'node:crypto';

/** Sixteen bytes of SHA-256, as a string of sixteen characters: small, and no two facts ever share one. */
export function fingerprint(text: string): string {
  return hash('sha256', text, 'buffer').toString('latin1', 0, 16);
}

/** A fact and the state it was in, both as fingerprints. */
export type Remembered = readonly [identity: string, state: string];

/** Facts remembered per feed; with both fingerprints about 3 MB. */
const CAPACITY = 20_000;

/** The newest state of the facts of one feed that this container put on the stream, least recently seen first. */
export class UnchangedMemory {
  readonly #states = new Map<string, string>();
  readonly #capacity: number;
  #version: number | null = null;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /**
   * Starts a run.
   * @param version the feed's version, which taking the lease has just raised by one.
   * @param isBeginning true when it starts from nothing: whoever walks once more wants everything once more.
   */
  startRun(version: number, isBeginning = false): void {
    if (isBeginning || this.#version !== version - 1) this.#states.clear();
    this.#version = version;
  }

  /** Notes that this container itself has raised the feed's version. */
  saved(version: number): void {
    this.#version = version;
  }

  /** True when exactly this state of the fact was the last one put on the stream. */
  has([identity, state]: Remembered): boolean {
    if (this.#states.get(identity) !== state) return false;
    this.#keep(identity, state);
    return true;
  }

  /** Forgets a fact that is about to be put: until the stream answers, nobody knows what it said last. */
  forget(identity: string): void {
    this.#states.delete(identity);
  }

  /** Remembers what the stream has acknowledged. */
  add(facts: readonly Remembered[]): void {
    for (const [identity, state] of facts) {
      this.#keep(identity, state);
      if (this.#states.size > this.#capacity) {
        for (const oldest of this.#states.keys()) {
          this.#states.delete(oldest);
          break;
        }
      }
    }
  }

  #keep(identity: string, state: string): void {
    // A Map keeps the order of insertion: what is put in again becomes the youngest.
    this.#states.delete(identity);
    this.#states.set(identity, state);
  }
}
