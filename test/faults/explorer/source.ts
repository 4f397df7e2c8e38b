/** What the explorer needs of a vendor and its producer, so that several can be tried. */
import type { Producer } from '../../../contract/producer.ts';
import type { Emitted } from '../../../contract/record.ts';
import type { Said } from './schedule.ts';

/** A fact as the vendor tells it. */
export interface Fact {
  /** In words. */
  readonly name: string;
  readonly newest: Emitted;
  /** Every version that there ever was. */
  readonly versions: readonly Emitted[];
  /** The newest version cannot be loaded: it must have been rejected. */
  readonly isPoison: boolean;
}

/** A request of a process to the vendor; it can fail in every way. */
export type Asks = <Answer>(answer: () => Answer | Promise<Answer>) => Promise<Answer>;

export interface Source {
  /** `producer:name` */
  readonly feed: string;
  say(said: Said): void;
  producer(asks: Asks): Producer;
  /** What the vendor holds and the look-back covers. */
  facts(): Promise<readonly Fact[]>;
}
