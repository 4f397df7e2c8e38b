/**
 * Occurrence ids: one sequence for all customers of the vendor.
 *
 * A project sees every thousandth of it, so gaps are normal and the id is nearly, not exactly, a clock. Here it
 * is a clock: 455,732,314,098 in September 2026 and some 1,550 more each second, as between 2018 and 2026. A
 * counter per simulator would hand out the same ids to other facts after a restart.
 */

const ANCHOR = { id: 455_732_314_098, ms: 1_788_263_996_000 };
const IDS_PER_MS = 1.55;

/** Hands out the id of an instant, or the next one that is free. */
export function createIdClock(): (ms: number) => number {
  // From a taken id to one that may be free: paths are shortened as they are walked, or a burst in one
  // millisecond would search its own ids again for every row.
  const nextFree = new Map<number, number>();

  return (ms) => {
    const wanted = Math.round(ANCHOR.id + (ms - ANCHOR.ms) * IDS_PER_MS);
    if (wanted < 1) {
      throw new RangeError(
        `there are no ids at ${new Date(ms).toISOString()}: give a clock that is past 2018`,
      );
    }
    let id = wanted;
    const walked: number[] = [];
    for (let next = nextFree.get(id); next !== undefined; next = nextFree.get(id)) {
      walked.push(id);
      id = next;
    }
    for (const taken of walked) nextFree.set(taken, id + 1);
    nextFree.set(id, id + 1);
    return id;
  };
}
