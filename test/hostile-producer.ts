/**
 * A producer that says whatever can be said, and is never deployed: what no vendor's documentation promises not to
 * send.
 */
import {
  bigint,
  integer,
  nullable,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../contract/columns.ts';
import { parseJson } from '../contract/numbers.ts';
import { defineProducer, type Page } from '../contract/producer.ts';
import { defineRecord, type Emitted } from '../contract/record.ts';

/** Its columns are called what SQL would rather keep for itself. */
export const hostileFact = defineRecord({
  name: 'hostile_fact',
  version: 1,
  description: 'A fact of a vendor that means harm.',
  key: ['user', 'group'],
  occurredAt: 'timestamp',
  columns: {
    user: varchar(200, 'Half of the key.'),
    group: integer('The other half.'),
    timestamp: timestamp('When it was said, UTC; the same for all.'),
    select: nullable(varchar(65_535, 'Text.')),
    order: nullable(bigint('Digits.')),
    table: nullable(superJson(900 * 1024, 'Anything.')),
    truncated_fields: truncatedFields(),
  },
});

const SAID_AT = '2026-11-23T18:00:00Z';

function fact(user: string, group: number, values: Emitted['values'] = {}): Emitted {
  return {
    type: hostileFact,
    values: { user, group, timestamp: SAID_AT, select: null, order: null, table: null, ...values },
  };
}

/** Text that must arrive exactly as it was said. */
export const harmless: Readonly<Record<string, string>> = {
  empty: '',
  blanks: '   ',
  'the word null': 'null',
  quotes: `'single' "double" \`back\` ''twice'' ""twice""`,
  injection: `'); drop table heimdallr.landing; --`,
  backslashes: 'C:\\new\\table \\\\ \\" \\u0041 \\0',
  newlines: 'one\ntwo\r\nthree\rfour\u2028five\u2029six',
  'control characters': '\u0001\u0002\t\v\f\u001b[31m\u007f',
  delimiters: 'a|b,c;d\te^f~g',
  'JSON in text': '{"record_type":"poll_page","seq":1}\n{"record_type":"poll_page"}',
  'four-byte characters': '🚀😀𝒳𠜎',
  combining: 'e\u0301 \u202eright to left\u202c Z̷a̷l̷g̷o̷',
  'as long as the column': 'x'.repeat(65_535),
  'as long in bytes': '🚀'.repeat(16_383),
};

/** Text that Redshift would refuse or change, and what becomes of it. */
export const repaired: Readonly<Record<string, readonly [said: string, kept: string]>> = {
  NUL: ['a\u0000b\u0000', 'ab'],
  'a lone surrogate': ['half \ud83d a pair', 'half \ufffd a pair'],
  'a noncharacter': ['no\uffffthing', 'no\ufffdthing'],
};

/** JSON text whose digits a double would lose, and what becomes of it. */
export const numbers: Readonly<Record<string, readonly [said: string, kept: unknown]>> = {
  'beyond 2^53': ['{"n":9007199254740993}', { n: '9007199254740993' }],
  'beyond 2^64': [
    '[18446744073709551616,-18446744073709551616]',
    ['18446744073709551616', '-18446744073709551616'],
  ],
  'more digits than a double': ['{"pi":3.14159265358979323846}', { pi: '3.14159265358979323846' }],
  'beyond a double': ['{"e":1e400}', { e: '1e400' }],
  'exact ones': ['{"a":1,"b":-0.5,"c":1e3}', { a: 1, b: -0.5, c: 1000 }],
};

/** Nested so deep. */
const nested = (depth: number): unknown => {
  let value: unknown = 'the bottom';
  for (let n = 0; n < depth; n += 1) value = { deeper: value };
  return value;
};

export const MANY = 10_000;

/** Says everything in one poll: no records, all of the above, one fact three times at one time, and ten thousand. */
async function* poll(): AsyncGenerator<Page<number>> {
  yield { records: [], cursor: 0 };
  const texts = Object.entries({
    ...harmless,
    ...Object.fromEntries(Object.entries(repaired).map(([k, [said]]) => [k, said])),
  });
  yield {
    records: texts.map(([name, text], index) =>
      fact(name, index, { select: text, table: { text, [name]: [text] } }),
    ),
    cursor: 1,
  };
  const said = Object.entries(numbers);
  yield {
    records: said.map(([name, [json]]) =>
      fact(name, -1, { table: parseJson(json), order: '-9223372036854775808' }),
    ),
    cursor: 2,
  };
  yield {
    records: [
      fact('a megabyte', -2, { select: 'm'.repeat(1_000_000), table: { text: '€'.repeat(1_000_000) } }),
      fact('depth 900', -2, { table: nested(900) }),
      fact('no object', -2, { table: 'text' }),
    ],
    cursor: 3,
  };
  yield {
    records: ['first', 'second', 'third'].map((select) => fact('said three times', 0, { select })),
    cursor: 4,
  };
  yield {
    records: Array.from({ length: MANY }, (_, n) => fact('one of many', n)),
    cursor: 5,
    isCaughtUp: true,
  };
}

export const hostile = defineProducer({
  name: 'hostile',
  description: 'For tests.',
  records: [hostileFact],
  baseUrl: 'http://127.0.0.1:1',
  secret: { description: 'Any text.', headers: () => ({}) },
  waitSeconds: () => null,
  refusal: () => null,
  settings: {},
  everyMinutes: 1,
  poll,
});
