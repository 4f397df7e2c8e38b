/** The loader's function, over its ports. */
import type { RecordType } from '../../contract/record.ts';
import type { Ports, Repairs } from '../ports.ts';
import { keepBooks } from './books.ts';
import { drain, type LoadSummary } from './drain.ts';
import { reconcile } from './reconcile.ts';

/**
 * A function that drains the landing table and keeps the books.
 * @throws {Error} naming every record type that could not be merged; the others are merged by then.
 */
export function createHandler(
  types: readonly RecordType[],
  ports: Ports & { readonly repairs: Repairs },
): () => Promise<LoadSummary> {
  return async () => {
    const startedAt = ports.now().getTime();
    const summary = await drain(types, ports);
    const problems = summary.failed.map(
      ({ type, reason }) => `${type} stays in the landing table: ${reason}`,
    );
    try {
      await keepBooks(ports);
    } catch (error) {
      problems.push(`the books could not be kept: ${error instanceof Error ? error.message : String(error)}`);
    }
    try {
      const stay = summary.failed.map(({ type }) => type).concat(Object.keys(summary.unknown));
      await reconcile(
        types.filter(({ name }) => !stay.some((label) => label.startsWith(`${name} `))),
        ports,
      );
    } catch (error) {
      problems.push(
        `the source's counts could not be compared: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    ports.publish({}, { LoaderSeconds: (ports.now().getTime() - startedAt) / 1000 });
    ports.log('landing drained', { ...summary.merged });
    if (problems.length > 0) throw new Error(problems.join('; '));
    return summary;
  };
}
