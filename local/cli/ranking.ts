/** What the pipeline alone can say: the top of `heimdallr.item_ranking`. `answer.ts` has the answer. */
import { SCHEMA } from '../../contract/redshift.ts';
import type { Query } from '../warehouse/database.ts';
import { columnsOfText } from './view.ts';

/** Columns shown, the last of them to the left. */
const COLUMNS = ['rank', 'people', 'occurrences', 'level', 'status', 'environment', 'title'];

/** Longest text shown of one cell. */
const WIDTH = 64;

/** The first rows of the ranking as lines of text; none while it is empty. */
export async function rankingLines(query: Query, rows: number): Promise<readonly string[]> {
  const { values } = await query(
    `select ${COLUMNS.join(', ')} from ${SCHEMA}.item_ranking order by rank limit ${rows}`,
  );
  if (values.length === 0) return [];
  const lines = [
    COLUMNS,
    ...values.map((row) => row.map((cell) => (cell ?? '').replace(/\s+/g, ' ').slice(0, WIDTH))),
  ];
  return columnsOfText(lines);
}
