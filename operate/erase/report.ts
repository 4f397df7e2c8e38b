/** What was erased and what could not be, for a person and for a script. The name itself is never printed. */
import { count, many } from '../program.ts';
import type { ArchiveErasure } from './archive.ts';
import type { Erasure } from './tables.ts';

export interface Outcome {
  /** Names that were looked for: one, and one more for each feed that hashes people. */
  readonly names: number;
  readonly tables: readonly Erasure[];
  readonly unsearched: readonly Erasure[];
  readonly archive: ArchiveErasure;
}

/** What no command of this project reaches, with when it ends. */
export const BEYOND: readonly string[] = [
  'the stream and what Firehose has in hand: records there go on for up to 7 days; run this again when rows of before have landed',
  'backups: recovery points and snapshots of the warehouse hold the rows until they expire',
  'tables that are not Heimdallr’s, such as the one with your users’ activity, and copies that somebody made',
  'the vendors: what they still hold is polled again when it changes, or by a backfill',
];

/** True when nothing that can be reached names the person. */
export const isErased = ({ tables, archive }: Outcome): boolean =>
  tables.every(({ left }) => left === 0) && archive.left.length === 0;

export function reportLines(outcome: Outcome, isDryRun: boolean): readonly string[] {
  const { names, tables, unsearched, archive } = outcome;
  const found = [...archive.found];
  return [
    `person     ${many(names, 'name')} to look for`,
    ...(tables.length === 0 ? ['warehouse  no row names the person'] : []),
    ...tables.map(({ place, rows }) => `warehouse  ${many(rows, 'row')} of ${place}`),
    ...(found.length === 0
      ? [`archive    none of ${many(archive.searched, 'object')} names the person`]
      : []),
    ...found.map(
      ([prefix, { records, objects }]) =>
        `archive    ${many(records, 'record')} in ${many(objects, 'object')} below ${prefix}`,
    ),
    isDryRun ? 'dry run    that would be erased' : 'erased     that',
    ...(isDryRun ? [] : tables.filter(({ left }) => left > 0)).map(
      ({ place, left }) =>
        `not done   ${many(left, 'row')} of ${place} still name the person, in their key: without it they would be another fact; delete them yourself if they must go`,
    ),
    ...archive.left.map((key) => `not done   ${key}`),
    ...unsearched.map(
      ({ place, rows }) =>
        `not looked ${many(rows, 'row')} of ${place} with a payload too large to be searched (65,000 bytes); those of the person’s own facts are empty`,
    ),
    ...BEYOND.map((place) => `beyond     ${place}`),
  ];
}

/** The last line of `--json`. */
export const reportJson = (outcome: Outcome, isDryRun: boolean, isStopped: boolean): string =>
  JSON.stringify({
    ...{ isDryRun, isStopped, erased: !isDryRun && !isStopped && isErased(outcome) },
    ...{ names: outcome.names, tables: outcome.tables, unsearched: outcome.unsearched },
    archive: { ...outcome.archive, found: Object.fromEntries(outcome.archive.found) },
  });

export const progress = (done: number, all: number): string =>
  `archive    ${count(done)} of ${many(all, 'object')}`;
