/** A fault of the plan: what goes wrong, and what may be held against the stack because of it. */
import type { Stage } from './stage.ts';

export interface StackFault {
  readonly name: string;
  /**
   * Makes it happen to a stage whose vendor holds a slice that nobody has polled. Everything is switched off and drained
   * by the caller. @returns how often it struck; a fault that never did proves nothing.
   */
  readonly strike: (stage: Stage) => Promise<number>;
  /** It makes records be put again by itself (the stream refuses, or a run dies): puts per record are then not judged. */
  readonly repeats?: true;
  /** More occurrences than this would take too long. */
  readonly atMost?: number;
}
