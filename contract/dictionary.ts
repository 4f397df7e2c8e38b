/**
 * The data dictionary: every table and column in words, from the declarations, as Markdown.
 *
 * Whoever queries the tables reads it in the repository; the same words are comments in the warehouse itself.
 */
import { originColumns } from './envelope.ts';
import { impactTables } from './impact.ts';
import type { Producer } from './producer.ts';
import { type Columns, type RecordType, tableName } from './record.ts';
import { pipelineTables, SCHEMA, sqlType, type Table } from './redshift.ts';

/** A view over the tables; its file starts with a comment that says what it is. */
export interface Mart {
  readonly name: string;
  readonly sql: string;
}

const WRITTEN = '<!-- Written by `npm run dictionary` from the declarations; a test compares. -->';

/**
 * The dictionary of what there is whatever is polled: these record types and marts. The tables of a producer stand in
 * its own folder.
 */
export function dataDictionary(types: readonly RecordType[], marts: readonly Mart[]): string {
  return [
    '# Data dictionary',
    '',
    WRITTEN,
    '',
    `Everything stands in schema \`${SCHEMA}\`. Times are UTC. Widths of varchar are bytes of UTF-8. The tables of a`,
    'producer are in `producers/<name>/tables.md`.',
    '',
    '## Marts',
    '',
    ...marts.flatMap(martSection),
    '## Tables of the ranking',
    '',
    ...impactTables.flatMap(pipelineSection),
    '## Final tables',
    '',
    'One row per key, the newest observation of it. Beside their own columns all of them have:',
    '',
    ...columnTable(originColumns),
    '',
    ...types.flatMap(typeSection),
    '## Tables of the pipeline',
    '',
    ...pipelineTables.flatMap(pipelineSection),
  ].join('\n');
}

/** The tables of one producer. */
export function producerTables({ name, records }: Pick<Producer, 'name' | 'records'>): string {
  return [`# Tables of ${name}`, '', WRITTEN, '', ...records.flatMap(typeSection)].join('\n');
}

/**
 * What became narrower since this was written: a column that is gone, of another type, or holds less. Rows that were
 * there before, or are on their way, would no longer fit.
 * @param written by `producerTables`, before.
 * @returns each in words; none when every old row still fits.
 */
export function narrowings(written: string, types: readonly RecordType[]): readonly string[] {
  const found: string[] = [];
  let columns: Columns | null = null;
  let table = '';
  for (const line of written.split('\n')) {
    const [, heading] = /^### (\w+)$/.exec(line) ?? [];
    if (heading !== undefined) {
      table = heading;
      columns = types.find((type) => tableName(type) === heading)?.columns ?? null;
      continue;
    }
    const [, name = '', before = '', wasNullable] = /^\| `(\w+)` \| ([^|]+) \| (yes|no) \|/.exec(line) ?? [];
    // A version that is no longer declared is not narrower: its table stays as it is.
    if (name === '' || columns === null) continue;
    const column = columns[name];
    if (column === undefined) found.push(`${table}.${name} is gone`);
    else if (!isAtLeast(sqlType(column.type), before))
      found.push(`${table}.${name} was ${before} and is ${sqlType(column.type)}`);
    else if (wasNullable === 'yes' && !column.nullable) found.push(`${table}.${name} was nullable`);
  }
  return found;
}

const isAtLeast = (now: string, before: string): boolean => now === before || widthOf(now) > widthOf(before);

/** Bytes of a varchar; of every other type NaN, which is wider than nothing. */
const widthOf = (type: string): number => Number(/^varchar\((\d+)\)$/.exec(type)?.[1] ?? Number.NaN);

function martSection({ name, sql }: Mart): readonly string[] {
  const header = sql.split('\n').filter((line) => line.startsWith('--'));
  return [`### ${name}`, '', ...header.map((line) => escaped(line.slice(2).trim())), ''];
}

function typeSection(type: RecordType): readonly string[] {
  const keys = type.key.map((name) => `\`${name}\``).join(', ');
  return [
    `### ${tableName(type)}`,
    '',
    `${escaped(type.description)} Key: ${keys}. Happened at: \`${type.occurredAt}\`.`,
    '',
    ...columnTable(type.columns),
    '',
  ];
}

const pipelineSection = (table: Table): readonly string[] => [
  `### ${table.name}`,
  '',
  escaped(table.description),
  '',
  ...columnTable(table.columns),
  '',
];

function columnTable(columns: Columns): readonly string[] {
  return [
    '| column | type | null | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.entries(columns).map(([name, { type, nullable, description, identifiesPerson }]) => {
      const person = identifiesPerson
        ? ' Identifies a person: kept, hashed or dropped as the feed says.'
        : '';
      return `| \`${name}\` | ${sqlType(type)} | ${nullable ? 'yes' : 'no'} | ${escaped(description)}${person} |`;
    }),
  ];
}

/** Text that Markdown takes for nothing but text, in one cell of a table. */
const escaped = (text: string): string => text.replace(/[|<>*_`\\]/g, (mark) => `\\${mark}`);
