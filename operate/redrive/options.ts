/**
 * The command line of `npm run redrive`.
 */
import {
  PLACE_FLAGS,
  PLACE_USAGE,
  type Place,
  readFlags,
  readInstant,
  readPlace,
  UsageError,
} from '../command-line.ts';
import type { Choice } from './redrive.ts';

export interface Options {
  readonly place: Place;
  readonly choice: Choice;
  readonly isDryRun: boolean;
  readonly isAgain: boolean;
  readonly json: boolean;
}

export const usage = `Puts back on the stream what was rejected, and the batches that the transform gave up on.

  npm run redrive -- --data DIR [--dry-run]
  npm run redrive -- --stack NAME --region REGION --type rollbar_item --since 7d

Records go back byte for byte, so rows never double. What is back on the stream is moved to redriven/ in the archive
bucket; what is still wrong is rejected again and is in the quarantine again, once. Without a filter, everything is chosen.

  --since WHEN           rejected or given up then or later: 24h, 7d, 2026-01-01, 2026-01-01T12:00:00Z
  --until WHEN           rejected or given up before then
  --type TYPE            records of this type, as in rollbar_occurrence
  --reason TEXT          records with TEXT in a reason; the reason of a batch is its condition, as in RetryAttemptsExhausted
  --dry-run              say what would go back, and do nothing
  --again                also what is in redriven/ already
${PLACE_USAGE}

Exit codes: 0 everything that was chosen is back on the stream; 1 something is not; 2 the command line cannot be
followed; 130 stopped before the end: the same command goes on.`;

/** @throws {UsageError} for an unknown flag or a bad value. */
export function readOptions(args: readonly string[], now: Date): Options | 'help' {
  const given = readFlags(
    args,
    {
      ...PLACE_FLAGS,
      since: { type: 'string' },
      until: { type: 'string' },
      type: { type: 'string' },
      reason: { type: 'string' },
      'dry-run': { type: 'boolean' },
      again: { type: 'boolean' },
    },
    'npm run redrive',
  );
  if (given.help === true) return 'help';
  const instant = (flag: 'since' | 'until'): Date | null =>
    given[flag] === undefined ? null : readInstant(`--${flag}`, given[flag], now);
  const [since, until] = [instant('since'), instant('until')];
  if (since !== null && until !== null && since >= until)
    throw new UsageError(`--since must be before --until, got ${given.since} and ${given.until}`);
  if (given.type !== undefined && !/^[a-z][a-z0-9_]{0,62}$/.test(given.type))
    throw new UsageError(
      `--type takes a record type such as rollbar_item, got ${JSON.stringify(given.type)}`,
    );
  if (given.reason?.trim() === '') throw new UsageError('--reason takes a part of a reason, got nothing');
  return {
    place: readPlace(given),
    choice: { since, until, type: given.type ?? null, reason: given.reason ?? null },
    isDryRun: given['dry-run'] ?? false,
    isAgain: given.again ?? false,
    json: given.json ?? false,
  };
}
