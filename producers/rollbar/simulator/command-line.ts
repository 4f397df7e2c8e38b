/** The simulator as a program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { numberFlag, parseCommandLine, runAsProgram, UsageError } from '../../../simulation/command-line.ts';
import { type Ordering, orderings } from './occurrences.ts';
import { type SimulatorOptions, startSimulator } from './start.ts';

const flags = {
  occurrences: { type: 'string', default: '' },
  ordering: { type: 'string', default: 'H2' },
  late: { type: 'string', default: '0.01' },
} as const;

const WEEKS_OF_HOURS = 21 * 24;

export const runFromCommandLine = (args: readonly string[]): Promise<void> =>
  runAsProgram('rollbar', async () => {
    const { options, own, isDemo, isWithParent } = parseCommandLine(args, flags);
    const { token, ...common } = options;
    // Over weeks it matters who came back: the past is that of the company's users, unless a number is given.
    const hasUsers = own.occurrences === '' && common.sinceHours >= WEEKS_OF_HOURS;
    const occurrences = own.occurrences || (hasUsers ? '300' : '2000');
    const simulation: SimulatorOptions = {
      ...common,
      hasUsers,
      occurrences: numberFlag('occurrences', occurrences, { from: 0, to: 1_000_000, isWhole: true }),
      ordering: orderingFlag(own.ordering ?? ''),
      late: { fraction: numberFlag('late', own.late ?? '', { from: 0, to: 1 }) },
      ...(token === undefined ? {} : { tokens: { [token]: ['read', 'post_server_item'] as const } }),
    };
    const started = await startSimulator(simulation);
    return { started, isWithParent, ...(isDemo ? { demo: () => startDemo(started.url, token) } : {}) };
  });

function startDemo(url: string, token: string | undefined): ChildProcess {
  const program = fileURLToPath(new URL('failing-program.ts', import.meta.url));
  const args = token === undefined ? [program, url] : [program, url, token];
  const demo = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  demo.once('error', (error) => console.error(`rollbar simulator: the demo did not start: ${error.message}`));
  return demo;
}

function orderingFlag(given: string): Ordering {
  const ordering = orderings.find((known) => known === given);
  if (!ordering)
    throw new UsageError(`--ordering is ${JSON.stringify(given)}, expected one of ${orderings.join(', ')}`);
  return ordering;
}
