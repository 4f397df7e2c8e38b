/**
 * What is still to happen: a heap of acts, each with its time.
 *
 * The simulator has no timers. Whoever asks it something first lets everything due happen, so a test can move
 * the clock by a day in one step, a late row appears at its second, and nothing runs while nobody looks.
 */

export interface Schedule {
  at(ms: number, act: (ms: number) => void): void;
  /** Runs what is due, in order of time; an act may schedule further acts. */
  runUntil(ms: number): void;
}

interface Entry {
  readonly ms: number;
  /** Breaks ties: two acts of one instant run in the order in which they were scheduled. */
  readonly order: number;
  readonly act: (ms: number) => void;
}

export function createSchedule(): Schedule {
  const heap: Entry[] = [];
  let scheduled = 0;

  return {
    at(ms, act) {
      scheduled += 1;
      push(heap, { ms, order: scheduled, act });
    },
    runUntil(ms) {
      for (let next = heap[0]; next && next.ms <= ms; next = heap[0]) {
        pop(heap);
        next.act(next.ms);
      }
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let hole = heap.length;
  heap.push(entry);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (!parent || !isBefore(entry, parent)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const left = heap[2 * hole + 1];
    if (!left) break;
    const right = heap[2 * hole + 2];
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (!isBefore(child, last)) break;
    heap[hole] = child;
    hole = 2 * hole + (isRight ? 2 : 1);
  }
  heap[hole] = last;
}
