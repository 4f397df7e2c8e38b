/** `npm run faults`: tries what can go wrong, for as long as one likes. docs/faults.md says what is tried and promised. */
import { readFlags, UsageError } from '../../operate/command-line.ts';
import { runExplorer } from './explorer/run.ts';
import { chosen, runStack } from './stack/run.ts';

const usage = `Tries what can go wrong, and compares every row with what the vendor holds.

  npm run faults -- --records 100000            every fault on the synthesised stack, with so many occurrences each
  npm run faults -- --only COPY,loader          those with this in their names; --list names them all
  npm run faults -- --records 100000 --warehouse postgres://…   the same on a real Postgres: twice as fast
  npm run faults -- --explore 10000             schedules over the real functions, in virtual time
  npm run faults -- --explore 1 --seed 1145     one of them again

  --records N            occurrences of each fault (default: 1000)
  --seed N               of the data, and of the first schedule (default: 1)

Exit codes: 0 every promise was kept; 1 one was broken; 2 the command line cannot be followed.`;

const write = (text: string): void => void process.stdout.write(text);

async function main(args: readonly string[]): Promise<0 | 1> {
  const given = readFlags(
    args,
    {
      explore: { type: 'string' },
      records: { type: 'string', default: '1000' },
      warehouse: { type: 'string' },
      only: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    'npm run faults',
  );
  if (given.help === true) write(`${usage}\n`);
  if (given.list === true) for (const { name } of chosen([])) write(`${name}\n`);
  if (given.help === true || given.list === true) return 0;
  const common = { seed: whole('seed', given.seed), write, now: () => performance.now() };
  if (given.explore !== undefined) {
    if (given.warehouse !== undefined)
      throw new UsageError('--explore has a model in the place of a warehouse: leave out --warehouse');
    return (await runExplorer({ schedules: whole('explore', given.explore), ...common })) ? 0 : 1;
  }
  const faults = chosen(given.only.split(',').filter((text) => text !== ''));
  const records = whole('records', given.records);
  return (await runStack({ records, warehouse: given.warehouse ?? null, faults, ...common })) ? 0 : 1;
}

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} must be a whole number from 1, got ${JSON.stringify(text)}`);
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  return 2;
});
