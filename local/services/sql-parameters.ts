/**
 * Named parameters of the Redshift Data API: `:name` in the SQL, text values beside it.
 */
import { AwsError, type Body, listOf } from './call.ts';

export type SqlParameters = ReadonlyMap<string, string>;

/**
 * The parameters of a request.
 * @throws {AwsError} ValidationException for what the Data API cannot send: an empty text, or no value at all.
 */
export function parametersOf(body: Body): SqlParameters {
  const parameters = new Map<string, string>();
  for (const { name, value } of listOf(body, 'Parameters')) {
    if (typeof name !== 'string' || !/^[a-zA-Z_]\w*$/.test(name)) {
      throw new AwsError(
        'ValidationException',
        `a parameter's name must be an identifier, got ${String(name)}`,
      );
    }
    if (typeof value !== 'string' || value === '') {
      throw new AwsError(
        'ValidationException',
        `parameter ${name} must be a text that is not empty: the Data API knows neither NULL nor ''`,
      );
    }
    parameters.set(name, value);
  }
  return parameters;
}

/** A colon inside a literal, a quoted identifier, a comment or a cast is none of a parameter. */
const PARAMETER = /'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([a-zA-Z_]\w*)/g;

/** Names of the parameters that the SQL uses. */
export function usedParameters(sql: string): ReadonlySet<string> {
  return new Set([...sql.matchAll(PARAMETER)].flatMap(([, name]) => (name === undefined ? [] : [name])));
}

/**
 * Checks that every parameter is used by at least one of the statements, and that none is missing.
 * @throws {AwsError} ValidationException
 */
export function checkParameters(statements: readonly string[], parameters: SqlParameters): void {
  const used = new Set(statements.flatMap((sql) => [...usedParameters(sql)]));
  const unused = [...parameters.keys()].filter((name) => !used.has(name));
  const missing = [...used].filter((name) => !parameters.has(name));
  if (unused.length > 0) {
    throw new AwsError(
      'ValidationException',
      `Parameters list contains unused parameters. Unused parameters: [${unused}]`,
    );
  }
  if (missing.length > 0) {
    throw new AwsError(
      'ValidationException',
      `Parameters list is missing parameters. Missing parameters: [${missing}]`,
    );
  }
}

/** The SQL for Postgres. Each use is a parameter of its own, because each may be of another type. */
export function bind(sql: string, parameters: SqlParameters): { sql: string; values: string[] } {
  const values: string[] = [];
  const bound = sql.replace(PARAMETER, (found: string, name: string | undefined) => {
    const value = name === undefined ? undefined : parameters.get(name);
    if (value === undefined) return found;
    values.push(value);
    return `$${values.length}`;
  });
  return { sql: bound, values };
}
