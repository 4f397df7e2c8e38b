/**
 * The team's own table of activity, which no vendor has: where vendors are simulated, the simulated company's product
 * writes it into the warehouse, in a process of its own.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Lets the simulated product write down who was there.
 * @param startAt when the simulated past ends, as an ISO time.
 * @returns a line for whoever watches.
 * @throws {Error} with its last words when it fails.
 */
export async function writeActivity(choice: {
  readonly root: string;
  readonly warehouseUrl: string;
  readonly startAt: string;
  readonly sinceHours: number;
}): Promise<string> {
  const { root, warehouseUrl, startAt, sinceHours } = choice;
  const program = join(root, 'simulation', 'users', 'main.ts');
  const args = [program, '--start-at', startAt, '--since-hours', String(sinceHours)];
  // The address may hold a password, which arguments would show to everybody on this machine.
  const env = { ...process.env, WAREHOUSE_URL: warehouseUrl };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const { table, users, rows, isOurs } = JSON.parse(stdout) as Record<string, unknown>;
  return isOurs === true
    ? `activity   ${Number(users).toLocaleString('en-US')} simulated users on ${Number(rows).toLocaleString('en-US')} days, in ${table}`
    : `activity   ${table} is there and not of a simulation: it is left as it is`;
}
