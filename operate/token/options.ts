/**
 * The command line of `npm run token`.
 */
import {
  FEED_NAME,
  PLACE_FLAGS,
  PLACE_USAGE,
  type Place,
  readFlags,
  readPlace,
  UsageError,
} from '../command-line.ts';
import type { SecretKey } from './secret.ts';

export interface Options {
  readonly place: Place;
  /** `producer:name` */
  readonly feed: string;
  readonly key: SecretKey;
  readonly json: boolean;
}

export const usage = `Puts a vendor's token into the secret of a feed, and tries it first. What else stands in the secret stays.

  npm run token -- --feed rollbar:web --stack NAME --region REGION
  npm run token -- --feed rollbar:web --data DIR < FILE

The token is asked for and not shown, or read from stdin: it stands in no command line, in no history, in no file.

  --feed PRODUCER:NAME   a feed of this installation
  --webhook              what the vendor signs its deliveries with, instead; it cannot be tried
${PLACE_USAGE}

Exit codes: 0 it is in the secret; 1 the vendor refuses it, or it cannot be put there; 2 the command line cannot be followed.`;

/** @throws {UsageError} for an unknown flag, a bad value, or one that is missing. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const given = readFlags(
    args,
    { ...PLACE_FLAGS, feed: { type: 'string' }, webhook: { type: 'boolean' } },
    'npm run token',
  );
  if (given.help === true) return 'help';
  const { feed } = given;
  if (feed === undefined || !FEED_NAME.test(feed))
    throw new UsageError(`--feed takes PRODUCER:NAME, as in rollbar:web, got ${JSON.stringify(feed ?? '')}`);
  return {
    ...{ place: readPlace(given), feed, json: given.json ?? false },
    key: given.webhook === true ? 'webhookSecret' : 'token',
  };
}
