/**
 * A record type: one kind of fact, its columns and its identity.
 *
 * It is plain data, so that it can be written to a file and read by rooms that must not import producers.
 */
import type { Column, ColumnType, JsonValue } from './columns.ts';

export type Columns = Readonly<Record<string, Column>>;

/** What happens to a value inside a SUPER column before anything is stored. */
export type Redaction =
  /** The value is replaced by `"[redacted]"`. */
  | 'remove'
  /** A URL loses its query and fragment. */
  | 'query'
  /** The value identifies a person: kept, hashed or dropped as the feed says. */
  | 'person';

export interface RecordType<C extends Columns = Columns> {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** The columns that identify the fact; none of them nullable. */
  readonly key: readonly string[];
  /** The timestamp column that says when the fact happened. */
  readonly occurredAt: string;
  readonly columns: C;
  /**
   * Per SUPER column, path → redaction. A path is keys joined by dots; `*` is any key or index, a leading
   * `**.` is any depth.
   */
  readonly redact: Readonly<Record<string, Readonly<Record<string, Redaction>>>>;
}

/** The TypeScript type of one record, from its declaration. */
export type RecordOf<R> =
  R extends RecordType<infer C>
    ? { -readonly [Name in keyof C]: C[Name] extends Column<infer Value> ? Value : never }
    : never;

/** A record as it is stored: every column present, every value as JSON. */
export type Body = Readonly<Record<string, JsonValue>>;

/** A record as a producer hands it over: which type, and the values as the vendor sent them. */
export interface Emitted<C extends Columns = Columns> {
  readonly type: RecordType<C>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Pairs a record type with its values; the compiler checks that every column is there. */
export function emit<C extends Columns>(type: RecordType<C>, values: RecordOf<RecordType<C>>): Emitted {
  return { type, values: values as Readonly<Record<string, unknown>> };
}

type Declaration<C extends Columns> = Omit<RecordType<C>, 'key' | 'occurredAt' | 'redact'> & {
  readonly key: readonly (keyof C & string)[];
  readonly occurredAt: keyof C & string;
  readonly redact?: { readonly [Name in keyof C & string]?: Readonly<Record<string, Redaction>> };
};

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Types of which every value is spelled in one way only: `1.0` and `1.00` would be one fact with two keys. */
const KEY_KINDS: readonly ColumnType['kind'][] = [
  'varchar',
  'smallint',
  'integer',
  'bigint',
  'boolean',
  'date',
];

/** A record key is at most this many bytes; the landing table's column is as wide. */
export const MAX_KEY_BYTES = 1024;

/**
 * Declares a record type.
 * @throws {TypeError} naming record, column and rule when the declaration cannot become a table.
 */
export function defineRecord<const C extends Columns>(declaration: Declaration<C>): RecordType<C> {
  const { name, version, key, columns, occurredAt } = declaration;
  const fail = (problem: string): never => {
    throw new TypeError(`${name}: ${problem}`);
  };
  if (!NAME.test(name))
    fail(`a record type's name is snake_case, at most 63 characters, got ${JSON.stringify(name)}`);
  if (!Number.isInteger(version) || version < 1)
    fail(`version must be a whole number from 1, got ${version}`);
  if (key.length === 0)
    fail('key is empty: without a key a repeated record could not be told from a new one');
  for (const [column, { description }] of Object.entries(columns)) {
    if (column.startsWith('_'))
      fail(`column ${column} must not start with "_", which marks Heimdallr's own columns`);
    if (!NAME.test(column))
      fail(`column ${JSON.stringify(column)} must be snake_case, at most 63 characters`);
    if (description.trim() === '') fail(`column ${column} has no description`);
  }
  for (const column of key) {
    if (columns[column] === undefined) fail(`key column ${column} is not declared`);
    if (columns[column]?.nullable)
      fail(`key column ${column} is nullable: null equals nothing, so the fact had no identity`);
    const { kind } = columns[column]?.type ?? {};
    if (kind !== undefined && !KEY_KINDS.includes(kind))
      fail(`key column ${column} is of type ${kind}, a key is made of ${KEY_KINDS.join(', ')}`);
  }
  const kind = columns[occurredAt]?.type.kind;
  if (kind !== 'timestamp')
    fail(`occurredAt must name a timestamp column, ${occurredAt} is ${kind ?? 'not declared'}`);
  const redact = Object.fromEntries(
    Object.entries(declaration.redact ?? {}).map(([column, rules]) => [column, rules ?? {}]),
  );
  for (const column of Object.keys(redact)) {
    if (columns[column]?.type.kind !== 'super') fail(`redact names ${column}, which is not a SUPER column`);
  }
  return { ...declaration, redact };
}

/** The final table of a record type: its name, with the version from the second on. */
export function tableName(type: Pick<RecordType, 'name' | 'version'>): string {
  return type.version === 1 ? type.name : `${type.name}_v${type.version}`;
}

/** The name under which a record type's compiled validator is found. */
export const validatorName = (name: string, version: number): string => `${name}_v${version}`;
