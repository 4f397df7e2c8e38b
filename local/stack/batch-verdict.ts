/**
 * Reads a function's answer to a batch as Lambda does when `ReportBatchItemFailures` is on.
 *
 * The lowest reported sequence number is where the next attempt begins, however many others are reported. An
 * answer that reports nothing is a success; one that reports in a way that cannot be understood is a failure
 * of the whole batch.
 */
import { isObject } from './json.ts';

/**
 * How many records, from the first, are done with; null when the whole batch failed.
 * @param answer what the function returned
 * @param sequenceNumbers of the batch, in its order
 */
export function handledRecords(answer: unknown, sequenceNumbers: readonly string[]): number | null {
  if (answer === null) return sequenceNumbers.length;
  if (!isObject(answer)) return null;
  const failures = answer.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return null;
  const positions = failures.map((failure: unknown) =>
    isObject(failure) ? sequenceNumbers.indexOf(String(failure.itemIdentifier)) : -1,
  );
  if (positions.includes(-1)) return null;
  return Math.min(sequenceNumbers.length, ...positions);
}
