/** The list of builds. Its order is by `started_at`, which no build says; `created_at` is as near as need be. */
import { buildOf } from './build.ts';
import type { List } from './walk.ts';

export const builds: List = {
  name: 'builds',
  field: 'started_at',
  key: 'id',
  records: async (_context, rows, cursor) => ({ records: rows.map(buildOf), cursor }),
};
