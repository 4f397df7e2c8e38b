/** `npm run faults -- --records N`: every fault on a fresh stack of its own, and the table of what came of it. */
import { UsageError } from '../../../operate/command-line.ts';
import type { StackFault } from './fault.ts';
import { plan } from './plan/index.ts';
import { openProject, type Project } from './project.ts';
import { Stage } from './stage.ts';
import { heading, line } from './table.ts';
import { broken, type Row, tryFaults } from './trial.ts';
import { openWarehouse } from './warehouse.ts';

export interface StackOptions {
  /** Occurrences per fault. */
  readonly records: number;
  readonly seed: number;
  /** A Postgres server on which each fault has a database of its own; null for the embedded Postgres. */
  readonly warehouse: string | null;
  readonly faults: readonly StackFault[];
  readonly write: (text: string) => void;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}

/**
 * Tries the faults and writes the table.
 * @returns true when every promise was kept.
 */
export async function runStack({ faults, write, ...options }: StackOptions): Promise<boolean> {
  const { records, seed, now } = options;
  const started = now();
  const project = await openProject();
  const failed: string[] = [];
  try {
    write(`${heading(faults)}\n`);
    for (const fault of faults) {
      const row = await tryOne(project, fault, options);
      write(`${line(row, faults)}\n`);
      if (broken(row).length > 0) failed.push(fault.name);
    }
  } finally {
    await project.close();
  }
  const minutes = ((now() - started) / 60_000).toFixed(1);
  write(`\n${faults.length} faults, ${records} occurrences each, seed ${seed}, ${minutes} minutes: `);
  write(failed.length === 0 ? 'nothing lost, nothing doubled\n' : `FAILED: ${failed.join(', ')}\n`);
  return failed.length === 0;
}

async function tryOne(
  project: Project,
  fault: StackFault,
  { records, seed, now, warehouse: server }: Omit<StackOptions, 'faults' | 'write'>,
): Promise<Row> {
  const warehouse = server === null ? null : await openWarehouse(server, `heimdallr_faults_${project.port}`);
  const warehouseUrl = warehouse?.url ?? null;
  let stage: Stage | null = null;
  try {
    stage = await Stage.start({ project, seed, speed: speedFor(records), warehouseUrl, isThorough: true });
    const [row] = await tryFaults(stage, [fault], { records, seconds: spanOf(records), now });
    if (row === undefined) throw new Error(`${fault.name} was not tried`);
    return row;
  } finally {
    await stage?.close();
    await warehouse?.drop();
  }
}

/**
 * The faults whose names contain one of these texts.
 * @throws {RangeError} when a text is in none.
 */
export function chosen(texts: readonly string[]): readonly StackFault[] {
  for (const text of texts) {
    if (!plan.some(({ name }) => name.includes(text)))
      throw new UsageError(`no fault is called ${JSON.stringify(text)}; --list names them all`);
  }
  return texts.length === 0 ? plan : plan.filter(({ name }) => texts.some((text) => name.includes(text)));
}

/** A COPY takes real time, which counts against its retries `speed` times: the more rows, the slower. */
const speedFor = (records: number): number => Math.max(40, Math.min(2400, Math.round(4_000_000 / records)));

/** Nearly a day of a busy project: the producer walks through many pages to the end of it, and reads a tenth again later. */
const spanOf = (records: number): number => Math.min(22 * 3600, Math.max(170, records));
