/**
 * What a redrive did, for a person and for a script.
 */
import { count, many } from '../program.ts';
import type { Tally } from './redrive.ts';

/** Broken records that are named; all of them are counted. */
const MAX_NAMED = 20;

/** Reasons that are shown, the most frequent ones. */
const MAX_REASONS = 20;

export function reportLines(tally: Tally, isDryRun: boolean): readonly string[] {
  const { records, repeats, objects, stuck } = tally;
  const reasons = [...tally.byReason].sort(([, one], [, other]) => other - one);
  const shown = reasons.slice(0, MAX_REASONS);
  const width = Math.max(0, ...shown.map(([, records]) => count(records).length));
  const more = reasons.length - shown.length;
  const repeated = repeats === 0 ? '' : `; ${many(repeats, 'repeat')} of them left out`;
  return [
    ...shown.map(
      ([name, records]) => `           ${count(records).padStart(width)}  ${name.replace('\t', ': ')}`,
    ),
    ...(more === 0 ? [] : [`           and ${many(more, 'other reason')}`]),
    ...stuck
      .slice(0, MAX_NAMED)
      .map(
        ({ key, place, type, problem }) => `stuck      ${key}, ${place}: ${type ?? 'a record'} ${problem}`,
      ),
    ...(stuck.length <= MAX_NAMED ? [] : [`stuck      and ${count(stuck.length - MAX_NAMED)} more`]),
    `${isDryRun ? 'dry run    would put back' : 'redriven  '} ${many(records, 'record')} of ${many(objects, 'object')}${repeated}`,
    ...(stuck.length === 0
      ? []
      : [
          `not done   ${many(stuck.length, 'record')} cannot be put back and ${stuck.length === 1 ? 'stays' : 'stay'} where ${stuck.length === 1 ? 'it is' : 'they are'}`,
        ]),
  ];
}

/** The last line of `--json`. */
export const reportJson = (
  { records, repeats, objects, byReason, stuck }: Tally,
  isDryRun: boolean,
  isStopped: boolean,
): string =>
  JSON.stringify({
    ...{ records, repeats, objects, isDryRun, isStopped },
    stuck: stuck.length,
    byType: sumByType(byReason),
  });

function sumByType(byReason: Tally['byReason']): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, records] of byReason) {
    const type = name.split('\t', 1)[0] ?? '';
    sums[type] = (sums[type] ?? 0) + records;
  }
  return sums;
}
