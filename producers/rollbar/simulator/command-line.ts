/** The simulator as a program: flags in, one JSON line out, and an end that leaves nothing running. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Ordering, orderings } from './occurrences.ts';
import { type SimulatorOptions, startSimulator } from './start.ts';

interface CommandLine {
  readonly options: SimulatorOptions;
  readonly token: string | undefined;
  readonly isDemo: boolean;
  /** Ends when its standard input does, so it never outlives whoever started it. */
  readonly isWithParent: boolean;
}

const flags = {
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  occurrences: { type: 'string', default: '2000' },
  'since-hours': { type: 'string', default: '24' },
  seed: { type: 'string', default: '1' },
  live: { type: 'string', default: '0' },
  ordering: { type: 'string', default: 'H2' },
  late: { type: 'string', default: '0.01' },
  'start-at': { type: 'string' },
  token: { type: 'string' },
  demo: { type: 'boolean', default: false },
  'with-parent': { type: 'boolean', default: false },
} as const;

export async function runFromCommandLine(args: readonly string[]): Promise<void> {
  try {
    await run(parseCommandLine(args));
  } catch (error) {
    console.error(`rollbar simulator: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}

class UsageError extends Error {}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parsed(args);
  const { token } = values;
  return {
    token,
    isDemo: values.demo,
    isWithParent: values['with-parent'],
    options: {
      host: values.host,
      port: numberFlag('port', values.port, { from: 0, to: 65_535, isWhole: true }),
      occurrences: numberFlag('occurrences', values.occurrences, { from: 0, to: 1_000_000, isWhole: true }),
      sinceHours: numberFlag('since-hours', values['since-hours'], { from: 0.01, to: 24 * 365 }),
      seed: numberFlag('seed', values.seed, { from: 0, to: Number.MAX_SAFE_INTEGER, isWhole: true }),
      livePerMinute: numberFlag('live', values.live, { from: 0, to: 60_000 }),
      ordering: orderingFlag(values.ordering),
      late: { fraction: numberFlag('late', values.late, { from: 0, to: 1 }) },
      ...(values['start-at'] === undefined ? {} : { startAt: timeFlag(values['start-at']) }),
      ...(token === undefined ? {} : { tokens: { [token]: ['read', 'post_server_item'] as const } }),
    },
  };
}

async function run({ options, token, isDemo, isWithParent }: CommandLine): Promise<void> {
  const simulator = await startSimulator(options);
  let demo: ChildProcess | undefined;
  const end = () => {
    demo?.kill();
    void simulator.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (isWithParent) process.stdin.once('end', end).once('close', end).resume();

  console.log(JSON.stringify({ listening: simulator.url }));
  if (isDemo) demo = startDemo(simulator.url, token);
}

function startDemo(url: string, token: string | undefined): ChildProcess {
  const program = fileURLToPath(new URL('failing-program.ts', import.meta.url));
  const args = token === undefined ? [program, url] : [program, url, token];
  const demo = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  demo.once('error', (error) => console.error(`rollbar simulator: the demo did not start: ${error.message}`));
  return demo;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause), {
      cause,
    });
  }
}

interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly isWhole?: boolean;
}

function numberFlag(name: string, given: string, { from, to, isWhole = false }: Bounds): number {
  const value = given.trim() === '' ? Number.NaN : Number(given);
  if (value >= from && value <= to && (!isWhole || Number.isInteger(value))) return value;
  throw new UsageError(
    `--${name} is ${JSON.stringify(given)}, expected a ${isWhole ? 'whole ' : ''}number from ${from} to ${to}`,
  );
}

function timeFlag(given: string): number {
  const time = Date.parse(given);
  if (Number.isNaN(time))
    throw new UsageError(
      `--start-at is ${JSON.stringify(given)}, expected a time such as 2026-11-23T18:30:00Z`,
    );
  return time;
}

function orderingFlag(given: string): Ordering {
  const ordering = orderings.find((known) => known === given);
  if (!ordering)
    throw new UsageError(`--ordering is ${JSON.stringify(given)}, expected one of ${orderings.join(', ')}`);
  return ordering;
}
