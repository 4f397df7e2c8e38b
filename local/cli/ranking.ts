/** The answer, as far as the pipeline alone can give it: the top of `heimdallr.item_ranking`. */
import { SCHEMA } from '../../contract/redshift.ts';
import type { Query } from '../warehouse/database.ts';
import { aligned } from './view.ts';

/** Longest text shown of one cell. */
const WIDTH = 60;

/** The first rows of the ranking as lines of text; none while it is empty. */
export async function rankingLines(query: Query, rows: number): Promise<readonly string[]> {
  const { columns, values } = await query(`select * from ${SCHEMA}.item_ranking order by rank limit ${rows}`);
  if (values.length === 0) return [];
  const cells = values.map((row) => row.map((cell) => (cell ?? '').replace(/\s+/g, ' ').slice(0, WIDTH)));
  return aligned([columns.map(({ name }) => name), ...cells]);
}
