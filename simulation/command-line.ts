/** A simulator as a program: flags in, one JSON line out, and an end that leaves nothing running. */
import { parseArgs } from 'node:util';

/** What every simulator is told. */
export interface CommonOptions {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  /** Hours of the past that it holds when it starts. */
  readonly sinceHours: number;
  /** Facts per minute from then on; 0: only the past. */
  readonly livePerMinute: number;
  /** When its past ends and its present begins, in milliseconds. */
  readonly startAt?: number;
  /** The only token that it knows; without one it takes any. */
  readonly token: string | undefined;
}

type OwnFlags = Readonly<Record<string, { readonly type: 'string'; readonly default: string }>>;

export interface Command {
  readonly options: CommonOptions;
  /** The simulator's own flags, as they were given. */
  readonly own: Readonly<Record<string, string>>;
  readonly isDemo: boolean;
  /** Ends when its standard input does, so it never outlives whoever started it. */
  readonly isWithParent: boolean;
}

const common = {
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  'since-hours': { type: 'string', default: '24' },
  seed: { type: 'string', default: '1' },
  live: { type: 'string', default: '0' },
  'start-at': { type: 'string' },
  token: { type: 'string' },
  demo: { type: 'boolean', default: false },
  'with-parent': { type: 'boolean', default: false },
} as const;

export class UsageError extends Error {}

/** @throws {UsageError} */
export function parseCommandLine(args: readonly string[], ownFlags: OwnFlags = {}): Command {
  const values = parsed(args, ownFlags);
  const text = (name: keyof typeof common): string => String(values[name] ?? '');
  const startAt = values['start-at'];
  return {
    isDemo: values.demo === true,
    isWithParent: values['with-parent'] === true,
    own: Object.fromEntries(Object.keys(ownFlags).map((name) => [name, String(values[name])])),
    options: {
      host: text('host'),
      port: numberFlag('port', text('port'), { from: 0, to: 65_535, isWhole: true }),
      sinceHours: numberFlag('since-hours', text('since-hours'), { from: 0.01, to: 24 * 365 }),
      seed: numberFlag('seed', text('seed'), { from: 0, to: Number.MAX_SAFE_INTEGER, isWhole: true }),
      livePerMinute: numberFlag('live', text('live'), { from: 0, to: 60_000 }),
      token: values.token === undefined ? undefined : String(values.token),
      ...(startAt === undefined ? {} : { startAt: timeFlag(String(startAt)) }),
    },
  };
}

export interface Started {
  readonly url: string;
  close(): Promise<unknown>;
}

/**
 * Runs a simulator until it is told to end; the first line on stdout says where it listens.
 * @param start makes it; what it answers may be followed by a demo, which is ended with it.
 */
export async function runAsProgram(
  name: string,
  start: () => Promise<{
    readonly started: Started;
    readonly isWithParent: boolean;
    demo?(): { kill(): unknown };
  }>,
): Promise<void> {
  try {
    const { started, isWithParent, demo } = await start();
    let running: { kill(): unknown } | undefined;
    const end = () => {
      running?.kill();
      void started.close().then(() => process.exit(0));
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    if (isWithParent) process.stdin.once('end', end).once('close', end).resume();
    console.log(JSON.stringify({ listening: started.url }));
    running = demo?.();
  } catch (error) {
    console.error(`${name} simulator: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}

function parsed(
  args: readonly string[],
  ownFlags: OwnFlags,
): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({ args: [...args], options: { ...common, ...ownFlags }, strict: true }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause), {
      cause,
    });
  }
}

export interface Bounds {
  readonly from: number;
  readonly to: number;
  readonly isWhole?: boolean;
}

/** @throws {UsageError} */
export function numberFlag(name: string, given: string, { from, to, isWhole = false }: Bounds): number {
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
