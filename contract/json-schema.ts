/**
 * JSON Schema of a record type, and the keywords it uses beyond the standard.
 *
 * The schema says all that Redshift would refuse or silently change. What the standard cannot say (bytes of
 * UTF-8, real calendar days, 64-bit digits, the inside of a SUPER) are keywords; ajv compiles them into calls
 * of the functions below, so that the compiled validator needs no schema and no ajv at run time.
 */
import { _, Ajv, type CodeKeywordDefinition, type KeywordCxt, stringify, type ValidateFunction } from 'ajv';
import standaloneModule from 'ajv/dist/standalone/index.js';
import { fitsSuper, fitsVarchar, hasRecordKey, isBigint, isDate, isTimestamp } from './checks.ts';
import type { Column, ColumnType } from './columns.ts';
import { landingColumns } from './envelope.ts';
import { type RecordType, validatorName } from './record.ts';

// The package is CommonJS: its function is the default of the default.
const standaloneCode = standaloneModule.default;

export { validatorName } from './record.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schema of one column's value. */
export function columnSchema({ type, nullable }: Column): JsonSchema {
  const schema = typeSchema(type);
  if (!nullable) return schema;
  return 'type' in schema ? { ...schema, type: [schema.type, 'null'] } : schema;
}

function typeSchema(type: ColumnType): JsonSchema {
  switch (type.kind) {
    case 'varchar':
      return { type: 'string', fitsVarchar: type.bytes };
    case 'super':
      return { fitsSuper: type.maxBytes };
    case 'smallint':
      return { type: 'integer', minimum: -32_768, maximum: 32_767 };
    case 'integer':
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    case 'double':
      return { type: 'number' };
    case 'boolean':
      return { type: 'boolean' };
    case 'bigint':
      return { type: 'string', isBigint: true };
    case 'decimal': {
      const whole = type.precision - type.scale;
      const digits = whole === 0 ? '0' : whole === 1 ? '\\d' : `(?:0|[1-9]\\d{0,${whole - 1}})`;
      return {
        type: 'string',
        pattern: `^-?${digits}${type.scale === 0 ? '' : `(?:\\.\\d{1,${type.scale}})?`}$`,
      };
    }
    case 'timestamp':
      return { type: 'string', isTimestamp: true };
    case 'date':
      return { type: 'string', isDate: true };
  }
}

/** Redshift sees no blanks at the end when it compares: two such keys would meet in one row of the merge. */
function keySchema(column: Column): JsonSchema {
  const schema = columnSchema(column);
  return column.type.kind === 'varchar' ? { ...schema, pattern: '(?:^|[^ ])$' } : schema;
}

/** Schema of an envelope that carries this record type. Nothing may be missing, nothing may be added. */
function envelopeSchema(type: RecordType): JsonSchema {
  const { record_type: _type, record_version: _version, body: _body, ...rest } = landingColumns;
  return {
    ...closed({
      record_type: { const: type.name },
      record_version: { const: type.version },
      ...mapValues(rest, (column) => columnSchema(column)),
      seq: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 },
      body: closed(
        mapValues(type.columns, (column, name) =>
          type.key.includes(name) ? keySchema(column) : columnSchema(column),
        ),
      ),
    }),
    hasRecordKey: type.key,
  };
}

function closed(properties: Record<string, JsonSchema>): JsonSchema {
  return {
    type: 'object',
    maxProperties: Object.keys(properties).length,
    required: Object.keys(properties),
    properties,
  };
}

function mapValues<In, Out>(
  from: Readonly<Record<string, In>>,
  map: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value, key)]));
}

const checks = { fitsVarchar, fitsSuper, hasRecordKey, isBigint, isTimestamp, isDate };

/** The keywords, for ajv. */
const keywords: readonly CodeKeywordDefinition[] = [
  keyword(
    'fitsVarchar',
    'string',
    'must be at most {} bytes of UTF-8 without NUL, lone surrogates or noncharacters',
  ),
  keyword(
    'fitsSuper',
    undefined,
    'must be a JSON value that a SUPER holds, at most {} bytes (text, depth, numbers)',
  ),
  keyword('hasRecordKey', 'object', 'must have the record_key that follows from {}'),
  keyword('isBigint', 'string', 'must be the digits of a 64-bit integer'),
  keyword('isTimestamp', 'string', 'must be an instant in UTC such as 2026-11-23T18:30:00.123Z'),
  keyword('isDate', 'string', 'must be a day such as 2026-11-23'),
];

function keyword(
  name: keyof typeof checks,
  type: 'string' | 'object' | undefined,
  message: string,
): CodeKeywordDefinition {
  return {
    keyword: name,
    ...(type === undefined ? {} : { type }),
    error: { message: (context) => message.replace('{}', String(context.schema)) },
    code(context: KeywordCxt) {
      const check = context.gen.scopeValue('func', {
        ref: checks[name],
        code: _`require("./contract/checks.ts")[${name}]`,
      });
      const { schema } = context;
      const limit = Array.isArray(schema)
        ? context.gen.scopeValue('schema', { ref: schema, code: stringify(schema) })
        : schema;
      // `this` is what the caller knows of the text (`Known`); checks that do not ask for it ignore it.
      context.fail(_`!${check}(${context.data}, ${limit}, this)`);
    },
  };
}

function ajvWith(types: readonly RecordType[]): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    code: { source: true, esm: true, lines: true },
  });
  for (const definition of keywords) ajv.addKeyword(definition);
  for (const type of types) ajv.addSchema(envelopeSchema(type), validatorName(type.name, type.version));
  return ajv;
}

/**
 * Source of a module that exports one validator per record type, named by `validatorName`. Its `require` calls
 * are relative to the project's root and must be bundled.
 */
export function validatorsSource(types: readonly RecordType[]): string {
  const names = types.map((type) => validatorName(type.name, type.version));
  return standaloneCode(ajvWith(types), Object.fromEntries(names.map((name) => [name, name])));
}

/** A validator made on the spot, for tests and tools; functions at run time use the compiled ones. */
export function compileValidator(type: RecordType): ValidateFunction {
  const ajv = ajvWith([type]);
  return ajv.getSchema(validatorName(type.name, type.version)) ?? ajv.compile(envelopeSchema(type));
}
