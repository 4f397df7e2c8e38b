/**
 * The command line of `npm start`, checked before anything is started.
 */
import { parseArgs } from 'node:util';
import { parseSince } from '../../contract/feed.ts';

export interface Options {
  /** `drained`: poll until the vendors have nothing new, let everything flow through, then stop. */
  readonly until: 'drained' | null;
  /** Producer → address of its vendor's API; the simulator is not started. */
  readonly vendors: Readonly<Record<string, string>>;
  /** Feeds to run, as `producer:name`; empty: all configured. */
  readonly feeds: readonly string[];
  readonly warehouse: string | null;
  readonly dataDir: string | null;
  readonly since: string | null;
  readonly json: boolean;
  /** Null: chosen by what is polled. */
  readonly speed: number | null;
}

/** A command line that cannot be followed; the message is the one line to print. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Runs the whole pipeline on this machine: the synthesised stack, with simulated vendors unless told otherwise.

  npm start                                  until Ctrl-C, with a live view
  npm start -- --until drained               until everything polled is in the warehouse; exit code 0 if nothing is missing

  --vendor NAME=URL      poll this API instead of the simulator (repeatable); NAME_TOKEN in the environment is its token
  --feed PRODUCER:NAME   run only this feed (repeatable)
  --warehouse URL        postgres://… to fill instead of the embedded database
  --data DIR             where local state lives; a second run on the same directory goes on (default: a new temporary one)
  --since WHEN           how far back the first poll reaches: 1h, 7d, 2026-01-01 (default: as configured; all of a simulated past)
  --speed N              schedules and buffers run N times faster
  --json                 the last line of stdout is one JSON object
  --help

With NAME_TOKEN set in the environment and no --vendor NAME, the real API is polled.`;

/**
 * Reads the arguments.
 * @param producers names that `--vendor` and `--feed` may use.
 * @throws {UsageError} for an unknown flag or a bad value.
 */
export function readOptions(
  args: readonly string[],
  producers: readonly string[],
  now: Date,
): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  if (values.until !== undefined && values.until !== 'drained') {
    throw new UsageError(`--until takes drained, got ${JSON.stringify(values.until)}`);
  }
  return {
    until: values.until ?? null,
    vendors: vendors(values.vendor ?? [], producers),
    feeds: (values.feed ?? []).map((value) => feed(value, producers)),
    warehouse: values.warehouse === undefined ? null : warehouse(values.warehouse),
    dataDir: values.data === undefined ? null : directory(values.data),
    since: values.since === undefined ? null : since(values.since, now),
    json: values.json ?? false,
    speed: values.speed === undefined ? null : speed(values.speed),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        until: { type: 'string' },
        vendor: { type: 'string', multiple: true },
        feed: { type: 'string', multiple: true },
        warehouse: { type: 'string' },
        data: { type: 'string' },
        since: { type: 'string' },
        speed: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? '') : String(error);
    throw new UsageError(`${reason}. Try npm start -- --help`);
  }
}

function vendors(values: readonly string[], producers: readonly string[]): Readonly<Record<string, string>> {
  const given = values.map((value) => vendor(value, producers));
  const names = given.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--vendor ${twice} is given twice, one address is polled`);
  return Object.fromEntries(given);
}

function directory(value: string): string {
  if (value.trim() === '') throw new UsageError('--data takes a directory, got nothing');
  return value;
}

function vendor(value: string, producers: readonly string[]): [string, string] {
  const [, name = '', url = ''] = /^([^=]+)=(.+)$/s.exec(value) ?? [];
  if (!producers.includes(name)) {
    throw new UsageError(
      `--vendor takes NAME=URL where NAME is one of ${producers.join(', ')}, got ${JSON.stringify(value)}`,
    );
  }
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol)) {
    throw new UsageError(`--vendor ${name} takes an http or https URL, got ${JSON.stringify(url)}`);
  }
  if (new URL(url).username !== '' || new URL(url).password !== '') {
    throw new UsageError(
      `--vendor ${name} takes a URL without user and password; ${name.toUpperCase()}_TOKEN is its token`,
    );
  }
  return [name, url.replace(/\/+$/, '')];
}

function feed(value: string, producers: readonly string[]): string {
  const [, producer = ''] = /^([a-z0-9]+):[a-z0-9-]+$/.exec(value) ?? [];
  if (!producers.includes(producer)) {
    throw new UsageError(
      `--feed takes PRODUCER:NAME where PRODUCER is one of ${producers.join(', ')}, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}

function warehouse(value: string): string {
  if (!/^postgres(?:ql)?:\/\/./.test(value) || !URL.canParse(value)) {
    throw new UsageError('--warehouse takes a URL such as postgres://user@127.0.0.1:5432/database');
  }
  return value;
}

function since(value: string, now: Date): string {
  try {
    parseSince(value, now);
    return value;
  } catch (error) {
    throw new UsageError(`--${error instanceof Error ? error.message : String(error)}`);
  }
}

function speed(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number < 1 || number > 10_000 || value.trim() === '') {
    throw new UsageError(`--speed takes a number from 1 to 10000, got ${JSON.stringify(value)}`);
  }
  return number;
}
