/**
 * Cuts a schedule that fails down to the happenings that make it fail: halves, quarters, … and at last one by one.
 *
 * A fault names its place by counting calls, and a run that is left out takes its calls with it. So where one happening
 * cannot be left out just so, it is tried again with the places of the faults moved forward a little.
 */
import type { Happening, Schedule } from './schedule.ts';

const MOST_MOVED = 3;

/** @param fails answers whether a schedule (still) fails */
export async function shrink(
  schedule: Schedule,
  fails: (smaller: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  const stillFails = async (candidates: Iterable<readonly Happening[]>) => {
    for (const happenings of candidates) if (await fails({ ...schedule, happenings })) return happenings;
    return null;
  };
  let happenings = schedule.happenings;
  let size = Math.ceil(happenings.length / 2);
  for (;;) {
    const before = happenings.length;
    for (let from = 0; from < happenings.length; ) {
      const without = happenings.toSpliced(from, size);
      const smaller = await stillFails(size > 1 ? [without] : [without, ...movedForward(without)]);
      if (smaller === null) from += size;
      else happenings = smaller;
    }
    // The last one that was left out can make another superfluous.
    if (size <= 1 && happenings.length === before) return { ...schedule, happenings };
    size = Math.max(1, Math.floor(size / 2));
  }
}

function* movedForward(happenings: readonly Happening[]): Generator<readonly Happening[]> {
  for (let by = 1; by <= MOST_MOVED; by += 1)
    yield happenings.map((happening) =>
      happening.kind === 'fault' ? { ...happening, call: Math.max(0, happening.call - by) } : happening,
    );
}
