/**
 * Lists by `Range` header, with the habits that lose rows: without the header 200 rows by id, which is random;
 * `]` leaves out its start; parameters after the one semicolon are separated by commas.
 */
import type { Row } from './app.ts';

export interface Ranged {
  /** 206 when there is more. */
  readonly status: 200 | 206;
  readonly rows: readonly Row[];
  readonly headers: Readonly<Record<string, string>>;
}

/** What Heroku says to a range that it cannot read, or does not have. */
export type RangeFault = 'bad_request' | 'requested_range_not_satisfiable';

const DEFAULT_ROWS = 200;
const MAX_ROWS = 1000;

const SYNTAX = /^(\w+) (?:(\])?([^.\s\]]+(?:\.[^.\s\]]+)*))?\.\.(?:; ?(.+))?$/;

export function ranged(rows: readonly Row[], header: string, fields: readonly string[]): Ranged | RangeFault {
  const [, field = 'id', isExclusive, start, parameters = ''] =
    SYNTAX.exec(header === '' ? 'id ..' : header) ?? [];
  const read = readParameters(parameters);
  if (!SYNTAX.test(header === '' ? 'id ..' : header) || read === null) return 'bad_request';
  if (!fields.includes(field)) return 'requested_range_not_satisfiable';
  const { max, isDescending } = read;
  const of = (row: Row): string | number => row.ranges[field] ?? '';
  const sign = isDescending ? -1 : 1;
  const compare = (a: string | number, b: string | number): number => sign * (a < b ? -1 : a > b ? 1 : 0);
  const from =
    start === undefined ? null : typeof rows[0]?.ranges[field] === 'number' ? Number(start) : start;
  const wanted = rows
    .filter((row) => from === null || compare(of(row), from) >= (isExclusive === undefined ? 0 : 1))
    .sort((a, b) => compare(of(a), of(b)));
  const page = wanted.slice(0, max);
  const [first, last] = [page.at(0), page.at(-1)];
  const suffix = `; max=${max}${isDescending ? ', order=desc' : ''}`;
  const isMore = page.length < wanted.length && last !== undefined;
  return {
    status: isMore ? 206 : 200,
    rows: page,
    headers: {
      'Accept-Ranges': fields.join(', '),
      ...(first === undefined || last === undefined
        ? {}
        : { 'Content-Range': `${field} ${of(first)}..${of(last)}${suffix}` }),
      ...(isMore ? { 'Next-Range': `${field} ]${of(last)}..${suffix}` } : {}),
    },
  };
}

function readParameters(text: string): { max: number; isDescending: boolean } | null {
  let max = DEFAULT_ROWS;
  let isDescending = false;
  for (const parameter of text === '' ? [] : text.replace(/;$/, '').split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)=(\w+)\s*$/.exec(parameter) ?? [];
    if (name === 'max' && /^\d+$/.test(value)) max = Number(value);
    else if (name === 'order' && /^(?:asc|desc)$/.test(value)) isDescending = value === 'desc';
    else return null;
  }
  return max < 1 || max > MAX_ROWS ? null : { max, isDescending };
}
