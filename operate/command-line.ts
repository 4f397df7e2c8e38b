/**
 * What the command lines of all programs here have in common: where the pipeline is, and times.
 */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { parseSince } from '../contract/feed.ts';
import { DEFAULT_STACK } from '../contract/local-stack.ts';

/** A command line that cannot be followed; the message is the one line to print. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where the pipeline is. */
export type Place =
  /** Run by `npm start` on this machine, with its state in this directory. */
  | { readonly dataDir: string }
  /** In the account of the default credentials; region null: as the AWS configuration says. */
  | { readonly stack: string; readonly region: string | null };

export const PLACE_FLAGS = {
  data: { type: 'string' },
  stack: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig;

export const PLACE_USAGE = `  --data DIR             the pipeline that npm start runs on this machine, with its state in DIR
  --stack NAME           without --data: the stack in the AWS account of your credentials (default: ${DEFAULT_STACK})
  --region REGION        its region (default: as your AWS configuration says)
  --json                 the last line of stdout is one JSON object
  --help`;

/**
 * The arguments as `parseArgs` reads them; a flag may stand once.
 * @param program as it is called, as in `npm run redrive`.
 * @throws {UsageError} for an unknown flag, one without its value, or one that is given twice.
 */
export function readFlags<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  program: string,
) {
  const config = { args: [...args], options, allowPositionals: false, tokens: true } as const;
  try {
    const { values, tokens } = parseArgs(config);
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`--${twice} is given twice`);
    return values;
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split(/\.(?:\s|$)/) : [String(error)];
    const words = reason.replace('argument is ambiguous', 'takes a value that does not look like a flag');
    throw new UsageError(`${words}. Try ${program} -- --help`);
  }
}

/** The value of --feed, as `producer:name`. @throws {UsageError} for anything else. */
export function readFeed(feed = ''): string {
  if (/^[a-z][a-z0-9]*:[A-Za-z0-9][A-Za-z0-9._-]*$/.test(feed)) return feed;
  throw new UsageError(`--feed takes PRODUCER:NAME, as in rollbar:web, got ${JSON.stringify(feed)}`);
}

/** @throws {UsageError} when two places are given, or nothing where something must stand. */
export function readPlace(given: {
  readonly data?: string | undefined;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
}): Place {
  const { data, stack = DEFAULT_STACK, region = null } = given;
  if (data === undefined) {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stack))
      throw new UsageError(`--stack takes the name of a CloudFormation stack, got ${JSON.stringify(stack)}`);
    if (region !== null && !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
      throw new UsageError(`--region takes a region such as eu-central-1, got ${JSON.stringify(region)}`);
    return { stack, region };
  }
  if (given.stack !== undefined || region !== null)
    throw new UsageError(
      '--data is a pipeline on this machine, --stack and --region one in an account: give one',
    );
  if (data.trim() === '') throw new UsageError('--data takes a directory, got nothing');
  return { dataDir: data };
}

/**
 * An instant: `90m`, `24h`, `7d` ago, a day, or a time such as 2026-01-01T12:00:00Z.
 * @throws {UsageError} naming the flag.
 */
export function readInstant(flag: string, text: string, now: Date): Date {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/.test(text) ? new Date(text) : null;
  if (time !== null && !Number.isNaN(time.getTime()) && time <= now) return time;
  try {
    return parseSince(text, now);
  } catch {
    throw new UsageError(
      `${flag} takes 90m, 24h, 7d, 2026-01-01 or 2026-01-01T12:00:00Z, not in the future, got ${JSON.stringify(text)}`,
    );
  }
}
