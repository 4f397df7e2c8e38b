/**
 * The command line of `npm run erase`.
 */
import { PLACE_FLAGS, PLACE_USAGE, type Place, readFlags, readPlace, UsageError } from '../command-line.ts';

export interface Options {
  readonly place: Place;
  /** As facts name them: the id, login or address that stands in the tables, not hashed. */
  readonly person: string;
  readonly isDryRun: boolean;
  readonly json: boolean;
}

export const usage = `Takes a person out of the warehouse and the archive, and says what it could not reach.

  npm run erase -- --person ID --dry-run --data DIR
  npm run erase -- --person ID --stack NAME --region REGION

Facts stay, without whom they were about. Erase the person at the vendor first: what is polled again comes again. Give every
name of theirs in turn: an id, a login, an address. Run twice, the second finds nothing.

  --person ID            the name as it stands in the tables; for a feed that hashes people, the name before it is hashed
  --dry-run              count what would be erased, and change nothing
${PLACE_USAGE}

Exit codes: 0 nothing that can be reached names the person any more; 1 something does, and is listed; 2 the command line
cannot be followed; 130 stopped before the end: the same command goes on.`;

/** @throws {UsageError} for an unknown flag or a bad value. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const given = readFlags(
    args,
    { ...PLACE_FLAGS, person: { type: 'string' }, 'dry-run': { type: 'boolean' } },
    'npm run erase',
  );
  if (given.help === true) return 'help';
  const { person } = given;
  if (person === undefined || person.trim() === '' || person !== person.trim())
    throw new UsageError(
      '--person takes the name of a person as it stands in the tables, without blanks around it',
    );
  return {
    place: readPlace(given),
    person,
    isDryRun: given['dry-run'] ?? false,
    json: given.json ?? false,
  };
}
