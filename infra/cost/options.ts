/** The command line of `npm run cost`. */
import { parseArgs } from 'node:util';

export interface CostOptions {
  readonly occurrences: number;
  /** Null: the configured freshness, beside 1, 5 and 15 minutes. */
  readonly freshness: number | null;
  /** A file whose default export is an installation. */
  readonly config: string;
  readonly isJson: boolean;
  /** Write docs/cost.md instead. */
  readonly writes: boolean;
}

export const usage = `npm run cost -- [flags]: the monthly bill of the synthesised template, in USD

  --occurrences N   facts of all feeds in a month (default: 1000000)
  --freshness N     this many minutes between two COPYs, 1 to 15 (default: 1, 5, 15 and what is configured)
  --config FILE     another installation than heimdallr.config.ts
  --json            the last line of stdout is one JSON object with every resource and charge
  --write           write docs/cost.md, for the installation and the volumes that stand there
  --help`;

/** A command line that cannot be followed; the message is the one line to print. */
export class CostUsageError extends Error {
  override readonly name = 'CostUsageError';
}

/** @throws {CostUsageError} naming the flag. */
export function readOptions(args: readonly string[]): CostOptions | 'help' {
  const values = parsed(args);
  if (values.help === true) return 'help';
  return {
    occurrences: wholeNumber('--occurrences', values.occurrences ?? '1000000', 0, 1e12),
    freshness: values.freshness === undefined ? null : wholeNumber('--freshness', values.freshness, 1, 15),
    config: values.config ?? 'heimdallr.config.ts',
    isJson: values.json === true,
    writes: values.write === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        occurrences: { type: 'string' },
        freshness: { type: 'string' },
        config: { type: 'string' },
        json: { type: 'boolean' },
        write: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split(/\.(?:\s|$)/) : [String(error)];
    const words = reason.replace('argument is ambiguous', 'takes a value that does not look like a flag');
    throw new CostUsageError(`${words}. Try npm run cost -- --help`);
  }
}

function wholeNumber(flag: string, text: string, from: number, to: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (text.trim() === '' || !Number.isInteger(value) || value < from || value > to)
    throw new CostUsageError(
      `${flag} takes a whole number from ${from} to ${to.toLocaleString('en-US')}, got ${JSON.stringify(text)}`,
    );
  return value;
}
