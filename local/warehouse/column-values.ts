/**
 * What COPY makes of a JSON value, by the type of its column.
 *
 * Postgres would convert most of these by itself, but kindly: it rounds what COPY cuts, heeds the time zone that
 * COPY ignores, and reads `1e3` as an integer. So each value is judged here by Redshift's rules and becomes text
 * that Postgres takes as it is. Where Redshift's documents are silent, the value is refused: what loads
 * here must load there.
 */
import { isDate } from '../../contract/checks.ts';
import { byteLength, fitsBytes } from '../../contract/text.ts';
import type { Field, Problem } from './json-rows.ts';

/** A column of the table that is loaded. */
export interface TargetColumn {
  readonly name: string;
  /** As Postgres prints it, with its length, as in `character varying(64)`. */
  readonly type: string;
  readonly isNullable: boolean;
}

/** Conversion options of a COPY. */
export interface Conversion {
  /** TIMEFORMAT 'auto': ISO 8601 with a T and a zone is a timestamp. */
  readonly timeAuto: boolean;
  /** ROUNDEC: more digits than the scale are rounded rather than cut. */
  readonly roundec: boolean;
}

/** Text for Postgres, null, or why COPY refuses the value. */
export type Converted = string | null | Problem;

export type Convert = (field: Field) => Converted;

/**
 * The conversion for a column; a missing key is a null.
 * @throws {TypeError} when the column has a type that this project does not use.
 */
export function converterFor(column: TargetColumn, options: Conversion): Convert {
  const convert = converterOfType(column, options);
  return (field) => {
    const converted = field.kind === 'null' ? null : convert(field);
    if (converted === null && !column.isNullable) {
      return { code: 1213, message: 'Missing data for not-null field' };
    }
    return converted;
  };
}

function converterOfType({ name, type }: TargetColumn, options: Conversion): Convert {
  const [, base = '', sizes] = /^([a-z0-9. ]+?)(?:\((\d+(?:,\d+)?)\))?$/.exec(type) ?? [];
  const [first = 0, second = 0] = sizes?.split(',').map(Number) ?? [];
  switch (base) {
    case 'character varying':
      if (first > 0) return toVarchar(first);
      break;
    case 'super':
    case 'redshift.super':
      return ({ raw, superProblem }) => superProblem ?? raw;
    case 'smallint':
      return toInteger('Short', 16);
    case 'integer':
      return toInteger('Integer', 32);
    case 'bigint':
      return toInteger('Long', 64);
    case 'numeric':
      if (first > 0) return toDecimal(first, second, options.roundec);
      break;
    case 'double precision':
      return toDouble;
    case 'boolean':
      return toBoolean;
    case 'timestamp without time zone':
      return toTimestamp(options.timeAuto);
    case 'date':
      return toDate;
  }
  throw new TypeError(`column ${name} has type ${type}, which is not used by this project`);
}

/** COPY counts bytes, and forgives blanks at the end only. */
const toVarchar =
  (bytes: number): Convert =>
  ({ text: whole, textProblem }) => {
    const end = whole.indexOf('\0');
    if (end === 0) return { code: 1218, message: 'Invalid null byte - field longer than 1 byte' };
    // Silently, as Redshift does: the row that loads is not the row that was sent.
    const text = end === -1 ? whole : whole.slice(0, end);
    if (textProblem !== null) return textProblem;
    if (fitsBytes(text, bytes)) return text;
    const trimmed = text.replace(/ +$/, '');
    if (!fitsBytes(trimmed, bytes)) return { code: 1204, message: 'String length exceeds DDL length' };
    return trimmed.padEnd(bytes - byteLength(trimmed) + trimmed.length, ' ');
  };

const toInteger =
  (name: 'Short' | 'Integer' | 'Long', bits: 16 | 32 | 64): Convert =>
  ({ text }) => {
    if (text === '') return null;
    const digits = /^[+-]?\d+/.exec(text)?.[0] ?? '';
    if (digits !== text) return invalidDigit(text, digits.length, name);
    const value = BigInt(text.replace('+', ''));
    if (BigInt.asIntN(bits, value) === value) return text;
    return bits === 64
      ? { code: 1222, message: `Overflow, Value out of range for 8 bytes, Type: ${name}` }
      : { code: 1204, message: `Value out of range for ${bits / 8} bytes` };
  };

const toDecimal =
  (precision: number, scale: number, isRounded: boolean): Convert =>
  ({ text }) => {
    if (text === '') return null;
    const good = /^[+-]?\d*(?:\.\d*)?/.exec(text)?.[0] ?? '';
    if (good !== text || !/\d/.test(text)) return invalidDigit(text, good.length, 'Decimal');
    const [whole = '', fraction = ''] = text.replace(/^[+-]/, '').split('.');
    const kept = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
    const isUp = isRounded && (fraction[scale] ?? '0') >= '5';
    const unscaled = isUp ? kept + 1n : kept;
    // DECIMAL(19,0) is kept in 64 bits, so nineteen nines do not fit.
    const limit = precision === 19 ? 2n ** 63n : 10n ** BigInt(precision);
    if (unscaled >= limit) return { code: 1204, message: `Overflow for NUMERIC(${precision},${scale})` };
    const digits = unscaled.toString().padStart(scale + 1, '0');
    const sign = text.startsWith('-') ? '-' : '';
    return `${sign}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
  };

const toDouble: Convert = ({ text }) => {
  if (text === '') return null;
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) return { code: 1208, message: 'Invalid float format or value' };
  const isLost = !Number.isFinite(value) || (value === 0 && /[1-9]/.test(text.replace(/[eE].*/, '')));
  return isLost ? { code: 1208, message: 'Float value is out of range' } : text;
};

const BOOLEANS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['TRUE', 't', 'true', 'y', 'yes', '1'].map((spelling) => [spelling, 'true'])),
  ...Object.fromEntries(['FALSE', 'f', 'false', 'n', 'no', '0'].map((spelling) => [spelling, 'false'])),
};

const toBoolean: Convert = ({ text }) => {
  if (text === '') return null;
  return Object.hasOwn(BOOLEANS, text)
    ? (BOOLEANS[text] ?? null)
    : { code: 1210, message: 'Unknown boolean format' };
};

/** Of all that 'auto' recognises, ISO 8601 only: the other formats are nobody's intention here. */
const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?) ?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** What COPY takes unless told otherwise: `YYYY-MM-DD HH:MI:SS`. */
const PLAIN = /^(\d{4}-\d{2}-\d{2}) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)$/;

const toTimestamp =
  (isAuto: boolean): Convert =>
  ({ kind, text }) => {
    if (text === '') return null;
    const [, day = '', time = '00:00:00'] = (isAuto ? ISO : PLAIN).exec(text) ?? [];
    // The zone is not heeded: a TIMESTAMP column keeps the clock's face.
    if (kind === 'string' && isDate(day)) return `${day} ${time}`;
    return { code: 1206, message: 'Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]' };
  };

const toDate: Convert = ({ kind, text }) => {
  if (text === '') return null;
  if (kind === 'string' && isDate(text)) return text;
  return { code: 1205, message: 'Invalid Date Format - length must be 10 or more' };
};

function invalidDigit(text: string, position: number, type: string): Problem {
  const value = text[position] ?? '';
  return { code: 1207, message: `Invalid digit, Value '${value}', Pos ${position}, Type: ${type}` };
}
