/** The rows of Rollbar's lists. */
import type { JsonValue } from '../../contract/columns.ts';
import { type Answer, PollError } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';

/**
 * The rows of an answer.
 * @throws {PollError} `unexpected_response` when `result` has no such list.
 */
export function list({ status, body }: Answer, name: string, path: string): readonly JsonValue[] {
  const rows = at(body, 'result', name);
  if (Array.isArray(rows)) return rows;
  throw new PollError(
    'unexpected_response',
    `${path}: expected a list result.${name}, got an answer with status ${status} without one; compare with Rollbar's reference`,
  );
}
