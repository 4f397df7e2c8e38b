/**
 * Makes a vendor's values conform to their columns, in the open.
 *
 * The policy is the declaration: a record type with a `truncated_fields` column has text cut, and what cannot
 * be a value of its column left empty, and the row names those columns. A record type without it has nothing
 * shortened, and the validator rejects what does not fit. A key is never touched: a cut key would be another
 * fact's key.
 */
import { fitsDecimal, fitsInteger, isBigint, isDate, isTimestamp } from './checks.ts';
import type { Column, JsonValue } from './columns.ts';
import type { Body, RecordType } from './record.ts';
import { identity, type People, redact } from './redact.ts';
import { fitSuper } from './super.ts';
import { cutToBytes, fitsBytes, repairText } from './text.ts';

/** The body of a record: every column present, people as the feed wants them, secrets gone, text repaired. */
export function conform(type: RecordType, values: Readonly<Record<string, unknown>>, people: People): Body {
  const mayShorten = type.columns.truncated_fields !== undefined;
  const shortened: string[] = [];
  const body: Record<string, JsonValue> = {};
  for (const [name, column] of Object.entries(type.columns)) {
    if (name === 'truncated_fields') continue;
    const given = (values[name] ?? null) as JsonValue;
    const isFixed = !mayShorten || type.key.includes(name);
    const fitted = fit(redacted(type, name, column, given, people), column, isFixed);
    body[name] = fitted.value;
    if (fitted.wasCut) shortened.push(name);
  }
  if (mayShorten) {
    body.truncated_fields = shortened.length === 0 ? null : cutToBytes(shortened.join(','), 1024);
  }
  return body;
}

function redacted(
  type: RecordType,
  name: string,
  column: Column,
  value: JsonValue,
  people: People,
): JsonValue {
  if (value === null) return null;
  if (column.type.kind === 'super') return redact(value, type.redact[name] ?? {}, people);
  return column.identifiesPerson && typeof value === 'string' ? identity(value, people) : value;
}

interface Fit {
  readonly value: JsonValue;
  readonly wasCut: boolean;
}

function fit(value: JsonValue, column: Column, isFixed: boolean): Fit {
  const whole = { value, wasCut: false };
  if (value === null) return whole;
  const { type } = column;
  if (type.kind === 'super') return isFixed ? whole : fitSuper(value, type.maxBytes);
  if (type.kind === 'varchar' && typeof value === 'string') {
    const text = repairText(value);
    if (isFixed || fitsBytes(text, type.bytes)) return { value: text, wasCut: false };
    return { value: cutToBytes(text, type.bytes), wasCut: true };
  }
  const isEmptied = !isFixed && column.nullable && !isPlausible(value, column);
  return isEmptied ? { value: null, wasCut: true } : whole;
}

/** True when the value can stand in its column; the validator has the last word. */
function isPlausible(value: JsonValue, { type }: Column): boolean {
  switch (type.kind) {
    case 'smallint':
      return fitsInteger(value, 16);
    case 'integer':
      return fitsInteger(value, 32);
    case 'bigint':
      return isBigint(value);
    case 'decimal':
      return fitsDecimal(value, [type.precision, type.scale]);
    case 'double':
      return typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'varchar':
      return typeof value === 'string';
    case 'timestamp':
      return isTimestamp(value);
    case 'date':
      return isDate(value);
    case 'super':
      return true;
  }
}
