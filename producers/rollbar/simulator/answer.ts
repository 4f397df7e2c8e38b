/** What the vendor answers: the envelope, refusals, and lists that are written while they are sent. */
import { STATUS_CODES } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In parts, so that a page of large rows never is in memory as a whole. */
  readonly body: Iterable<string>;
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

export function result(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: [JSON.stringify({ err: 0, result: value })] };
}

export function plainJson(value: unknown): Answer {
  return { status: 200, headers: JSON_TYPE, body: [JSON.stringify(value)] };
}

export function text(status: number, type: string, body: string): Answer {
  return { status, headers: { 'Content-Type': type }, body: [body] };
}

export function failure(status: number, message = STATUS_CODES[status] ?? 'Error'): Answer {
  return { status, headers: JSON_TYPE, body: [JSON.stringify({ err: 1, message })] };
}

/** A result whose last member is a list of rows that are text already. */
export function listResult(members: object, name: string, rows: Iterable<string>): Answer {
  return { status: 200, headers: JSON_TYPE, body: listBody(members, name, rows) };
}

function* listBody(members: object, name: string, rows: Iterable<string>): Generator<string> {
  yield `{"err":0,"result":{${JSON.stringify(members).slice(1, -1)},${JSON.stringify(name)}:[`;
  let separator = '';
  for (const row of rows) {
    yield separator + row;
    separator = ',';
  }
  yield ']}}';
}

/** A request the vendor does not serve: thrown where it is noticed, answered in one place. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
