/**
 * Damages: envelopes with exactly one thing wrong, each of which a validator must refuse.
 *
 * They are what the table of COPY's conditions warns of: what would fail the load of everybody's rows, or load as
 * something else without a word. Derived from the declaration, so a new record type is tested as it is declared.
 */
import { type Column, type ColumnType, type JsonValue, MAX_STRING_BYTES } from './columns.ts';
import { type Envelope, recordKey } from './envelope.ts';
import type { RecordType } from './record.ts';
import { MAX_SUPER_DEPTH } from './super.ts';

export interface Damage {
  /** What was done, as in `body.title: one byte too long`. */
  readonly name: string;
  readonly envelope: unknown;
}

/** Every single-field damage of a valid envelope. */
export function damaged(type: RecordType, envelope: Envelope): readonly Damage[] {
  const damages: Damage[] = [];
  for (const [name, value, what] of ENVELOPE) {
    damages.push({ name: `${name}: ${what}`, envelope: { ...envelope, [name]: value } });
  }
  for (const name of Object.keys(envelope)) {
    damages.push({ name: `${name}: missing`, envelope: without(envelope, name) });
  }
  damages.push({ name: 'undeclared property', envelope: { ...envelope, extra: 1 } });
  damages.push({ name: 'body: undeclared column', envelope: inBody(envelope, 'extra_column', 1) });
  for (const [name, column] of Object.entries(type.columns)) {
    const lacking = without(envelope.body, name);
    if (!column.nullable) {
      damages.push({ name: `body.${name}: missing`, envelope: { ...envelope, body: lacking } });
    } else {
      const renamed = { ...lacking, [`${name}_`]: null };
      damages.push({ name: `body.${name}: renamed`, envelope: { ...envelope, body: renamed } });
    }
    const isKey = type.key.includes(name);
    for (const [what, value] of badValues(column, isKey)) {
      const changed = inBody(envelope, name, value);
      // A record key that follows from the bad value: nothing but the value is then wrong.
      const rekeyed = isKey ? { ...changed, record_key: recordKey(type, changed.body) } : changed;
      damages.push({ name: `body.${name}: ${what}`, envelope: rekeyed });
    }
  }
  return damages;
}

const ENVELOPE: readonly (readonly [keyof Envelope, unknown, string])[] = [
  ['record_key', 'of/another/fact', 'does not follow from the body'],
  ['record_version', '1', 'text'],
  ['feed', 'f'.repeat(129), 'one byte too long'],
  ['feed', null, 'null'],
  ['run_id', `${'é'.repeat(20)}x`, 'one byte too long'],
  ['seq', 0, 'below one'],
  ['seq', 2 ** 31, 'above an integer'],
  ['seq', 1.5, 'a fraction'],
  ['observed_at', '2026-11-23T18:30:00+01:00', 'an offset, which COPY ignores'],
  ['body', null, 'null'],
  ['body', [], 'an array'],
];

type Bad = readonly [what: string, value: unknown];

function badValues(column: Column, isKey: boolean): readonly Bad[] {
  const bad = [...ofType(column.type)];
  if (!column.nullable) bad.push(['null', null]);
  if (isKey && column.type.kind === 'varchar') bad.push(['a blank at the end of a key', 'x ']);
  return bad;
}

/** Values that are no value of the type, as good as they may look. */
function ofType(type: ColumnType): readonly Bad[] {
  switch (type.kind) {
    case 'varchar':
      return [
        ['one byte too long', 'x'.repeat(type.bytes + 1)],
        // As many characters as the column has bytes, or fewer: only counting bytes shows it.
        ['too long in bytes only', '🚀'.repeat(Math.floor(type.bytes / 4) + 1)],
        ...UNSAFE.map(([what, text]): Bad => [what, text]),
        ['a number', 1],
        ['an object', {}],
        ['a boolean', true],
      ];
    case 'super':
      return [
        ['a string one byte too long', { deep: ['x'.repeat(MAX_STRING_BYTES + 1)] }],
        ['a key one byte too long', { ['k'.repeat(MAX_STRING_BYTES + 1)]: 1 }],
        ...UNSAFE.flatMap(([what, text]): readonly Bad[] => [
          [`${what} in a string`, { a: [text] }],
          [`${what} in a key`, { [text]: 1 }],
        ]),
        ['a whole number beyond 2^53', { id: 2 ** 53 }],
        ['too deep', nested(MAX_SUPER_DEPTH + 1)],
        [
          'larger than declared',
          Array.from({ length: Math.ceil(type.maxBytes / 1000) + 1 }, () => 'x'.repeat(997)),
        ],
      ];
    case 'smallint':
      return [...WHOLE, ['above the range', 2 ** 15], ['below the range', -(2 ** 15) - 1]];
    case 'integer':
      return [...WHOLE, ['above the range', 2 ** 31], ['below the range', -(2 ** 31) - 1]];
    case 'bigint':
      return [
        '9223372036854775808',
        '-9223372036854775809',
        '1.0',
        '1e3',
        '+1',
        '01',
        ' 1',
        '',
        '-0',
        '٣',
        5,
      ].map(looksLike);
    case 'decimal': {
      const whole = type.precision - type.scale;
      return [
        '1'.padEnd(whole + 1, '0'),
        `0.${'1'.repeat(type.scale + 1)}`,
        '1e3',
        'NaN',
        '.5',
        '5.',
        '',
        5,
      ].map(looksLike);
    }
    case 'double':
      return ['NaN', '1.5', true].map(looksLike);
    case 'boolean':
      return ['true', 't', 1, 0].map(looksLike);
    case 'timestamp':
      return [...TIMESTAMPS, 1_700_000_000].map(looksLike);
    case 'date':
      return ['2026-02-30', '2026-2-3', '0000-01-01', '2026-11-23T00:00:00Z', 'today', ''].map(looksLike);
  }
}

const looksLike = (value: string | number | boolean): Bad => [JSON.stringify(value), value];

const UNSAFE: readonly (readonly [string, string])[] = [
  ['NUL at the start', '\0a'],
  ['NUL later', 'a\0b'],
  ['a lone surrogate', 'a\ud800'],
  ['a noncharacter', '\uffff'],
  ['a noncharacter of a higher plane', '\u{1fffe}'],
];

const WHOLE: readonly Bad[] = [
  ['a fraction', 1.5],
  ['text', '1'],
  ['a boolean', true],
];

const TIMESTAMPS = [
  '2026-11-23T18:30:00',
  '2026-11-23T18:30:00+01:00',
  '2026-11-23 18:30:00Z',
  '2026-11-23T18:30:00.1234567Z',
  '2026-02-29T00:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T18:30:60Z',
  '0000-01-01T00:00:00Z',
  '10000-01-01T00:00:00Z',
  '2026-11-23',
  'infinity',
  'now',
  '',
];

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function without<Value extends object>(value: Value, name: string): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}

function inBody(envelope: Envelope, name: string, value: unknown): Envelope {
  return { ...envelope, body: { ...envelope.body, [name]: value as JsonValue } };
}
