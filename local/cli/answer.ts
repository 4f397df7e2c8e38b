/**
 * The answer, once it is there: which bugs cost the most users, from `heimdallr.bug_ranking`, and what to fix first.
 */
import { RANK_HORIZON } from '../../contract/impact.ts';
import { SCHEMA } from '../../contract/redshift.ts';
import type { Query } from '../warehouse/database.ts';
import { columnsOfText } from './view.ts';

/** An item of the ranking, as `--json` prints it. */
export interface RankedItem {
  readonly rank: number;
  readonly project_id: string;
  readonly item_id: string;
  readonly title: string | null;
  readonly tier: string;
  readonly users_lost_per_week: number | null;
  readonly users_lost_per_week_low: number | null;
  readonly users_lost_per_week_high: number | null;
  readonly users_affected: number | null;
  readonly occurrences: number;
  /** Share of those who met it who came back within seven days, and the share that was to be expected. */
  readonly share_returned: number | null;
  readonly share_expected: number | null;
  readonly symptom_of: string | null;
}

export interface Answer {
  /** Null: no refresh has ended yet. */
  readonly run: {
    readonly status: string;
    readonly refusal: string | null;
    readonly window_from: string | null;
    readonly data_through: string | null;
    readonly users: number;
    readonly coverage: number | null;
    readonly warnings: readonly string[];
  } | null;
  /** By rank. */
  readonly items: readonly RankedItem[];
}

/** Reads what the newest refresh says. */
export async function readAnswer(query: Query, rows: number): Promise<Answer> {
  const runs = await query(
    `select status, refusal, window_from::varchar(10) as window_from, data_through::varchar(10) as data_through,
       users, coverage, warnings::text as warnings
     from ${SCHEMA}.impact_run order by computed_at desc limit 1`,
  );
  const ranked = await query(
    `select rank, project_id, item_id, title, tier, users_lost_per_week, users_lost_per_week_low,
       users_lost_per_week_high, users_affected, occurrences, share_returned, share_expected, symptom_of
     from ${SCHEMA}.bug_ranking order by rank limit ${rows}`,
  );
  const [run] = runs.rows;
  return {
    run:
      run === undefined
        ? null
        : {
            status: run.status ?? '',
            refusal: run.refusal ?? null,
            window_from: run.window_from ?? null,
            data_through: run.data_through ?? null,
            users: Number(run.users ?? 0),
            coverage: number(run.coverage),
            warnings: sentences(run.warnings),
          },
    items: ranked.rows.map((row) => ({
      rank: Number(row.rank),
      project_id: row.project_id ?? '',
      item_id: row.item_id ?? '',
      title: row.title ?? null,
      tier: row.tier ?? '',
      users_lost_per_week: number(row.users_lost_per_week),
      users_lost_per_week_low: number(row.users_lost_per_week_low),
      users_lost_per_week_high: number(row.users_lost_per_week_high),
      users_affected: number(row.users_affected),
      occurrences: Number(row.occurrences),
      share_returned: number(row.share_returned),
      share_expected: number(row.share_expected),
      symptom_of: row.symptom_of ?? null,
    })),
  };
}

const number = (text: string | null | undefined): number | null => (text == null ? null : Number(text));

function sentences(json: string | null | undefined): readonly string[] {
  const read: unknown = json == null ? [] : JSON.parse(json);
  return Array.isArray(read) ? read.map(String) : [];
}

const HEADER = ['rank', 'users lost a week', '95 %', 'how sure', 'met it', 'occurrences', 'bug'];

/** The answer as lines of text; none while nothing has been ranked, the reason alone when it was refused. */
export function answerLines({ run, items }: Answer, rows: number): readonly string[] {
  if (run === null) return [];
  if (run.refusal !== null) return [`not ranked by users lost: ${run.refusal}`];
  const table = items
    .slice(0, rows)
    .map((item) => [
      String(item.rank),
      rounded(item.users_lost_per_week),
      intervalOf(item),
      item.symptom_of === null ? item.tier : 'symptom',
      item.users_affected === null ? 'under 10' : String(item.users_affected),
      String(item.occurrences),
      titleOf(item),
    ]);
  if (table.length === 0) return [];
  return [
    `which bugs cost the most users, of ${run.users.toLocaleString('en-US')} from ${run.window_from} to ${run.data_through}`,
    ...columnsOfText([HEADER, ...table]),
    '',
    firstToFix(items),
  ];
}

/** What to do, in a sentence. */
export function firstToFix(items: readonly RankedItem[]): string {
  const first = items.find(({ symptom_of, tier }) => symptom_of === null && SURE.includes(tier));
  if (first === undefined)
    return 'fix first: nothing here costs users with any certainty; the intervals say how little is known';
  const { share_returned: came, share_expected: expected } = first;
  const returned =
    came === null || expected === null
      ? ''
      : `; of those who met it ${percent(came)} came back within ${RANK_HORIZON} days, ${percent(expected)} were to be expected`;
  return `fix first: ${titleOf(first)}. It costs ${rounded(first.users_lost_per_week)} users a week (${intervalOf(first)}${first.tier === 'confirmed' ? '' : `, ${first.tier}`})${returned}`;
}

/** Tiers on which somebody should act. */
const SURE: readonly string[] = ['confirmed', 'likely'];

const titleOf = ({ title, item_id }: RankedItem): string =>
  (title ?? `item ${item_id}`).replace(/\s+/g, ' ').slice(0, 64);

function intervalOf({ users_lost_per_week_low: low, users_lost_per_week_high: high }: RankedItem): string {
  return low === null || high === null ? '·' : `${rounded(low)} to ${rounded(high)}`;
}

const rounded = (value: number | null): string =>
  value === null ? '·' : value.toFixed(1).replace(/^-0\.0$/, '0.0');

const percent = (share: number): string => `${Math.round(share * 100)} %`;
