/**
 * `npm run faults`: tries what can go wrong, for as long as one likes.
 *
 *     npm run faults -- --records 100000            every fault on the synthesised stack, with so many occurrences each
 *     npm run faults -- --only COPY,loader          those with this in their names; --list names them all
 *     npm run faults -- --records 100000 --warehouse postgres://…   the same on a real Postgres: twice as fast
 *     npm run faults -- --explore 10000             schedules over the real functions, in virtual time
 *     npm run faults -- --explore 1 --seed 1145     one of them again
 *
 * docs/faults.md says what is tried and what is promised. The exit code is 1 when a promise was broken.
 */
import { parseArgs } from 'node:util';
import { runExplorer } from './explorer/run.ts';
import { chosen, runStack } from './stack/run.ts';

const { values } = parseArgs({
  options: {
    explore: { type: 'string' },
    records: { type: 'string', default: '1000' },
    warehouse: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
  },
});

const common = {
  seed: whole('seed', values.seed),
  write: (text: string) => process.stdout.write(text),
  now: () => performance.now(),
};

if (values.list) for (const { name } of chosen([])) common.write(`${name}\n`);
else process.exitCode = (await run()) ? 0 : 1;

function run(): Promise<boolean> {
  if (values.explore !== undefined) {
    if (values.warehouse !== undefined)
      throw new RangeError('--explore has a model in the place of a warehouse: leave out --warehouse');
    return runExplorer({ schedules: whole('explore', values.explore), ...common });
  }
  const faults = chosen(values.only.split(',').filter((text) => text !== ''));
  return runStack({
    records: whole('records', values.records),
    warehouse: values.warehouse ?? null,
    faults,
    ...common,
  });
}

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RangeError(`--${name} must be a whole number from 1, got ${JSON.stringify(text)}`);
}
