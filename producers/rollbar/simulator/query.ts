/** Query parameters, judged as the vendor judges them: what is not a number where one is due is a 422. */
import { Refusal } from './answer.ts';

export interface Range {
  readonly from?: number;
  readonly to?: number;
}

export function integerParameter(
  query: URLSearchParams,
  name: string,
  range: Range = {},
): number | undefined {
  const given = query.get(name);
  if (given === null || given === '') return undefined;
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = range;
  const value = Number(given);
  if (!/^-?\d+$/.test(given)) throw new Refusal(422, `Invalid format. ${name} must be an integer.`);
  if (value < from || value > to)
    throw new Refusal(422, `Invalid value. ${name} must be from ${from} to ${to}.`);
  return value;
}

export function pageParameters(query: URLSearchParams): { page: number; limit: number } {
  return {
    page: integerParameter(query, 'page', { from: 1 }) ?? 1,
    limit: integerParameter(query, 'limit', { from: 1, to: 5000 }) ?? 20,
  };
}

/** A parameter that may be given several times, each time one of the known values. */
export function choices(query: URLSearchParams, name: string, known: readonly string[]): string[] {
  const given = query.getAll(name);
  const unknown = given.find((value) => !known.includes(value));
  if (unknown !== undefined)
    throw new Refusal(422, `Invalid value. ${name} must be one of ${known.join(', ')}.`);
  return given;
}

/** The rows of a page. */
export function slicePage<Row>(rows: readonly Row[], page: number, limit: number): Row[] {
  return rows.slice((page - 1) * limit, page * limit);
}
