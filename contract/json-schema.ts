/**
 * JSON Schema of a record type, and the keywords it uses beyond the standard.
 *
 * The schema says all that Redshift would refuse or silently change. What the standard cannot say (bytes of
 * UTF-8, real calendar days, 64-bit digits, the inside of a SUPER) are keywords; ajv compiles them into calls
 * of the functions in `checks.ts`, so that the compiled validator needs no schema and no ajv at run time.
 *
 * A column is one keyword rather than a `type` and its limits: every keyword becomes a piece of code that can
 * report, and there are hundreds of columns in the bundle of the one function that has all validators.
 */
import { _, Ajv, type CodeKeywordDefinition, type KeywordCxt, stringify, type ValidateFunction } from 'ajv';
import standaloneModule from 'ajv/dist/standalone/index.js';
import { checks } from './checks.ts';
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
  return 'type' in schema ? { ...schema, type: [schema.type, 'null'] } : { ...schema, [OR_NULL]: true };
}

/** Says that null will do as well, whatever the other keywords of the column want. */
const OR_NULL = 'orNull';

function typeSchema(type: ColumnType): JsonSchema {
  switch (type.kind) {
    case 'varchar':
      return { fitsVarchar: type.bytes };
    case 'super':
      return { fitsSuper: type.maxBytes };
    case 'smallint':
      return { fitsInteger: 16 };
    case 'integer':
      return { fitsInteger: 32 };
    case 'bigint':
      return { isBigint: true };
    case 'decimal':
      return { fitsDecimal: [type.precision, type.scale] };
    case 'double':
      return { type: 'number' };
    case 'boolean':
      return { type: 'boolean' };
    case 'timestamp':
      return { isTimestamp: true };
    case 'date':
      return { isDate: true };
  }
}

/** Redshift sees no blanks at the end when it compares: two such keys would meet in one row of the merge. */
function keySchema(column: Column): JsonSchema {
  const schema = columnSchema(column);
  return column.type.kind === 'varchar' ? { ...schema, pattern: '(?:^|[^ ])$' } : schema;
}

/**
 * Schema of an envelope that carries this record type. Nothing may be added, and nothing may be missing but a
 * nullable column of the body: while a new one is deployed, records without it are on their way.
 */
function envelopeSchema(type: RecordType): JsonSchema {
  const { record_type: _type, record_version: _version, seq, body: _body, ...rest } = landingColumns;
  const body = mapValues(type.columns, (column, name) =>
    type.key.includes(name) ? keySchema(column) : columnSchema(column),
  );
  return {
    ...closed({
      record_type: { const: type.name },
      record_version: { const: type.version },
      ...mapValues(rest, (column) => columnSchema(column)),
      seq: { ...columnSchema(seq), minimum: 1 },
      body: {
        type: 'object',
        required: Object.keys(type.columns).filter((name) => type.columns[name]?.nullable !== true),
        onlyColumns: Object.keys(type.columns),
        properties: body,
      },
    }),
    hasRecordKey: type.key,
  };
}

function closed(properties: Record<string, JsonSchema>): JsonSchema {
  const required = Object.keys(properties);
  // With all of them there, one more is one too many: counting is cheaper than comparing every name.
  return { type: 'object', required, maxProperties: required.length, properties };
}

function mapValues<In, Out>(
  from: Readonly<Record<string, In>>,
  map: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value, key)]));
}

/** The keywords, for ajv. */
const keywords: readonly CodeKeywordDefinition[] = Object.entries(checks).map(
  ([name, { check, expects }]) => ({
    keyword: name,
    error: {
      message: ({ schema }) => `must be ${expects.replace('{}', String(schema))}`,
      params: ({ schema }) => _`{ limit: ${String(schema)} }`,
    },
    code(context: KeywordCxt) {
      const { gen, data, schema, parentSchema } = context;
      const call = gen.scopeValue('func', {
        ref: check,
        code: _`require("./contract/checks.ts")[${name}]`,
      });
      const limit = Array.isArray(schema)
        ? gen.scopeValue('schema', { ref: schema, code: stringify(schema) })
        : schema;
      // `this` is what the caller knows of the text (`Known`); checks that do not ask for it ignore it.
      const fails = _`!${call}(${data}, ${limit}, this)`;
      context.fail(parentSchema[OR_NULL] === true ? _`${data} !== null && ${fails}` : fails);
    },
  }),
);

function ajvWith(types: readonly RecordType[], options: { readonly messages: boolean }): Ajv {
  const ajv = new Ajv({
    ...options,
    allErrors: true,
    // A column's keyword says its type; `minimum` and `pattern` beside it need not.
    strictTypes: false,
    code: { source: true, esm: true, lines: true },
  });
  ajv.addKeyword(OR_NULL);
  for (const definition of keywords) ajv.addKeyword(definition);
  for (const type of types) ajv.addSchema(envelopeSchema(type), validatorName(type.name, type.version));
  return ajv;
}

/**
 * Source of a module that exports one validator per record type, named by `validatorName`. Its `require` calls
 * are relative to the project's root and must be bundled. Errors carry no messages: they would be half the code,
 * and keyword and limit say the same (`checks.ts` has the sentences).
 */
export function validatorsSource(types: readonly RecordType[]): string {
  const names = types.map((type) => validatorName(type.name, type.version));
  return standaloneCode(
    ajvWith(types, { messages: false }),
    Object.fromEntries(names.map((name) => [name, name])),
  );
}

/** A validator made on the spot, for tests and tools; functions at run time use the compiled ones. */
export function compileValidator(type: RecordType): ValidateFunction {
  const ajv = ajvWith([type], { messages: true });
  return ajv.getSchema(validatorName(type.name, type.version)) ?? ajv.compile(envelopeSchema(type));
}
