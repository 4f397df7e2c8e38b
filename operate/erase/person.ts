/**
 * A person as facts name them: the name itself, and what it became where a feed hashes people.
 *
 * In free text a short name such as "42" is found only as a value of its own; a longer one wherever it stands.
 */
import { createHmac } from 'node:crypto';
import type { JsonValue } from '../../contract/columns.ts';
import type { FeedEvent } from '../../contract/feed.ts';
import type { RecordType } from '../../contract/record.ts';
import { literal } from '../../contract/redshift.ts';
import type { Pipeline } from '../ports.ts';

/** What stands where a name stood in free text: no longer than any name that is looked for there. */
export const GONE = '***';

/** Names of this length or more are looked for inside longer text. */
const DISTINCTIVE = 6;

export interface Person {
  /** Every name, the hashed ones among them. */
  readonly names: readonly string[];
}

/**
 * @throws {Error} when a feed hashes people and its key cannot be read: the person would stay in its facts.
 */
export async function personOf(name: string, pipeline: Pick<Pipeline, 'starts' | 'secret'>): Promise<Person> {
  const events = (await pipeline.starts()).map(({ input }): Partial<FeedEvent> => JSON.parse(input));
  const secrets = new Map(
    events.flatMap(({ people, feed, secretArn }) =>
      people === 'hash' && feed !== undefined && secretArn !== undefined ? [[secretArn, feed] as const] : [],
    ),
  );
  const hashed: string[] = [];
  for (const [arn, feed] of secrets) {
    const key = keyIn(await pipeline.secret(arn));
    if (key === null)
      throw new Error(
        `the secret of ${feed} holds no "personKey", by which its people are hashed; put it back`,
      );
    hashed.push(createHmac('sha256', key).update(name, 'utf8').digest('hex'));
  }
  return { names: [...new Set([name, ...hashed])] };
}

function keyIn(secret: string): string | null {
  try {
    const { personKey }: { readonly personKey?: unknown } = JSON.parse(secret);
    return typeof personKey === 'string' ? personKey : null;
  } catch {
    return null;
  }
}

const isDistinctive = (name: string): boolean => name.length >= DISTINCTIVE && !/^\d+$/.test(name);

/** The name as it stands inside JSON text. */
const inJson = (name: string): string => JSON.stringify(name).slice(1, -1);

/** True when JSON text names the person. */
export const mentions = ({ names }: Person, json: string): boolean =>
  names.some((name) =>
    isDistinctive(name) ? json.includes(inJson(name)) : new RegExp(alone(name)).test(json),
  );

/** A value of its own in JSON, as a regular expression that JavaScript, Postgres and Redshift read alike. */
function alone(name: string): string {
  const text = inJson(name).replace(/[\\^$.*+?()[\]{}|]/g, (sign) => `\\${sign}`);
  return /^-?\d+$/.test(name) ? `"${text}"|[:,[ ]${text}[],}]`.replace('[],}]', '(,|}|\\])') : `"${text}"`;
}

/** The same in SQL: a condition on an expression that is JSON text. */
export const mentionsInSql = ({ names }: Person, json: string): string =>
  names
    .map((name) =>
      isDistinctive(name)
        ? `strpos(${json}, ${literal(inJson(name))}) > 0`
        : `${json} ~ ${literal(alone(name))}`,
    )
    .join(' or ');

/** Text without the names; a short one is taken out only where it is all there is. */
export const without = ({ names }: Person, text: string): string =>
  names.reduce(
    (rest, name) => (isDistinctive(name) ? rest.replaceAll(name, GONE) : rest === name ? GONE : rest),
    text,
  );

/** The same in SQL. */
export const withoutInSql = ({ names }: Person, text: string): string =>
  names.reduce(
    (rest, name) =>
      isDistinctive(name)
        ? `replace(${rest}, ${literal(name)}, '${GONE}')`
        : `case when ${rest} = ${literal(name)} then '${GONE}' else ${rest} end`,
    text,
  );

/** Condition: a column of plain text names the person. */
export const namedInSql = ({ names }: Person, text: string): string =>
  names
    .map((name) =>
      isDistinctive(name) ? `strpos(${text}, ${literal(name)}) > 0` : `${text} = ${literal(name)}`,
    )
    .join(' or ');

/** Columns of a type by what has to be done about them. */
export interface Parts {
  /** They name a person. */
  readonly people: readonly string[];
  /** Payloads. */
  readonly payloads: readonly string[];
  /** Free text. */
  readonly texts: readonly string[];
  /** Text of the key: never changed, because it would no longer be the same fact. */
  readonly keys: readonly string[];
}

export function partsOf({ columns, key }: Pick<RecordType, 'columns' | 'key'>): Parts {
  const open = Object.entries(columns).filter(([name]) => !key.includes(name));
  const of = (wanted: (column: (typeof columns)[string]) => boolean): readonly string[] =>
    open.filter(([, column]) => wanted(column)).map(([name]) => name);
  return {
    people: of(({ identifiesPerson, nullable }) => identifiesPerson && nullable),
    payloads: of(({ type, nullable }) => type.kind === 'super' && nullable),
    texts: of(
      ({ type, identifiesPerson, nullable }) => type.kind === 'varchar' && !(identifiesPerson && nullable),
    ),
    keys: key.filter((name) => columns[name]?.type.kind === 'varchar'),
  };
}

/** A body without the person: the columns that name people and the payload of a fact of theirs, payloads and text that mention them. */
export function erased(
  type: RecordType,
  body: Readonly<Record<string, JsonValue>>,
  person: Person,
): Readonly<Record<string, JsonValue>> {
  const { people, payloads, texts } = partsOf(type);
  const isTheirs = people.some((name) => person.names.includes(String(body[name])));
  return Object.fromEntries(
    Object.entries(body).map(([name, value]): [string, JsonValue] => {
      if (isTheirs && people.includes(name)) return [name, null];
      if (payloads.includes(name))
        return [name, isTheirs || mentions(person, JSON.stringify(value)) ? null : value];
      return [name, texts.includes(name) && typeof value === 'string' ? without(person, value) : value];
    }),
  );
}
