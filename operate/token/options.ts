/**
 * The command line of `npm run token`.
 */
import { PLACE_FLAGS, PLACE_USAGE, type Place, readFeed, readFlags, readPlace } from '../command-line.ts';
import type { SecretKey } from './secret.ts';

export interface Options {
  readonly place: Place;
  /** `producer:name` */
  readonly feed: string;
  readonly key: SecretKey;
  /** The vendor is asked before it is put. */
  readonly isTried: boolean;
  readonly json: boolean;
}

export const usage = `Asks the vendor once with its token, and puts it into the secret of the feed if the vendor takes it.
What else stands in the secret stays.

  npm run token -- --feed rollbar:web --stack NAME --region REGION
  npm run token -- --feed rollbar:web --data DIR < FILE

The token is asked for and not shown, or read from stdin: it stands in no command line, in no history, in no file.

  --feed PRODUCER:NAME   a feed of this installation
  --untried              put it without asking the vendor
  --webhook              instead of the token what the vendor signs its deliveries with; that cannot be tried
${PLACE_USAGE}

Exit codes: 0 it is in the secret; 1 it is not: the vendor refuses it or does not answer, or it cannot be put there; 2 the
command line cannot be followed; 130 stopped before, and the secret is as it was.`;

/** @throws {UsageError} for an unknown flag, a bad value, or one that is missing. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const given = readFlags(
    args,
    { ...PLACE_FLAGS, feed: { type: 'string' }, webhook: { type: 'boolean' }, untried: { type: 'boolean' } },
    'npm run token',
  );
  if (given.help === true) return 'help';
  return {
    ...{ place: readPlace(given), feed: readFeed(given.feed), json: given.json ?? false },
    key: given.webhook === true ? 'webhookSecret' : 'token',
    isTried: given.webhook !== true && given.untried !== true,
  };
}
