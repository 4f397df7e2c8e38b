/**
 * Turns Redshift SQL into Postgres SQL, so that the text which is deployed is the text which runs locally.
 *
 * Only what this project writes is translated, and strictly: a SUPER attribute of another type is an error, as
 * with Redshift's lax casts turned off, a missing one is null; a VARCHAR counts bytes. What Postgres takes but
 * Redshift refuses is refused. Text inside quotes is never touched.
 */

/** Run once on a Postgres database before anything else: the types and functions that Redshift has and Postgres lacks. */
export const postgresPrelude: readonly string[] = [
  'create schema if not exists heimdallr',
  'create schema if not exists redshift',
  `do $$ begin create domain redshift.super as jsonb; exception when duplicate_object then null; end $$`,
  `create or replace function redshift.getdate() returns timestamp language sql stable
   as $$ select (statement_timestamp() at time zone 'utc')::timestamp $$`,
  `create or replace function redshift.refuse(value jsonb, wanted text, attribute text) returns text language plpgsql immutable
   as $$ begin
     raise exception 'cannot cast SUPER attribute "%" of type % to %', attribute, jsonb_typeof(value), wanted using errcode = '22000';
   end $$`,
  accessor('varchar', 'text', 'string'),
  accessor('boolean', 'boolean', 'boolean'),
  accessor('smallint', 'smallint', 'number'),
  accessor('integer', 'integer', 'number'),
  accessor('float8', 'double precision', 'number'),
  `create or replace function redshift.super_value(body jsonb, attribute text) returns jsonb language sql immutable
   as $$ select nullif(body -> attribute, 'null'::jsonb) $$`,
  `create or replace function redshift.json_parse(written text) returns redshift.super language sql immutable
   as $$ select written::jsonb::redshift.super $$`,
  // As Redshift: a text of more than 65,535 bytes is an error, so whoever serializes asks for the size first.
  `create or replace function redshift.json_size(value jsonb) returns integer language sql immutable
   as $$ select octet_length(value::text) $$`,
  `create or replace function redshift.json_serialize(value jsonb) returns text language sql immutable
   as $$ select case when octet_length(value::text) <= 65535 then value::text
     else redshift.refuse(value, 'a text of 65535 bytes', 'json_serialize') end $$`,
  `create or replace function redshift.convert_timezone(source text, target text, instant timestamp) returns timestamp language sql immutable
   as $$ select (instant at time zone source) at time zone target $$`,
];

/** A strict cast of one attribute; SQL rather than PL/pgSQL, because Postgres folds it into the query. */
function accessor(name: string, type: string, json: string): string {
  return `create or replace function redshift.super_${name}(body jsonb, attribute text) returns ${type} language sql immutable
   as $$ select case coalesce(jsonb_typeof(body -> attribute), 'null') when '${json}' then (body ->> attribute)::${type}
     when 'null' then null else redshift.refuse(body -> attribute, '${name}', attribute)::${type} end $$`;
}

/** Statements that set up what Postgres does not have or does otherwise, and that are skipped. */
const SKIPPED =
  /^\s*(?:set\s+cast_super_null_on_error\s+to\s+off|create\s+user|alter\s+user|grant|revoke)\b/i;

/** What Postgres would take and Redshift refuses (`r_` pages "unsupported PostgreSQL features"). */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/\bon\s+conflict\b/i, 'ON CONFLICT'],
  [/\breturning\b/i, 'RETURNING'],
  [/\bgenerate_series\b/i, 'generate_series'],
  [/\bis\s+(?:not\s+)?distinct\s+from\b/i, 'IS DISTINCT FROM'],
  [/\b(?:jsonb?|uuid|bytea|serial|bigserial)\b/i, 'a Postgres-only type'],
  [/\btext\b/i, 'TEXT, which is VARCHAR(256) in Redshift'],
  [/\bcreate\s+(?:unique\s+)?index\b/i, 'CREATE INDEX'],
  [/\bnow\(\)|\bcurrent_timestamp\b/i, 'now() and CURRENT_TIMESTAMP, leader-node functions in Redshift'],
  [/\bstring_agg\b|\barray_agg\b/i, 'string_agg and array_agg'],
  [/\bfilter\s*\(/i, 'FILTER'],
  [/::\s*varchar\b(?!\s*\()/i, 'VARCHAR without a length, which is 256 bytes in Redshift'],
];

/**
 * The statement for Postgres, or null when Postgres has nothing to do.
 * @throws {SyntaxError} when Redshift would refuse the statement.
 */
export function toPostgres(statement: string): string | null {
  if (SKIPPED.test(statement)) return null;
  // Literals and comments stand at the odd places.
  const parts = statement.split(/('(?:[^']|'')*'|--[^\n]*)/);
  // A quoted name may be anything: a column can be called "uuid".
  const code = parts
    .filter((_part, index) => index % 2 === 0)
    .map((part) => part.replace(/"\w+"/g, '"name"'));
  for (const [pattern, what] of REFUSED) {
    if (code.some((part) => pattern.test(part))) throw new SyntaxError(`Redshift does not support ${what}`);
  }
  return parts
    .map((part, index) => (index % 2 === 0 ? translate(part) : part.replaceAll('\\\\', '\\')))
    .join('');
}

const translate = (sql: string): string =>
  sql
    .replace(
      /\bbody\."(\w+)"::(varchar|boolean|smallint|integer|float8)(?:\(\d+\))?/g,
      "redshift.super_$2(body, '$1')",
    )
    .replace(/\bbody\."(\w+)"/g, "redshift.super_value(body, '$1')")
    .replace(/("\w+") varchar\((\d+)\)/g, '$1 varchar($2) check (octet_length($1) <= $2)')
    .replace(/("\w+") super\b/g, '$1 redshift.super')
    .replace(
      /,\s*unpivot\s+([\w.]+)\s+as\s+(\w+)\s+at\s+(\w+)/gi,
      ' cross join lateral jsonb_each($1) as unpivoted($3, $2)',
    )
    .replace(
      /\bdatediff\(second, ([\w.]+), ([\w.]+(?:\(\))?)\)/gi,
      'floor(extract(epoch from ($2 - $1)))::bigint',
    )
    .replace(/\bgetdate\(\)/gi, 'redshift.getdate()')
    .replace(/\b(json_size|json_serialize)\(/g, 'redshift.$1(')
    .replace(/\) diststyle auto sortkey \([^)]*\)/g, ')')
    .replace(
      /^(create table heimdallr_work\.\w+) (?:diststyle all|distkey \(\w+\))(?: sortkey \([^)]*\))?(?= as\n)/,
      '$1',
    );
