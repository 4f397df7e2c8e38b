/**
 * The models of a refresh, in their order. Each is one select in `warehouse/marts/<file>.sql`; it becomes a table of its
 * name in schema `heimdallr_work`, which holds the ranking's own notes and may be dropped at any time.
 *
 * What a reader sees are the outputs: their rows replace those of the table of the same name in `heimdallr`, all of them
 * in one transaction at the end.
 */
import {
  bugLineageTable,
  deliveryDailyTable,
  fixCheckTable,
  impactItemTable,
  impactReleaseTable,
  impactWeekTable,
  releaseTable,
} from '../../contract/impact.ts';
import type { Table } from '../../contract/redshift.ts';

/** A table of notes. */
export interface Model {
  /** Path below `warehouse/marts`, without `.sql`. */
  readonly file: string;
  readonly table: string;
  /** Where Redshift keeps its rows: by this column, or on every node. */
  readonly spread: { readonly by: string } | 'everywhere';
  /** What else is put in for placeholders. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Notes that are kept from one refresh to the next: only days whose number of rows has changed are read again. */
export interface KeptModel extends Model {
  /** The column that says when a row came. */
  readonly day: string;
  /** The column that counts the rows that were read. */
  readonly counted: string;
  /** The select that counts the rows of each day at the source: the day, and the count. */
  readonly countedBy: string;
}

/** A table that readers see. */
export interface Output {
  readonly file: string;
  readonly table: Table;
}

const byUser = { by: 'user_id' } as const;
const model = (name: string, spread: Model['spread'] = 'everywhere'): Model => ({
  ...{ file: `impact/${name}`, table: name, spread },
});

export const keptModels: readonly KeptModel[] = [
  {
    ...model('activity_day', { by: 'user_key' }),
    day: 'day',
    counted: 'rows_read',
    countedBy: 'impact/activity_rows',
  },
  {
    ...model('met_day', { by: 'user_key' }),
    day: 'received_day',
    counted: 'occurrences',
    countedBy: 'impact/met_rows',
  },
];

/** From what was read to who was exposed, and who is alike. */
export const preparation: readonly Model[] = [
  model('bounds'),
  model('app_user', { by: 'user_key' }),
  model('person', { by: 'person_key' }),
  model('met', byUser),
  model('subject'),
  model('exposure', byUser),
  model('user_day', byUser),
  model('pool'),
  model('gap_day'),
  model('history', byUser),
  model('classed', byUser),
  model('celled', byUser),
  model('cell'),
  model('scored', byUser),
  model('episode', byUser),
  model('met_count'),
  model('episode_count'),
  model('flawed'),
];

const bySubject = { by: 'subject_id' } as const;

/** A model that stands once in each pass. */
const inPass = (number: 1 | 2 | 3, file: string, table: string, spread: Model['spread']): Model => ({
  file: `impact/pass/${file}`,
  table: `${table}_${number}`,
  spread,
  values: { pass: String(number) },
});

/** The models of a pass; the later ones leave out what the one before found harmful. */
const pass = (number: 1 | 2 | 3): readonly Model[] => [
  inPass(number, 'harm_day', 'harm_day', byUser),
  inPass(number, 'stratum', 'stratum', 'everywhere'),
  ...(number === 1
    ? [inPass(number, 'exposed_first', 'exposed', bySubject)]
    : [inPass(number, 'left_out', 'left_out', bySubject), inPass(number, 'exposed', 'exposed', bySubject)]),
  inPass(number, 'term', 'term', bySubject),
  inPass(number, 'estimate', 'estimate', 'everywhere'),
];

const judgement = (suffix: string, estimates: string): readonly Model[] =>
  ['allowance', 'evidence'].map((name) => ({
    file: `impact/pass/${name}`,
    table: `${name}_${suffix}`,
    spread: 'everywhere',
    values: { pass: suffix, estimates: `heimdallr_work.${estimates}` },
  }));

export const estimation: readonly Model[] = [
  model('counted', bySubject),
  model('harmful_1'),
  ...pass(1),
  ...judgement('1', 'estimate_1'),
  model('harmful_2'),
  model('link'),
  ...pass(2),
  model('symptom'),
  model('harmful_3'),
  ...pass(3),
  model('estimate_final'),
  model('term_final'),
  ...judgement('final', 'estimate_final'),
  model('prior'),
  model('shrunk'),
  model('revenue'),
  model('week_count'),
  model('trend'),
  model('judged'),
];

export const outputs: readonly Output[] = [
  { file: 'impact/out_impact_item', table: impactItemTable },
  { file: 'impact/out_impact_release', table: impactReleaseTable },
  { file: 'impact/out_impact_week', table: impactWeekTable },
  { file: 'impact/out_fix_check', table: fixCheckTable },
];

/**
 * Models that need no activity table: what is left of an answer without one. They come first, and have their outputs
 * replaced whether or not the ranking is refused.
 */
export const lineageModels: readonly Model[] = [
  'release_seen',
  'build_seen',
  'activation',
  'bug_event',
  'event_version',
  'bug_release',
].map((name) => ({ file: `lineage/${name}`, table: name, spread: 'everywhere' }));

export const lineageOutputs: readonly Output[] = [
  { file: 'lineage/out_release', table: releaseTable },
  { file: 'lineage/out_bug_lineage', table: bugLineageTable },
];

/** Reads what the others have just written, so it is the last. */
export const deliveryOutputs: readonly Output[] = [
  { file: 'lineage/out_delivery_daily', table: deliveryDailyTable },
];
