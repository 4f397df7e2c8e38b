/**
 * A model of the warehouse behind the Data API: transactions with snapshots and one lock, none of whose tables
 * enforces a key.
 *
 * Statements run after one another while other transactions and COPYs go on; a transaction that was submitted goes
 * on when its submitter is dead.
 */
import type { Envelope } from '../../../contract/envelope.ts';
import type { DataApi } from '../../../warehouse/sql.ts';
import type { Process, Trouble } from './process.ts';
import {
  type Landed,
  landedCounts,
  questions,
  type Step,
  type Tables,
  type Transaction,
} from './statements.ts';
import type { Timeline } from './time.ts';

/** What was committed, in its order: enough to do the same to a real database. */
export type Committed = { readonly landed: readonly Envelope[] } | { readonly ran: readonly string[] };

interface Submitted {
  status: 'STARTED' | 'FINISHED' | 'FAILED';
  error: string | null;
  failedStatement: number;
  rows: readonly (readonly string[])[];
}

const asked = questions();

export class Warehouse {
  tables: Tables = { landing: [], finals: new Map(), receipts: new Map() };
  readonly journal: Committed[] = [];
  readonly #submitted = new Map<string, Submitted>();
  readonly #timeline: Timeline;
  readonly #trouble: Trouble;
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #isOneTransaction: boolean;
  readonly #copied = new Set<string>();
  #owner: Transaction | null = null;
  #waiting: (() => void)[] = [];

  /** @param isOneTransaction false: every statement is a transaction of its own, as without BEGIN */
  constructor(
    timeline: Timeline,
    trouble: Trouble,
    steps: ReadonlyMap<string, Step>,
    isOneTransaction: boolean,
  ) {
    this.#timeline = timeline;
    this.#trouble = trouble;
    this.#steps = steps;
    this.#isOneTransaction = isOneTransaction;
  }

  /** A COPY into the landing table; it waits while the table is locked. */
  async copy(envelopes: readonly Envelope[]): Promise<void> {
    await this.#unlocked();
    const rows = envelopes.map((envelope) => ({ envelope }));
    for (const { run_id, seq } of envelopes) {
      const id = `${run_id} ${seq}`;
      if (this.#copied.has(id)) this.#trouble.count('row copied again');
      this.#copied.add(id);
    }
    this.tables = { ...this.tables, landing: [...this.tables.landing, ...rows] };
    this.journal.push({ landed: envelopes });
  }

  /** The Data API as a process reaches it. */
  api(process: Process): DataApi {
    return {
      submit: (statements) => this.#trouble.call(process, 'submit', () => this.#submit(statements)),
      describe: (id) => this.#trouble.call(process, 'describe', () => this.#found(id)),
      rows: (id) => this.#trouble.call(process, 'rows', () => this.#found(id).rows),
    };
  }

  #found(id: string): Submitted {
    const found = this.#submitted.get(id);
    if (found === undefined) throw new Error(`nothing was submitted as ${id}`);
    return found;
  }

  #submit(statements: readonly string[]): string {
    const id = `statement-${this.#submitted.size + 1}`;
    const submitted: Submitted = { status: 'STARTED', error: null, failedStatement: 0, rows: [] };
    this.#submitted.set(id, submitted);
    this.#timeline.start(async () => {
      const [only = ''] = statements;
      const { landed, metrics } = await asked;
      if (statements.length === 1 && (only === landed || metrics.has(only))) {
        await this.#unlocked();
        submitted.rows = only === landed ? landedCounts(this.tables) : [];
        submitted.status = 'FINISHED';
      } else {
        await this.#run(statements, submitted);
      }
    });
    return id;
  }

  async #run(statements: readonly string[], submitted: Submitted): Promise<void> {
    const transaction = this.#begin();
    let hasSnapshot = false;
    for (const [index, statement] of statements.entries()) {
      const step = this.#steps.get(statement);
      if (step === undefined) throw new Error(`the model does not know the statement: ${statement}`);
      const { call, what } = this.#trouble.next('statement');
      await this.#timeline.delay(2 + Math.floor(this.#trouble.chance('statement', call) ** 6 * 2_000));
      const problem =
        what === 'conflict'
          ? 'ERROR: 1023'
          : what === 'fails' || this.#trouble.isAway('warehouse')
            ? 'the warehouse was restarted'
            : null;
      if (problem !== null) {
        this.#end(transaction);
        Object.assign(submitted, { status: 'FAILED', error: problem, failedStatement: index });
        return;
      }
      if (step === 'lock') {
        if (this.#isOneTransaction) await this.#lock(transaction);
        continue;
      }
      // The first statement that reads takes the snapshot; a LOCK before it comes in time.
      if (!hasSnapshot || !this.#isOneTransaction) transaction.tables = this.tables;
      hasSnapshot = true;
      step(transaction);
      if (!this.#isOneTransaction) this.#commit(transaction);
    }
    const isConflict = [...transaction.deleted].some((row) => !this.tables.landing.includes(row));
    if (isConflict && this.#isOneTransaction) {
      this.#trouble.count('transactions in conflict');
      Object.assign(submitted, { status: 'FAILED', error: 'ERROR: 1023 serializable isolation violation' });
    } else {
      this.#commit(transaction);
      this.journal.push({ ran: statements });
      submitted.status = 'FINISHED';
    }
    this.#end(transaction);
  }

  #begin(): Transaction {
    return { tables: this.tables, batch: new Map(), deleted: new Set(), booked: [], merged: new Map() };
  }

  #commit({ deleted, booked, merged }: Transaction): void {
    const { landing, finals, receipts } = this.tables;
    const isKept = (row: Landed): boolean => !deleted.has(row);
    const allReceipts = new Map(receipts);
    for (const receipt of booked) {
      const id = `${receipt.run_id} ${receipt.seq}`;
      allReceipts.set(id, [...(allReceipts.get(id) ?? []), receipt]);
    }
    this.tables = {
      landing: deleted.size === 0 ? landing : landing.filter(isKept),
      finals: new Map([...finals, ...merged]),
      receipts: booked.length === 0 ? receipts : allReceipts,
    };
    deleted.clear();
    booked.length = 0;
    merged.clear();
  }

  async #unlocked(): Promise<void> {
    while (this.#owner !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #lock(transaction: Transaction): Promise<void> {
    if (this.#owner !== null) this.#trouble.count('waited for a lock');
    await this.#unlocked();
    this.#owner = transaction;
  }

  #end(transaction: Transaction): void {
    if (this.#owner !== transaction) return;
    this.#owner = null;
    for (const resume of this.#waiting.splice(0)) this.#timeline.at(this.#timeline.now, resume);
  }
}
