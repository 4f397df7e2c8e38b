/**
 * The week in a few lines: what to fix first, and what the last fixes brought. As plain text, and in Slack's markup, in
 * which a title can neither link nor call anybody.
 */
import { RANK_HORIZON } from '../contract/impact.ts';
import type { Report, ReportFix, ReportItem } from './read.ts';
import {
  because,
  estimate,
  firstToFix,
  interval,
  isSure,
  percent,
  titleOf,
  verdictMeaning,
} from './words.ts';

export interface Digest {
  readonly text: string;
  /** Slack's mrkdwn. */
  readonly mrkdwn: string;
}

/** So many bugs after the first one. */
const NEXT = 4;
const LONGEST_TITLE = 90;
/** A fix is told for so long after its resolve: its effect is known after 14 days. */
const FIX_DAYS = 28;

interface Markup {
  readonly bold: (text: string) => string;
  /** Text of the outside. */
  readonly foreign: (text: string) => string;
}

const plain: Markup = { bold: (text) => text, foreign: (text) => text };

const slack: Markup = {
  bold: (text) => `*${text}*`,
  // Slack reads these three as markup; its own signs are parted from what they would mark by a character without width.
  foreign: (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/[*_~`@#:]/g, (sign) => `${sign}\u200B`),
};

export function digest(report: Report): Digest {
  const told = (markup: Markup): string => `${lines(report, markup).join('\n')}\n`;
  return { text: told(plain), mrkdwn: told(slack) };
}

function lines(report: Report, markup: Markup): readonly string[] {
  const { run, items } = report;
  const first = firstToFix(report);
  const fixes = recentFixes(report);
  return [
    ...(run?.refusal == null ? [] : [`${markup.bold('Not ranked anew:')} ${markup.foreign(run.refusal)}`]),
    ...(run === null ? ['The ranking has not run yet.'] : []),
    first === null
      ? `${markup.bold('Fix first:')} ${items.length === 0 ? 'nothing has been ranked' : 'nothing here costs users with any certainty'}.`
      : `${markup.bold('Fix first:')} ${nameOf(first, markup)}. ${because(first)}`,
    ...next(items, first).map((item) => `${item.rank}. ${nameOf(item, markup)}: ${lossOf(item)}`),
    ...(fixes.length === 0 ? [] : [markup.bold('What the last fixes brought:')]),
    ...fixes.map((fix) => `- ${nameOf(fix, markup)}: ${effectOf(fix)}`),
    ...(run?.data_through == null
      ? []
      : [`Data through ${run.data_through}, horizon ${RANK_HORIZON} days${weakened(run.warnings)}.`]),
  ];
}

const next = (items: readonly ReportItem[], first: ReportItem | null): readonly ReportItem[] =>
  items
    .filter(
      (item) => item !== first && isSure(item) && item.symptom_of === null && item.status !== 'resolved',
    )
    .slice(0, NEXT);

const nameOf = (
  item: { readonly title: string | null; readonly item_id: string },
  { foreign }: Markup,
): string => {
  const title = titleOf(item)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return foreign(
    title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE).toWellFormed()}…` : title.toWellFormed(),
  );
};

const lossOf = (item: ReportItem): string =>
  `${estimate(item.users_lost_per_week)} users a week (${interval(item.users_lost_per_week_low, item.users_lost_per_week_high)}, ${item.tier})`;

/** Fixes that say something, the newest first. */
const recentFixes = ({ fixes, generated_at }: Report): readonly ReportFix[] => {
  const since = new Date(Date.parse(generated_at) - FIX_DAYS * 86_400_000).toISOString();
  return fixes
    .filter(
      ({ verdict, resolved_at }) =>
        ['fixed', 'reduced', 'not_fixed'].includes(verdict) && resolved_at >= since,
    )
    .slice(0, NEXT + 1);
};

function effectOf({ verdict, ratio, avoided_per_week }: ReportFix): string {
  const less = ratio === null || ratio > 1 ? '' : `, met ${percent(1 - ratio)} less often`;
  const avoided =
    verdict === 'not_fixed' || avoided_per_week === null || avoided_per_week < 0.05
      ? ''
      : `, about ${estimate(avoided_per_week)} users a week are not lost any more`;
  return `${(verdictMeaning[verdict] ?? verdict).toLowerCase()}${less}${avoided}`;
}

const weakened = (warnings: readonly string[]): string =>
  warnings.length === 0
    ? ''
    : `; ${warnings.length === 1 ? 'one warning weakens' : `${warnings.length} warnings weaken`} the numbers, the report has ${warnings.length === 1 ? 'it' : 'them'}`;
