/** The loader's function, over its ports. */
import type { RecordType } from '../../contract/record.ts';
import type { Ports } from '../ports.ts';
import { drain, type LoadSummary } from './drain.ts';

/**
 * A function that drains the landing table.
 * @throws {Error} naming every record type that could not be merged; the others are merged by then.
 */
export function createHandler(types: readonly RecordType[], ports: Ports): () => Promise<LoadSummary> {
  return async () => {
    const startedAt = ports.now().getTime();
    const summary = await drain(types, ports);
    ports.publish({}, { LoaderSeconds: (ports.now().getTime() - startedAt) / 1000 });
    ports.log('landing drained', { ...summary.merged });
    if (summary.failed.length > 0) {
      const reasons = summary.failed.map(({ type, reason }) => `${type}: ${reason}`);
      throw new Error(
        `rows stay in the landing table because they could not be merged; ${reasons.join('; ')}`,
      );
    }
    return summary;
  };
}
