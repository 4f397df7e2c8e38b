/**
 * The live view: one table, a row per record type, a column per stop on the way. On a terminal it is drawn in
 * place; elsewhere a line is printed when something has changed.
 */
import type { Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import { impactTables } from '../../contract/impact.ts';
import type { DeliveryStats } from '../services/index.ts';
import type { Progress } from './progress.ts';

/** What the view cannot learn from events: read from the warehouse and the delivery streams. */
export interface Readings {
  /** Record type → records in final tables, by receipt. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Final table → rows. */
  readonly rows: Readonly<Record<string, number>>;
  readonly deliveries: readonly DeliveryStats[];
  /** Seconds since the newest page that reached the warehouse was polled; null before the first. */
  readonly freshnessSeconds: number | null;
}

const count = (value: number | undefined): string =>
  value === undefined ? '·' : value.toLocaleString('en-US');

/** The view as lines of text. */
export function draw(progress: Progress, readings: Readings, now: Date): readonly string[] {
  const filled = Object.keys(readings.rows).filter((table) => (readings.rows[table] ?? 0) > 0);
  const types = [...new Set([...Object.keys(progress.polled), ...filled])]
    .filter((type) => !impactTables.some(({ name }) => name === type))
    .sort();
  const header = ['', 'polled', 'rejected', 'merged', 'rows'];
  const table = types.map((type) => [
    type,
    count(progress.polled[type]),
    count(progress.rejected[type]),
    count(readings.delivered[type]),
    count(readings.rows[type]),
  ]);
  return [
    ...aligned([header, ...table]).map((line, index) => (index === 0 ? styleText('dim', line) : line)),
    '',
    `transform   ${count(progress.accepted)} accepted, ${count(total(progress.rejected))} rejected`,
    ...readings.deliveries.map(delivery),
    `freshness   ${readings.freshnessSeconds === null ? 'nothing has arrived yet' : `newest poll in the warehouse is ${Math.round(readings.freshnessSeconds)} s old`}`,
    ...[...progress.feeds.values()].map(
      ({ feed, runs, unchanged, last, lastAt }) =>
        `feed        ${feed}: ${last.outcome.replace('_', ' ')}, ${runs} runs, last ${seconds(now, lastAt)} s ago, ${count(unchanged)} unchanged records not sent again`,
    ),
    ...progress.troubles.map((line) => styleText('yellow', `trouble     ${line}`)),
  ];
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, one) => sum + one, 0);

const delivery = (stats: DeliveryStats): string => {
  const copies =
    stats.copiesOk + stats.copiesFailed + stats.copiesSkipped === 0
      ? ''
      : `, ${count(stats.copiesOk)} COPYs, ${count(stats.rowsCopied)} rows copied`;
  const trouble = stats.copiesFailed === 0 ? '' : `, ${stats.copiesFailed} failed (${stats.lastError ?? ''})`;
  const buffered = stats.bufferedBytes === 0 ? '' : `, ${Math.ceil(stats.bufferedBytes / 1024)} KB buffered`;
  return `delivery    ${stats.stream}: ${count(stats.objects)} objects${copies}${buffered}${trouble}`;
};

const seconds = (now: Date, then: Date): number =>
  Math.max(0, Math.round((now.getTime() - then.getTime()) / 1000));

/** Columns side by side: the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart((widths[column] ?? 0) + 2),
      )
      .join(''),
  );
}

/** The same for a table whose last column is text, and stands to the left. */
export function columnsOfText(rows: readonly (readonly string[])[]): readonly string[] {
  const numbers = aligned(rows.map((row) => ['', ...row.slice(0, -1)]));
  return rows.map((row, index) => `${numbers[index] ?? ''}  ${row.at(-1) ?? ''}`);
}

/** Draws in place on a terminal, prints what changed elsewhere. Its lifetime is one session. */
export class Screen {
  readonly #out: Writable & { isTTY?: boolean; columns?: number };
  #drawn = 0;
  #last = '';

  constructor(out: Writable & { isTTY?: boolean; columns?: number }) {
    this.#out = out;
  }

  show(lines: readonly string[]): void {
    if (this.#out.isTTY !== true) {
      const table = stripVTControlCharacters(
        lines.filter((line) => !line.startsWith('freshness') && !line.startsWith('feed')).join('\n'),
      );
      if (table !== this.#last) this.#out.write(`${stripVTControlCharacters(lines.join('\n'))}\n\n`);
      this.#last = table;
      return;
    }
    this.clear();
    const width = this.#out.columns ?? 120;
    const fitting = lines.map((line) =>
      stripVTControlCharacters(line).length < width
        ? line
        : stripVTControlCharacters(line).slice(0, width - 1),
    );
    this.#out.write(`${fitting.join('\n')}\n`);
    this.#drawn = fitting.length;
  }

  /** Takes the drawing away, so that lines can be printed above the next one. */
  clear(): void {
    if (this.#drawn > 0) this.#out.write(`\u001B[${this.#drawn}A\u001B[0J`);
    this.#drawn = 0;
  }

  print(line: string): void {
    this.clear();
    this.#out.write(`${line}\n`);
  }
}
