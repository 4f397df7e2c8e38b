/**
 * The closed set of column types.
 *
 * A column is declared once; from it follow the TypeScript type, the JSON Schema, the DDL, the cast in the
 * merge, the data dictionary and the sample data. Widths are bytes of UTF-8, because Redshift measures
 * VARCHAR in bytes: four letters can take sixteen.
 *
 * Values that JavaScript's number cannot hold exactly travel as text: `bigint` and `decimal` are strings of
 * digits, `timestamp` and `date` are ISO strings in UTC.
 */

/** What a column holds, as data. */
export type ColumnType =
  | { readonly kind: 'varchar'; readonly bytes: number }
  | { readonly kind: 'super'; readonly maxBytes: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'smallint' | 'integer' | 'bigint' | 'double' | 'boolean' | 'timestamp' | 'date' };

/** A column: its type, whether it may be null, whom it identifies, and a sentence for the data dictionary. */
export interface Column<Value = unknown> {
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly description: string;
  /** The column names a person: hashed or dropped when the feed's `people` setting says so. */
  readonly identifiesPerson: boolean;
  /** Never set: it carries the TypeScript type of the value. */
  readonly value?: Value;
}

/** Redshift stores at most this many bytes in a VARCHAR, and in one string inside a SUPER. */
export const MAX_STRING_BYTES = 65_535;

/** A SUPER travels inside one Firehose record, whose limit is 1,000 KiB; the rest is for the other columns. */
export const MAX_SUPER_BYTES = 900 * 1024;

/** Text of at most `bytes` bytes of UTF-8. */
export function varchar(bytes: number, description: string): Column<string> {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_STRING_BYTES) {
    throw new RangeError(
      `varchar(${bytes}) is not possible, a Redshift VARCHAR holds 1 to ${MAX_STRING_BYTES} bytes`,
    );
  }
  return column({ kind: 'varchar', bytes }, description);
}

/** Any JSON value of at most `maxBytes` bytes when written as JSON. */
export function superJson(maxBytes: number, description: string): Column<JsonValue> {
  if (!Number.isInteger(maxBytes) || maxBytes < 2 || maxBytes > MAX_SUPER_BYTES) {
    throw new RangeError(
      `superJson(${maxBytes}) is not possible, one record carries 2 to ${MAX_SUPER_BYTES} bytes of SUPER`,
    );
  }
  return column({ kind: 'super', maxBytes }, description);
}

/** An exact number with `precision` digits, `scale` of them behind the point; the value is a string such as `"12.50"`. */
export function decimal(precision: number, scale: number, description: string): Column<string> {
  // 19 is left out: Redshift keeps DECIMAL(19,0) in 64 bits, so nineteen nines do not fit.
  const possible = Number.isInteger(precision) && precision >= 1 && precision <= 38 && precision !== 19;
  if (!possible || !Number.isInteger(scale) || scale < 0 || scale > precision) {
    throw new RangeError(
      `decimal(${precision},${scale}) is not possible, use precision 1 to 18 or 20 to 38 and scale 0 to precision`,
    );
  }
  return column({ kind: 'decimal', precision, scale }, description);
}

/** A whole number from -32,768 to 32,767. */
export const smallint = (description: string): Column<number> => column({ kind: 'smallint' }, description);

/** A whole number from -2^31 to 2^31-1. */
export const integer = (description: string): Column<number> => column({ kind: 'integer' }, description);

/** A whole number from -2^63 to 2^63-1; the value is a string of digits. */
export const bigint = (description: string): Column<string> => column({ kind: 'bigint' }, description);

/** A finite floating-point number. */
export const double = (description: string): Column<number> => column({ kind: 'double' }, description);

export const boolean = (description: string): Column<boolean> => column({ kind: 'boolean' }, description);

/** An instant in UTC; the value is `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`. */
export const timestamp = (description: string): Column<string> => column({ kind: 'timestamp' }, description);

/** A day; the value is `YYYY-MM-DD`. */
export const date = (description: string): Column<string> => column({ kind: 'date' }, description);

/** The same column, where null says that the vendor sent nothing. */
export function nullable<Value>(inner: Column<Value>): Column<Value | null> {
  return { ...inner, nullable: true } as Column<Value | null>;
}

/** The same column, marked as the identity of a person. */
export function person<Value>(inner: Column<Value>): Column<Value> {
  if (inner.type.kind !== 'varchar' || inner.type.bytes < 64) {
    throw new RangeError(
      'person(...) marks a varchar of at least 64 bytes: a hashed identity is 64 hex digits long',
    );
  }
  return { ...inner, identifiesPerson: true };
}

/** The column in which a record says which of its values were shortened to fit, by name, separated by commas. */
export const truncatedFields = (): Column<string | null> =>
  nullable(
    varchar(
      1024,
      'Columns shortened or left empty because the vendor sent more than they hold; null when none.',
    ),
  );

function column<Value>(type: ColumnType, description: string): Column<Value> {
  return { type, nullable: false, description, identifiesPerson: false };
}

/** What JSON can say. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
