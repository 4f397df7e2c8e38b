/**
 * `npm run truth`: does the ranking find what is true? (docs/truth.md)
 *
 *     npm run truth -- --seeds 50                      worlds with the seeds 1 to 50, on the embedded Postgres
 *     npm run truth -- --warehouse postgres://…        on a server, which is faster; databases heimdallr_truth_… are its own
 *     npm run truth -- --only "no effects"             of the scenarios: effects, segment, no effects
 *     npm run truth -- --results truth.jsonl           keeps each result, and goes on where it was stopped
 *     npm run truth -- --json                          the table as JSON
 *
 * The exit code is 1 when a figure misses its target.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { worldDefaults } from '../../simulation/world/world.ts';
import { runTasks } from './crew.ts';
import { SCENARIOS, type Scenario, type SeedResult } from './seed.ts';
import { isMissed, linesOf, tableOf } from './table.ts';
import type { Task } from './worker.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    first: { type: 'string', default: '1' },
    users: { type: 'string', default: String(worldDefaults.users) },
    workers: { type: 'string', default: '2' },
    warehouse: { type: 'string' },
    only: { type: 'string', default: SCENARIOS.join(',') },
    results: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const users = whole('users', values.users);
const scenarios = values.only.split(',').map(scenario);
const file = values.results;
const earlier = file === undefined || !existsSync(file) ? [] : read(file);
const results: SeedResult[] = earlier.filter((result) => result.users === users);
const first = whole('first', values.first);
const tasks = Array.from({ length: whole('seeds', values.seeds) }, (_none, index): Task => {
  const seed = first + index;
  const isDone = (name: Scenario) => results.some((one) => one.seed === seed && one.scenario === name);
  return {
    settings: { ...worldDefaults, users, seed },
    scenarios: scenarios.filter((name) => !isDone(name)),
  };
}).filter((task) => task.scenarios.length > 0);

await runTasks(
  tasks,
  { workers: whole('workers', values.workers), warehouse: values.warehouse ?? null },
  (result) => {
    results.push(result);
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(result)}\n`);
    process.stderr.write(
      `seed ${result.seed}, ${result.scenario}: ranked in ${result.seconds.toFixed(0)} s\n`,
    );
  },
);

const lines = linesOf(results);
process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : tableOf(lines));
process.exitCode = lines.some(isMissed) ? 1 : 0;

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} must be a whole number from 1, got ${JSON.stringify(text)}`);
}

function scenario(text: string): Scenario {
  const found = SCENARIOS.find((name) => name === text);
  if (found !== undefined) return found;
  throw new RangeError(
    `--only takes ${SCENARIOS.join(', ')}, separated by commas, got ${JSON.stringify(text)}`,
  );
}

/** A last line that was cut off is run again. */
function read(path: string): readonly SeedResult[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as SeedResult];
      } catch {
        return [];
      }
    });
}
