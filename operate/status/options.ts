/**
 * The command line of `npm run status`.
 */
import { PLACE_FLAGS, PLACE_USAGE, type Place, readFlags, readPlace, UsageError } from '../command-line.ts';
import type { Limits } from './verdict.ts';

export interface Options {
  readonly place: Place;
  readonly limits: Limits;
  readonly json: boolean;
}

export const usage = `Says how a pipeline is: each feed, the books, what was rejected, given up or skipped.

  npm run status -- --data DIR
  npm run status -- --stack NAME --region REGION --json

  --fresh MINUTES        a feed's newest poll in the warehouse may be so old (default: 45, which fits every freshness)
  --silence MINUTES      a feed must have been polled within this (default: 15)
${PLACE_USAGE}

It asks the warehouse, which wakes a Serverless one for a minute. Exit codes: 0 healthy; 1 something is wrong, or cannot be
read; 2 the command line cannot be followed.`;

/** @throws {UsageError} for an unknown flag or a bad value. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const given = readFlags(
    args,
    { ...PLACE_FLAGS, fresh: { type: 'string' }, silence: { type: 'string' } },
    'npm run status',
  );
  if (given.help === true) return 'help';
  return {
    place: readPlace(given),
    limits: {
      freshnessSeconds: minutes('--fresh', given.fresh ?? '45') * 60,
      silenceSeconds: minutes('--silence', given.silence ?? '15') * 60,
    },
    json: given.json ?? false,
  };
}

function minutes(flag: string, text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`${flag} takes minutes, 1 or more, got ${JSON.stringify(text)}`);
  return value;
}
