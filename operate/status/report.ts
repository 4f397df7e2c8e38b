/** How a pipeline is, for a person and for a script. */
import { count, many, spoken } from '../program.ts';
import type { FeedReading, Readings } from './readings.ts';

const HEAD = [
  'feed',
  'polled',
  'fresh',
  'newest fact',
  'p95 to row',
  'open',
  'complete',
  'in flight',
  'late',
];

export function reportLines(readings: Readings, problems: readonly string[]): readonly string[] {
  const { feeds, rejects, skipped, givenUp, landed } = readings;
  return [
    ...aligned([HEAD, ...feeds.map(cells)]),
    '',
    `landed     ${many(landed, 'row')} on the way into the final tables`,
    ...(rejects.length === 0 ? ['rejected   nothing in the last day'] : []),
    ...rejects.map(({ type, reason, records }) => `rejected   ${count(records)}  ${type}: ${reason}`),
    `given up   ${many(givenUp, 'object')}`,
    `skipped    ${many(skipped.length, 'manifest')}`,
    '',
    ...(problems.length === 0 ? ['healthy'] : problems.map((problem) => `problem    ${problem}`)),
  ];
}

function cells({ feed, ledger, open, ...reading }: FeedReading): readonly string[] {
  const ago = (seconds: number | null): string => (seconds === null ? 'never' : spoken(seconds * 1000));
  return [
    feed,
    reading.waitsSeconds === null
      ? ago(reading.cursorAgeSeconds)
      : `waits ${spoken(reading.waitsSeconds * 1000)}`,
    ago(reading.freshnessSeconds),
    ago(reading.newestFactSeconds),
    reading.p95Seconds === null ? '·' : spoken(reading.p95Seconds * 1000),
    count(open),
    ...[ledger.complete, ledger.in_flight, ledger.late].map((runs) => (runs === 0 ? '·' : count(runs))),
  ];
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

/** The last line of `--json`. */
export const reportJson = (readings: Readings, problems: readonly string[]): string =>
  JSON.stringify({ healthy: problems.length === 0, problems, ...readings });
