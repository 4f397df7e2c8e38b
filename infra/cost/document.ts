/** docs/cost.md: the bill of the configuration in the repository, what it rests on, and what would change it. */
import { byType } from './bill.ts';
import { PRICED_ON, PRICED_REGION, prices } from './prices.ts';
import { type Column, money, percent } from './report.ts';
import { assumptions } from './workload.ts';

export interface Choice {
  readonly name: string;
  readonly column: Column;
}

export interface Bills {
  /** One row of columns for each number of occurrences. */
  readonly volumes: readonly (readonly Column[])[];
  /** Other choices in the configuration, at its own freshness and the second volume. */
  readonly choices: readonly Choice[];
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const words = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The text of docs/cost.md. */
export function costDocument({ volumes, choices }: Bills): string {
  const [, middle = []] = volumes;
  const usual = middle.at(-1);
  const first = middle[0];
  if (usual === undefined || first === undefined)
    throw new RangeError('got no bills, expected three volumes');
  const minutes = middle.map(({ freshnessMinutes }) => `COPY every ${freshnessMinutes} min`);
  return `# What it costs

Written by \`npm run cost -- --write\` from the synthesised template of \`heimdallr.config.ts\`; a test compares. USD in a month of 730
hours, list prices of ${PRICED_REGION}, read on ${PRICED_ON}, before free tiers, discounts and taxes. Your own figures:

    npm run cost -- --occurrences 1000000 --freshness 5 --config heimdallr.config.ts

## The bill

${table(
  ['occurrences a month', ...minutes],
  volumes.map((columns) => [
    (columns[0]?.bill.occurrences ?? 0).toLocaleString('en-US'),
    ...columns.map(({ bill }) => money(bill.usd)),
  ]),
)}

The volume hardly matters; how often the warehouse is woken does. Each COPY and each run of the loader is billed as a minute at
least: at ${usual.freshnessMinutes} minutes the workgroup is awake for ${percent(usual.bill.awake)} of the month, at ${first.freshnessMinutes} for ${percent(first.bill.awake)}. That is the dear case, in which
no two of them fall together. A warehouse that is awake anyway, or a provisioned one, pays nothing for it.

At ${(usual.bill.occurrences).toLocaleString('en-US')} occurrences, by kind of resource:

${table(
  ['kind', 'how many', ...minutes],
  byType(usual.bill).map(({ type, count }) => [
    `\`${type}\``,
    String(count),
    ...middle.map(({ bill }) => money(byType(bill).find((each) => each.type === type)?.usd ?? 0)),
  ]),
)}

Of the total at ${usual.freshnessMinutes} minutes, ${money(usual.bill.unverifiedUsd)} rests on prices that were not verified.

## Other choices

At ${(usual.bill.occurrences).toLocaleString('en-US')} occurrences and ${usual.freshnessMinutes} minutes:

${table(
  ['choice', 'total'],
  [
    ['as configured', money(usual.bill.usd)],
    ...choices.map(({ name, column }) => [name, money(column.bill.usd)]),
  ],
)}

## Prices

${words(
  ['price', 'USD', 'for a', 'source', 'verified'],
  Object.entries(prices).map(([name, { usd, per, source, verified }]) => [
    `\`${name}\``,
    String(usd),
    per,
    source,
    verified ? 'yes' : '**no**',
  ]),
)}

## Assumptions

${words(
  ['what', 'value', 'from'],
  Object.values(assumptions).map(({ means, value, origin }) => [
    means,
    value.toLocaleString('en-US'),
    origin === 'measured' ? 'a local run' : 'an estimate',
  ]),
)}

Not on the bill: what the vendors charge, queries of your own (they wake the warehouse, too), traffic out of AWS (requests to the
vendors are small), \`redrive\`, \`backfill\` and the first load of the past, and the bucket of the CDK bootstrap.
`;
}
