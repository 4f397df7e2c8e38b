/**
 * The command line of `npm run backfill`.
 */
import { parseSince } from '../../contract/feed.ts';
import {
  PLACE_FLAGS,
  PLACE_USAGE,
  type Place,
  readFeed,
  readFlags,
  readPlace,
  UsageError,
} from '../command-line.ts';

export interface Options {
  readonly place: Place;
  /** `producer:name` */
  readonly feed: string;
  /** As it was written: it names the walk, so that the same command goes on. */
  readonly since: string;
  readonly isAgain: boolean;
  readonly json: boolean;
}

export const usage = `Polls the past of a feed, in slices, beside its polling of every minute.

  npm run backfill -- --feed rollbar:web --since 2026-01-01 --data DIR
  npm run backfill -- --feed rollbar:web --since 2026-01-01 --stack NAME --region REGION

Each slice is one run of the feed's own function. It has a cursor of its own, and leaves half of what the vendor allows to
the polling. Ctrl-C ends after the slice in hand; the same command goes on from there.

  --feed PRODUCER:NAME   a feed of this installation
  --since WHEN           how far back: 2026-01-01, or 90d before the first run of this command
  --again                walk once more through what was walked to the end
${PLACE_USAGE}

Exit codes: 0 the walk is at its end; 1 it cannot go on, the last line says why; 2 the command line cannot be followed;
130 stopped before the end.`;

/** @throws {UsageError} for an unknown flag, a bad value, or one that is missing. */
export function readOptions(args: readonly string[], now: Date): Options | 'help' {
  const given = readFlags(
    args,
    { ...PLACE_FLAGS, feed: { type: 'string' }, since: { type: 'string' }, again: { type: 'boolean' } },
    'npm run backfill',
  );
  if (given.help === true) return 'help';
  const feed = readFeed(given.feed);
  const { since } = given;
  if (since === undefined) throw new UsageError('--since says how far back to go, as in 2026-01-01 or 90d');
  try {
    parseSince(since, now);
  } catch (error) {
    throw new UsageError(`--${error instanceof Error ? error.message : String(error)}`);
  }
  return { place: readPlace(given), feed, since, isAgain: given.again ?? false, json: given.json ?? false };
}
