/**
 * Sample data for any record type, from its declaration alone.
 *
 * The same seed gives the same body on every machine, so a failing test can be repeated by its seed. Bodies are
 * deliberately unpleasant: values at the very edge of their column, quotes, line breaks, four-byte characters,
 * empty text, nested payloads. Every one of them must load unchanged; `damages.ts` makes those that must not.
 */
import type { Column, ColumnType, JsonValue } from './columns.ts';
import { type Envelope, seal } from './envelope.ts';
import type { Body, RecordType } from './record.ts';
import { byteLength, cutToBytes } from './text.ts';

/** A number from 0 up to 1, other than the one before. */
export type Random = () => number;

/** A generator of numbers; Mulberry32, which is small and good enough for samples. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A valid body; two seeds give two different keys wherever the key has room for a number. */
export function sampleBody(type: RecordType, seed: number): Body {
  const random = randomFrom(seed);
  return Object.fromEntries(
    Object.entries(type.columns).map(([name, column]) => [
      name,
      type.key.includes(name) ? keyValue(column, seed) : sampleValue(column, random),
    ]),
  );
}

/** A valid envelope around `sampleBody`. */
export function sampleEnvelope(type: RecordType, seed: number): Envelope {
  return seal(type, sampleBody(type, seed), {
    feed: 'sample:feed',
    run_id: `sample-run-${seed % 7}`,
    seq: seed + 1,
    observed_at: new Date(Date.UTC(2026, 10, 23, 18, 30) + seed * 1000).toISOString(),
  });
}

/** A value of the column, or null now and then where it may be null. */
export function sampleValue(column: Column, random: Random): JsonValue {
  return column.nullable && random() < 0.15 ? null : typedValue(column.type, random);
}

/** Key values stay short: percent signs make a record key up to three times as long as its columns. */
function keyValue({ type }: Column, seed: number): JsonValue {
  switch (type.kind) {
    case 'varchar':
      return cutToBytes(`${seed}${seed % 5 === 0 ? '/ü%' : ''}`, type.bytes);
    case 'timestamp':
      return new Date(Date.UTC(2020, 0, 1) + seed * 1000).toISOString();
    case 'date':
      return new Date(Date.UTC(2020, 0, 1) + seed * 86_400_000).toISOString().slice(0, 10);
    case 'bigint':
    case 'decimal':
      return String(seed);
    case 'boolean':
      return seed % 2 === 0;
    default:
      return seed;
  }
}

function typedValue(type: ColumnType, random: Random): JsonValue {
  switch (type.kind) {
    case 'varchar':
      return textOf(type.bytes, random);
    case 'super':
      return payloadOf(type.maxBytes, random);
    case 'smallint':
      return wholeOf(2 ** 15, random);
    case 'integer':
      return wholeOf(2 ** 31, random);
    case 'bigint':
      return pick(random, ['0', '-9223372036854775808', '9223372036854775807', '1834567890123456789']);
    case 'decimal':
      return decimalOf(type.precision, type.scale, random);
    case 'double':
      return pick(random, [0, 0.1, -1.5, 1e-7, 1e21, 123456.789, -1e300, 1e-300, random()]);
    case 'boolean':
      return random() < 0.5;
    case 'timestamp':
      return instantOf(random);
    case 'date':
      return pick(random, ['0001-01-01', '2024-02-29', '2026-11-23', '9999-12-31']);
  }
}

const pick = <Value>(random: Random, values: readonly [Value, ...Value[]]): Value =>
  values[Math.floor(random() * values.length)] ?? values[0];

/** Text in the ways that text is difficult. */
const PIECES = [
  'a',
  "NoMethodError: undefined method `+' for nil",
  '"quoted" and \\back\\slashed',
  'line\nline\r\n\ttab\b\f',
  '\u001b[31mred\u001b[0m',
  'Zürich, 東京, Ελλάδα',
  '👩‍👩‍👧 🚀',
  '\u2028\u2029\u007f\uFEFF\uFFFD',
  ' blanks at both ends ',
  "Robert'); drop table landing; --",
  '{"json": "in text"}',
  'null',
  '|||',
] as const;

function textOf(bytes: number, random: Random): string {
  const piece = pick(random, PIECES);
  const chance = random();
  if (chance < 0.05) return '';
  // Full to the last byte, whatever the character takes.
  if (chance < 0.15 && bytes <= 4096) {
    const full = cutToBytes(piece.repeat(Math.ceil(bytes / byteLength(piece))), bytes);
    return full + 'x'.repeat(bytes - byteLength(full));
  }
  return cutToBytes(chance < 0.6 ? piece : `${piece} ${Math.floor(random() * 1e6)}`, bytes);
}

function wholeOf(limit: number, random: Random): number {
  return pick(random, [0, 1, -1, 100, 1000, limit - 1, -limit, Math.floor(random() * limit)]);
}

function decimalOf(precision: number, scale: number, random: Random): string {
  const whole = precision - scale;
  const digits = whole === 0 ? '0' : pick(random, ['0', '9'.repeat(whole), '1'.padEnd(whole, '0')]);
  const fraction = scale === 0 ? '' : pick(random, ['', '.5', `.${'9'.repeat(scale)}`]);
  return `${random() < 0.3 && digits + fraction !== '0' ? '-' : ''}${digits}${fraction}`;
}

function instantOf(random: Random): string {
  const moment = new Date(Date.UTC(2020, 0, 1) + Math.floor(random() * 3e11)).toISOString();
  return pick(random, [
    moment,
    `${moment.slice(0, 19)}Z`,
    `${moment.slice(0, 19)}.000001Z`,
    '2024-02-29T23:59:59.9Z',
    '9999-12-31T23:59:59.999999Z',
  ]);
}

/** A payload as an error tracker has them: nested, repetitive, with a few odd values; never above `maxBytes`. */
function payloadOf(maxBytes: number, random: Random): JsonValue {
  const frames = Array.from({ length: Math.floor(random() * 12) }, (_, index) => ({
    filename: `/app/lib/${pick(random, PIECES)}.rb`,
    lineno: Math.floor(random() * 900),
    colno: null,
    code: pick(random, PIECES),
    context: { pre: [], post: ['end', ''] },
    '': index,
  }));
  const payload = {
    body: { trace: { exception: { class: 'E', message: pick(random, PIECES) }, frames } },
    numbers: [0, -1, 0.5, 1e-7, 1e3, Number.MAX_SAFE_INTEGER],
    flags: [true, false, null, {}, []],
    emitted: { a: 1 },
  };
  return [payload, payload.numbers, {}].find((value) => byteLength(JSON.stringify(value)) <= maxBytes) ?? 0;
}
