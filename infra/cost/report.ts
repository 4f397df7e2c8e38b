/** The bills of one installation side by side, for a person, for docs/cost.md and for scripts. */
import { type Bill, byType, type Line } from './bill.ts';
import { PRICED_ON, PRICED_REGION, prices } from './prices.ts';

/** A bill at one freshness. */
export interface Column {
  readonly freshnessMinutes: number;
  readonly bill: Bill;
}

export const money = (usd: number): string =>
  usd > 0 && usd < 0.005
    ? '<0.01'
    : usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Lines for a terminal: every resource that costs something, once per freshness. */
export function reportLines(columns: readonly Column[]): readonly string[] {
  const [first] = columns;
  if (first === undefined) return [];
  const paths = costly(columns);
  const width = Math.max(...paths.map((path) => path.length), 'awake, share of the month'.length);
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(12)).join('')}`;
  return [
    `${first.bill.occurrences.toLocaleString('en-US')} occurrences a month, USD, ${PRICED_REGION}, prices of ${PRICED_ON}, before free tiers and taxes`,
    '',
    row(
      'a COPY every',
      columns.map(({ freshnessMinutes }) => `${freshnessMinutes} min`),
    ),
    ...paths.map((path) =>
      row(
        path,
        columns.map(({ bill }) => money(lineOf(bill, path)?.usd ?? 0)),
      ),
    ),
    row(
      'total',
      columns.map(({ bill }) => money(bill.usd)),
    ),
    row(
      'of it at unverified prices',
      columns.map(({ bill }) => money(bill.unverifiedUsd)),
    ),
    row(
      'awake, share of the month',
      columns.map(({ bill }) => percent(bill.awake)),
    ),
    ...(first.bill.isWarehouseElsewhere
      ? [
          '',
          'The warehouse is not the stack’s own: what it costs to be awake for that share of the month is not on this bill.',
        ]
      : []),
  ];
}

const lineOf = ({ lines }: Bill, path: string): Line | undefined => lines.find((line) => line.path === path);

/** Paths of what costs a cent or more in one of the bills, the dearest of the last first. */
function costly(columns: readonly Column[]): readonly string[] {
  const shown = columns.flatMap(({ bill }) =>
    bill.lines.filter(({ usd }) => usd >= 0.005).map(({ path }) => path),
  );
  const wanted = new Set(shown);
  const order = columns.at(-1)?.bill.lines.map(({ path }) => path) ?? [];
  return [
    ...order.filter((path) => wanted.has(path)),
    ...[...wanted].filter((path) => !order.includes(path)),
  ];
}

/** The same as one JSON object. */
export const reportJson = (columns: readonly Column[]): string =>
  JSON.stringify({
    pricedOn: PRICED_ON,
    region: PRICED_REGION,
    bills: columns.map(({ freshnessMinutes, bill }) => ({
      freshnessMinutes,
      occurrences: bill.occurrences,
      usd: cents(bill.usd),
      unverifiedUsd: cents(bill.unverifiedUsd),
      awake: bill.awake,
      types: byType(bill).map((each) => ({ ...each, usd: cents(each.usd) })),
      resources: bill.lines
        .filter(({ usd }) => usd > 0)
        .map(({ id, type, path, usd, charges }) => ({
          ...{ id, type, path, usd: cents(usd) },
          charges: charges.map((each) => ({ ...each, usd: cents(each.usd), per: prices[each.price].per })),
        })),
    })),
  });

const cents = (usd: number): number => Math.round(usd * 1e4) / 1e4;
