/** The campaign of `npm run faults -- --explore N [--seed N]`: its progress, its findings and what it contained. */
import { explore, report } from './explore.ts';

/** Fewer schedules than this need not contain everything. */
const FULL = 1000;

/**
 * Explores, and writes what came of it.
 * @returns true when every promise was kept and the campaign was one
 */
export async function runExplorer(options: {
  readonly schedules: number;
  readonly seed: number;
  readonly write: (text: string) => void;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}): Promise<boolean> {
  const { schedules, seed, write, now } = options;
  const started = now();
  const step = Math.max(1, Math.floor(schedules / 20));
  const explored = await explore({
    seed,
    schedules,
    twinEvery: Math.max(1, Math.floor(schedules / 50)),
    onProgress(done) {
      if (done % step === 0 || done === schedules) write(`${done} of ${schedules} schedules\n`);
    },
  });
  for (const failure of explored.failures) write(`\n${report(failure)}\n`);
  write(`\n${table(explored.counts)}\n`);
  const isVoid = schedules >= FULL && explored.failures.length === 0 && explored.missing.length > 0;
  if (isVoid) write(`\nvoid: it never came to ${explored.missing.join(', ')}\n`);
  const seconds = ((now() - started) / 1000).toFixed(1);
  const outcome =
    explored.failures.length === 0 ? 'every promise was kept' : `${explored.failures.length} broken`;
  write(`\n${explored.schedules} schedules from seed ${seed} in ${seconds} s: ${outcome}\n`);
  return explored.failures.length === 0 && !isVoid;
}

/** What happened how often, in two columns. */
function table(counts: Readonly<Record<string, number>>): string {
  const lines = Object.entries(counts)
    .sort(([one], [other]) => one.localeCompare(other, 'en'))
    .map(([what, count]) => `${what.padEnd(34)}${String(count).padStart(9)}`);
  const half = Math.ceil(lines.length / 2);
  return lines
    .slice(0, half)
    .map((line, index) => `${line}    ${lines[half + index] ?? ''}`.trimEnd())
    .join('\n');
}
