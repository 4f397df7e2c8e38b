/**
 * The weekly digest: what to fix first, what it costs, and whether last month's fixes helped, as plain text.
 *
 * Plain, because it is read in a mail and in a chat. A ranking that was refused is said to be, with the reason: silence
 * would look like a week without bugs.
 */
import { RANK_HORIZON } from '../../contract/impact.ts';
import { SCHEMA } from '../../contract/redshift.ts';
import type { Sql } from '../sql.ts';

export interface Digest {
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

/** So many bugs are named. */
const NAMED = 5;

const FIX_DAYS = 28;

/** Reads the newest refresh. */
export async function digestText(sql: Pick<Sql, 'query'>): Promise<Digest> {
  const [run] = await sql.query(
    `select status, refusal, users, data_through::varchar(10) from ${SCHEMA}.impact_run order by computed_at desc limit 1`,
  );
  const [status, refusal, users, dataThrough] = run ?? [];
  if (status !== 'ranked') {
    const reason = refusal ?? 'no refresh of the ranking has ended yet';
    return { subject: 'Bugs are not ranked by users lost', body: `${reason}\n` };
  }
  const ranked = await sql.query(
    `select title, item_id, tier, users_lost_per_week, users_lost_per_week_low, users_lost_per_week_high, trend,
       share_returned, share_expected
     from ${SCHEMA}.bug_ranking
     where tier in ('confirmed', 'likely') and symptom_of is null
     order by rank limit ${NAMED}`,
  );
  const fixes = await sql.query(
    `select ranking.title, checked.item_id, checked.verdict, checked.avoided_per_week
     from ${SCHEMA}.fix_check as checked
     left join ${SCHEMA}.bug_ranking as ranking
       on ranking.project_id = checked.project_id and ranking.item_id = checked.item_id
     where checked.resolved_at > getdate() - interval '${FIX_DAYS} days' and checked.verdict not in ('too_few', 'too_early')
     order by checked.resolved_at desc limit ${NAMED}`,
  );
  const bugs = ranked.map(bugLine);
  const [first] = ranked;
  const subject =
    first === undefined
      ? 'No bug costs users with any certainty'
      : `Fix first: ${named(first)}, ${rounded(first[3])} users a week`;
  const body = [
    ...(bugs.length === 0
      ? ['No bug costs users with any certainty.']
      : ['Which bugs cost the most users a week (95 % interval):', '', ...bugs]),
    ...(fixes.length === 0 ? [] : ['', `Resolved in the last ${FIX_DAYS} days:`, '', ...fixes.map(fixLine)]),
    '',
    `Of ${users ?? '0'} users, through ${dataThrough ?? 'no day'}. A user is lost who would have come back within ${RANK_HORIZON} days and did not.`,
    '',
  ].join('\n');
  return { subject, body };
}

type Row = readonly (string | null)[];

function bugLine(row: Row, index: number): string {
  const [, , tier, lost, low, high, trend, returned, expected] = row;
  const back =
    returned == null || expected == null
      ? ''
      : `; ${percent(returned)} of those who met it came back, ${percent(expected)} were to be expected`;
  const words = [tier, trend].filter((word) => word != null).join(', ');
  return `${index + 1}. ${named(row)}: ${rounded(lost)} (${rounded(low)} to ${rounded(high)}), ${words}${back}`;
}

function fixLine([title, item, verdict, avoided]: Row): string {
  const saved = avoided == null ? '' : `, ${rounded(avoided)} users a week are lost no more`;
  return `- ${named([title ?? null, item ?? null])}: ${verdict?.replace('_', ' ') ?? ''}${verdict === 'not_fixed' ? '' : saved}`;
}

const named = ([title, item]: Row): string =>
  title == null ? `item ${item}` : title.replace(/\s+/g, ' ').slice(0, 80);

const rounded = (value: string | null | undefined): string =>
  value == null ? '?' : Number(value).toFixed(1);

const percent = (share: string): string => `${Math.round(Number(share) * 100)} %`;
