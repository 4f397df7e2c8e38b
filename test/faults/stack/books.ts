/** What was seen of a fault on its way: its runs, and what was put for it. */
import type { RunSummary } from '../../../contract/feed.ts';
import { pollPage } from '../../../contract/ledger.ts';
import type { Database } from '../../../local/services/index.ts';

export class Sightings {
  /** Every run that took a lease, also one that died. */
  readonly runs = new Set<string>();
  readonly summaries: RunSummary[] = [];
  /** Entries of all PutRecords, those that were refused as well. */
  put = 0;
}

interface Balance {
  readonly emitted: number;
  readonly delivered: number;
  readonly rejected: number;
}

/** The ledger: run → record type → balance. */
export type Ledger = ReadonlyMap<string, ReadonlyMap<string, Balance>>;

export async function readLedger(warehouse: Database): Promise<Ledger> {
  const { rows } = await warehouse.query(
    'select run_id, record_type, emitted, delivered, rejected from heimdallr.ledger',
  );
  const ledger = new Map<string, Map<string, Balance>>();
  for (const { run_id, record_type, emitted, delivered, rejected } of rows) {
    const ofRun = ledger.get(String(run_id)) ?? new Map<string, Balance>();
    ledger.set(String(run_id), ofRun);
    const balance = { emitted: Number(emitted), delivered: Number(delivered), rejected: Number(rejected) };
    ofRun.set(String(record_type), balance);
  }
  return ledger;
}

export interface Audit {
  /** Runs that miss something. */
  readonly late: number;
  /** All runs balance, those that died as well, and say the same as their functions did. */
  readonly isExact: boolean;
  /** Entries put per entry booked. */
  readonly putsPerRecord: number;
}

export function audit({ runs, summaries, put }: Sightings, ledger: Ledger): Audit {
  const balances = [...runs].map((run) => [...(ledger.get(run)?.values() ?? [])]);
  const late = balances.filter((ofRun) => ofRun.some((one) => one.emitted > one.delivered + one.rejected));
  const isBalanced = balances.flat().every((one) => one.emitted === one.delivered + one.rejected);
  const isAsSaid = summaries
    .filter(({ pages }) => pages > 0)
    .every(({ run_id, pages, emitted }) =>
      Object.entries({ ...emitted, [pollPage.name]: pages }).every(
        ([type, count]) => (ledger.get(run_id)?.get(type)?.emitted ?? 0) === count,
      ),
    );
  const booked = balances.flat().reduce((sum, { emitted }) => sum + emitted, 0);
  return {
    late: late.length,
    isExact: isBalanced && isAsSaid,
    putsPerRecord: booked === 0 ? 0 : put / booked,
  };
}
