/** The table of the faults, printed row by row as they come. */
import type { StackFault } from './fault.ts';
import { broken, type Row } from './trial.ts';

const COLUMNS: readonly (readonly [heading: string, (row: Row) => string | number])[] = [
  ['struck', (row) => row.struck],
  ['records', (row) => row.facts],
  ['lost', (row) => row.lost],
  ['doubled', (row) => row.doubled],
  ['wrong', (row) => row.wrong],
  ['ledger', (row) => (row.isLedgerExact ? 'exact' : 'WRONG')],
  ['late runs', (row) => row.lateRuns],
  ['puts/record', (row) => row.putsPerRecord.toFixed(3) + (row.fault.repeats === true ? '*' : ' ')],
  ['seconds', (row) => row.seconds.toFixed(1)],
];

export function heading(faults: readonly StackFault[]): string {
  return [nameWidth(faults, 'fault'), ...COLUMNS.map(([text]) => text)].join('  ');
}

/** A row, and below it what is wrong with it. */
export function line(row: Row, faults: readonly StackFault[]): string {
  const cells = COLUMNS.map(([text, value]) => String(value(row)).padStart(text.length));
  const problems = broken(row);
  return [
    [nameWidth(faults, row.fault.name), ...cells].join('  '),
    ...(problems.length === 0
      ? []
      : [`  FAILED: ${problems.join('; ')}`, ...row.examples.map((one) => `    ${one}`)]),
  ].join('\n');
}

const nameWidth = (faults: readonly StackFault[], name: string): string =>
  name.padEnd(Math.max(...faults.map((fault) => fault.name.length)));
