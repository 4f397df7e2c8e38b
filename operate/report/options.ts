/**
 * The command line of `npm run report`.
 */
import { PLACE_FLAGS, PLACE_USAGE, type Place, readFlags, readPlace, UsageError } from '../command-line.ts';

export interface Options {
  /** Null with a warehouse: then no pipeline is looked for. */
  readonly place: Place | null;
  /** `postgres://…`. */
  readonly warehouse: string | null;
  /** The file of the page; null when something else is asked for. */
  readonly out: string | null;
  readonly form: 'page' | 'csv' | 'json' | 'digest';
}

/** Where the page is written unless told otherwise. */
export const DEFAULT_FILE = 'heimdallr-report.html';

export const usage = `Writes which bugs cost the most users as one HTML page that needs nothing else.

  npm run report -- --data DIR
  npm run report -- --warehouse postgres://user@127.0.0.1:5432/database
  npm run report -- --stack NAME --region REGION --out monday.html

  --out FILE             where to write (default: ${DEFAULT_FILE}; --csv, --json and --digest: standard output)
  --csv                  the ranked items as CSV
  --digest               what to fix first and what the last fixes brought, in a few lines of text
  --warehouse URL        a Postgres with the tables, instead of a pipeline's own warehouse
${PLACE_USAGE.replace('the last line of stdout is one JSON object', 'all that the page is made of, as one JSON object')}

Exit codes: 0 written, also when there is nothing to rank: the report says why; 1 the warehouse cannot be read or the
file not be written; 2 the command line cannot be followed.`;

/** @throws {UsageError} for an unknown flag or a bad value. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const given = readFlags(
    args,
    {
      ...PLACE_FLAGS,
      out: { type: 'string' },
      csv: { type: 'boolean' },
      digest: { type: 'boolean' },
      warehouse: { type: 'string' },
    },
    'npm run report',
  );
  if (given.help === true) return 'help';
  const forms = (['csv', 'json', 'digest'] as const).filter((form) => given[form] === true);
  if (forms.length > 1)
    throw new UsageError(`--${forms.join(' and --')} are different reports: give one of them`);
  if (given.out?.trim() === '') throw new UsageError('--out takes a file, got nothing');
  const { warehouse = null } = given;
  if (warehouse !== null) {
    if (!/^postgres(?:ql)?:\/\/./.test(warehouse) || !URL.canParse(warehouse))
      throw new UsageError('--warehouse takes an address such as postgres://user@127.0.0.1:5432/database');
    if (given.data !== undefined || given.stack !== undefined || given.region !== undefined)
      throw new UsageError(
        '--warehouse is a database; --data, --stack and --region are a pipeline: give one',
      );
  }
  const form = forms[0] ?? 'page';
  return {
    place: warehouse === null ? readPlace(given) : null,
    warehouse,
    out: given.out ?? (form === 'page' ? DEFAULT_FILE : null),
    form,
  };
}
