/**
 * The ranked items as CSV (RFC 4180), for a spreadsheet. A cell that a spreadsheet would compute is text: titles come from
 * error messages, and one of them may begin with `=`.
 */
import type { Report, ReportItem } from './read.ts';

const COLUMNS = [
  ...[
    'rank',
    'project_id',
    'item_id',
    'counter',
    'title',
    'level',
    'status',
    'environment',
    'tier',
    'reason',
  ],
  ...['users_lost_per_week', 'users_lost_per_week_low', 'users_lost_per_week_high', 'revenue_lost_per_week'],
  ...[
    'p1',
    'p0',
    'rd',
    'ci_lo',
    'ci_hi',
    'q',
    'p_harm',
    'n1',
    'matched_share',
    'users_affected',
    'occurrences',
  ],
  ...[
    'coverage',
    'scaled_loss',
    'trend',
    'symptom_of',
    'linked_item_id',
    'inseparable',
    'introduced_release_id',
  ],
] as const satisfies readonly (keyof ReportItem)[];

/** A line of names, then a line per item at the horizon by which they are ranked. */
export const csv = ({ items }: Report): string =>
  [COLUMNS, ...items.map((item) => COLUMNS.map((column) => item[column]))]
    .map((cells) => `${cells.map(cell).join(',')}\r\n`)
    .join('');

function cell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  // Also after what a spreadsheet takes away before it looks.
  const text = /^\s*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
