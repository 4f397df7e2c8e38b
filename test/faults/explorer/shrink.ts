/**
 * Cuts a schedule that fails down to the happenings that make it fail: halves, quarters, … and at last one by one.
 */
import type { Happening, Schedule } from './schedule.ts';

/** @param fails answers whether a schedule (still) fails; it is asked a few hundred times at most */
export async function shrink(
  schedule: Schedule,
  fails: (smaller: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  let happenings: readonly Happening[] = schedule.happenings;
  let size = Math.ceil(happenings.length / 2);
  for (;;) {
    const before = happenings.length;
    for (let from = 0; from < happenings.length; ) {
      const without = happenings.toSpliced(from, size);
      if (await fails({ ...schedule, happenings: without })) happenings = without;
      else from += size;
    }
    // The last one that was left out can make another superfluous.
    if (size === 1 && happenings.length === before) return { ...schedule, happenings };
    size = Math.max(1, Math.floor(size / 2));
  }
}
