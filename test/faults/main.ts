/**
 * `npm run faults`: tries what can go wrong, for as long as one likes.
 *
 *     npm run faults -- --explore 10000           schedules over the real functions, in virtual time
 *     npm run faults -- --explore 1 --seed 1145   one of them again
 *
 * docs/faults.md says what is tried and what is promised.
 */
import { parseArgs } from 'node:util';
import { runExplorer } from './explorer/run.ts';

const { values } = parseArgs({
  options: { explore: { type: 'string' }, seed: { type: 'string', default: '1' } },
});

const schedules = whole('explore', values.explore ?? '10000');
const isGood = await runExplorer({
  schedules,
  seed: whole('seed', values.seed),
  write: (text) => process.stdout.write(text),
  now: () => performance.now(),
});
process.exitCode = isGood ? 0 : 1;

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} must be a whole number, got ${JSON.stringify(text)}`);
}
