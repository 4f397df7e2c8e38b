/**
 * The company's product as a program: writes the activity of its users into a warehouse, and one line of JSON.
 *
 *   WAREHOUSE_URL=postgres://… node simulation/users/main.ts --start-at 2026-11-23T18:30:00Z [--since-hours 1008] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { writeActivity } from './activity.ts';

const { values } = parseArgs({
  options: {
    'start-at': { type: 'string' },
    'since-hours': { type: 'string', default: '1008' },
    seed: { type: 'string', default: '1' },
  },
});
const startMs = Date.parse(values['start-at'] ?? '');
const warehouse = process.env.WAREHOUSE_URL;
if (warehouse === undefined || Number.isNaN(startMs))
  throw new TypeError(
    'WAREHOUSE_URL must be set to postgres://…, and --start-at takes a time such as 2026-11-23T18:30:00Z',
  );
const company = { seed: Number(values.seed), startMs, sinceHours: Number(values['since-hours']) };
console.log(JSON.stringify(await writeActivity(warehouse, company)));
