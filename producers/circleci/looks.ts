/**
 * Looks back for workflows that were run again: their pipeline shows no sign of it.
 *
 * A look goes down the numbers, some in each run, and begins again when it is due and the one before has ended: a
 * project with more pipelines than can be looked at in time is looked at less often, and the log says so.
 */
import { type Context, type Cursor, LOOKS, type Look, type Steps, unixNow } from './cursor.ts';
import { MISSING_IN_A_ROW, openWith, readNext } from './pipelines.ts';

/**
 * Pipelines that each look reads in one run, and what the looks before it left of theirs: in a project so busy that
 * the first never rests, the others still go on.
 */
const PIPELINES_PER_RUN = [10, 5, 5] as const;

export async function* lookBack(context: Context, from: Cursor): Steps {
  const now = unixNow(context.now);
  let cursor: Cursor = {
    ...from,
    looks: from.looks.map((look, index) => begun(context, look, index, from, now)),
  };
  let left = 0;
  for (let index = 0; index < cursor.looks.length; index += 1) {
    left = Math.max(0, left) + (PIPELINES_PER_RUN[index] ?? 0);
    let missing = 0;
    // Not left in a gap: the next run would count its numbers from the beginning, and never find its end.
    for (
      let look = cursor.looks[index];
      look?.span != null && (left > 0 || missing > 0);
      look = cursor.looks[index]
    ) {
      const [number] = look.span;
      const { records, after, settled } = await readNext(context, look.span, new Map(), look.before);
      missing = settled === null ? missing + 1 : 0;
      const read = { ...look, span: missing === MISSING_IN_A_ROW ? null : after };
      cursor = {
        ...cursor,
        open: openWith(context, cursor, number, settled),
        looks: cursor.looks.map((one, place) => (place === index ? read : one)),
      };
      left -= 1;
      if (settled !== null) yield { records, cursor };
    }
  }
  return cursor;
}

/** The look, begun if it is due and none is under way. */
function begun({ log }: Context, look: Look, index: number, { newest, start }: Cursor, now: number): Look {
  const { every, seconds } = LOOKS[index] ?? LOOKS[0];
  if (now < look.due_at || newest === null || newest === 0) return look;
  if (look.span !== null) {
    log('the look back is slower than it should be: many pipelines', { days: seconds / 86_400 });
    return { ...look, due_at: now + every };
  }
  return {
    ...{ due_at: now + every, before: look.began, began: now },
    span: [newest, 1, Math.max(start, now - seconds)],
  };
}
