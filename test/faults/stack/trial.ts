/** Lets faults strike a stage, one after another, and judges what is in the tables afterwards. */
import { audit, readLedger, type Sightings } from './books.ts';
import { compare, type Difference, nothing } from './compare.ts';
import type { StackFault } from './fault.ts';
import type { Stage } from './stage.ts';

/** What came of a fault. */
export interface Row extends Difference {
  readonly fault: StackFault;
  /** How often it struck. */
  readonly struck: number;
  readonly isLedgerExact: boolean;
  readonly lateRuns: number;
  /** Entries put per entry booked. */
  readonly putsPerRecord: number;
  readonly seconds: number;
  /** The trial itself broke off: why. */
  readonly problem: string | null;
}

export interface TrialOptions {
  /** Occurrences per fault. */
  readonly records: number;
  /** Over how many seconds they are spread, up to now. */
  readonly seconds: number;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}

interface Tried {
  readonly fault: StackFault;
  readonly slice: number;
  readonly struck: number;
  readonly sightings: Sightings;
  readonly milliseconds: number;
  readonly problem: string | null;
}

/** Quiet minutes between two slices, so that one does not fall into the look-back of the next. */
const QUIET_SECONDS = 11 * 60;

/** Tries faults on one stage: each has a slice of its own, and all are judged by the same tables. */
export async function tryFaults(
  stage: Stage,
  faults: readonly StackFault[],
  options: TrialOptions,
): Promise<readonly Row[]> {
  const tried: Tried[] = [];
  for (const fault of faults) tried.push(await tryFault(stage, fault, options));
  const started = options.now();
  const problem = await drain(stage).then(() => null, messageOf);
  const differences = await compare(stage.services.warehouse, stage.vendor.facts());
  const ledger = await readLedger(stage.services.warehouse);
  const share = (options.now() - started) / faults.length;
  // Rows of nothing that the vendor holds may be anybody's.
  const strangers = differences.get(0)?.wrong ?? 0;
  return tried.map((one) => {
    const difference = differences.get(one.slice) ?? nothing();
    const { late, isExact, putsPerRecord } = audit(one.sightings, ledger);
    return {
      ...{ fault: one.fault, struck: one.struck, isLedgerExact: isExact, lateRuns: late },
      ...difference,
      wrong: difference.wrong + strangers,
      putsPerRecord,
      seconds: (one.milliseconds + share) / 1000,
      problem: one.problem ?? problem,
    };
  });
}

async function drain(stage: Stage): Promise<void> {
  await stage.pollAllItems();
  await stage.land();
  await stage.loadAll();
}

async function tryFault(
  stage: Stage,
  fault: StackFault,
  { records, seconds, now }: TrialOptions,
): Promise<Tried> {
  const started = now();
  stage.clock.advance(QUIET_SECONDS);
  const sightings = stage.watch();
  const slice = await stage.vendor.pour(Math.min(records, fault.atMost ?? records), seconds);
  let struck = 0;
  let problem: string | null = null;
  try {
    struck = await fault.strike(stage);
  } catch (error) {
    problem = messageOf(error);
  }
  stage.hooks.disarm();
  stage.vendor.setFaults([]);
  // Landed, too: what goes wrong with the next one's rows is not to happen to these.
  await stage
    .pollToTheEnd()
    .then(() => stage.land())
    .catch((error: unknown) => {
      problem ??= messageOf(error);
    });
  return { fault, slice, struck, sightings, milliseconds: now() - started, problem };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The most entries put per entry booked, where a fault does not cause repeats itself. */
const MAX_PUTS_PER_RECORD = 1.01;

/** What is wrong with a row; nothing when every promise was kept. */
export function broken(row: Row): readonly string[] {
  const { fault, struck, problem, lost, doubled, wrong, isLedgerExact, putsPerRecord } = row;
  return [
    ...(problem === null ? [] : [problem]),
    ...(struck === 0 ? ['void: it never struck'] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(doubled > 0 ? [`${doubled} doubled`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(isLedgerExact ? [] : ['the ledger does not balance']),
    ...(fault.repeats !== true && putsPerRecord > MAX_PUTS_PER_RECORD
      ? [`${putsPerRecord.toFixed(3)} puts per record`]
      : []),
  ];
}
