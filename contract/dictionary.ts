/**
 * The data dictionary: every table and column in words, from the declarations, as Markdown.
 *
 * Whoever queries the tables reads it in the repository; the same words are comments in the warehouse itself.
 */
import { originColumns } from './envelope.ts';
import { type Columns, type RecordType, tableName } from './record.ts';
import { landingTable, receiptTable, SCHEMA, sqlType, type Table } from './redshift.ts';

/** A view over the tables; its file starts with a comment that says what it is. */
export interface Mart {
  readonly name: string;
  readonly sql: string;
}

/** The dictionary of these record types and marts. */
export function dataDictionary(types: readonly RecordType[], marts: readonly Mart[]): string {
  return [
    '# Data dictionary',
    '',
    '<!-- Written by `node infra/dictionary.ts` from the declarations; a test compares. -->',
    '',
    `Everything stands in schema \`${SCHEMA}\`. Times are UTC. Widths of varchar are bytes of UTF-8.`,
    '',
    '## Marts',
    '',
    ...marts.flatMap(martSection),
    '## Final tables',
    '',
    'One row per key, the newest observation of it. Beside their own columns all of them have:',
    '',
    ...columnTable(originColumns),
    '',
    ...types.flatMap(typeSection),
    '## Tables of the pipeline',
    '',
    ...[landingTable, receiptTable].flatMap(pipelineSection),
  ].join('\n');
}

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
