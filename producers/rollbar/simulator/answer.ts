/** What the vendor answers: the envelope, refusals, and lists that are written while they are sent. */
import { STATUS_CODES } from 'node:http';
import { type Answer, JSON_TYPE, plainJson } from '../../../simulation/answer.ts';

export function result(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: [JSON.stringify({ err: 0, result: value })] };
}

export function failure(status: number, message = STATUS_CODES[status] ?? 'Error'): Answer {
  return plainJson({ err: 1, message }, status);
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
