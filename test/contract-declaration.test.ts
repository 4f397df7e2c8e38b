/** What cannot become a table or a deployment is refused where it is declared, with what to do. */
import { expect, test } from 'vitest';
import {
  bigint,
  decimal,
  double,
  nullable,
  person,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../contract/columns.ts';
import { parseSince } from '../contract/feed.ts';
import { defineProducer } from '../contract/producer.ts';
import { defineRecord, emit, type RecordOf, tableName } from '../contract/record.ts';

const columns = {
  id: bigint('Its id.'),
  at: timestamp('When it happened.'),
  note: nullable(varchar(10, 'A note.')),
  price: decimal(10, 2, 'Its price.'),
  weight: double('Its weight.'),
  extra: superJson(100, 'The rest.'),
};
const fact = defineRecord({
  name: 'shop_fact',
  version: 1,
  description: 'A fact.',
  key: ['id'],
  occurredAt: 'at',
  columns,
});
type Fact = RecordOf<typeof fact>;

test('the type of a record follows from its columns', () => {
  const values: Fact = {
    id: '1',
    at: '2026-11-23T18:30:00Z',
    note: null,
    price: '1.50',
    weight: 2,
    extra: {},
  };

  expect(emit(fact, values)).toEqual({ type: fact, values });
  // @ts-expect-error a column is missing
  emit(fact, { id: '1' });
  // @ts-expect-error the id is a string of digits
  emit(fact, { ...values, id: 1 });
});

test('the first version has the plain table name, later ones say which they are', () => {
  expect(tableName(fact)).toBe('shop_fact');
  expect(tableName({ ...fact, version: 2 })).toBe('shop_fact_v2');
});

const declared = (change: object): unknown =>
  defineRecord({
    name: 'shop_fact',
    version: 1,
    description: 'A fact.',
    key: ['id'],
    occurredAt: 'at',
    columns,
    ...change,
  } as never);

test.each([
  [{ name: 'ShopFact' }, /shop.*snake_case/i],
  [{ version: 0 }, /version must be a whole number from 1, got 0/],
  [{ key: [] }, /key is empty/],
  [{ key: ['nothing'] }, /key column nothing is not declared/],
  [{ key: ['note'] }, /key column note is nullable/],
  [{ key: ['price'] }, /key column price is of type decimal, a key is made of varchar/],
  [{ key: ['at'] }, /key column at is of type timestamp/],
  [{ key: ['extra'] }, /key column extra is of type super/],
  [{ occurredAt: 'id' }, /occurredAt must name a timestamp column, id is bigint/],
  [{ redact: { note: { a: 'remove' } } }, /redact names note, which is not a SUPER column/],
  [{ columns: { ...columns, Upper: varchar(1, 'x') } }, /column "Upper" must be snake_case/],
  [{ columns: { ...columns, _feed: varchar(1, 'x') } }, /column _feed must not start with "_"/],
  [{ columns: { ...columns, silent: varchar(1, ' ') } }, /column silent has no description/],
])('a record type with %j is refused', (change, message) => {
  expect(() => declared(change)).toThrow(message);
});

test.each([
  [() => varchar(70_000, 'x'), /varchar\(70000\) is not possible, a Redshift VARCHAR holds 1 to 65535 bytes/],
  [() => varchar(0, 'x'), /varchar\(0\)/],
  [() => superJson(10_000_000, 'x'), /superJson\(10000000\) is not possible/],
  [() => decimal(19, 0, 'x'), /decimal\(19,0\) is not possible/],
  [() => decimal(5, 6, 'x'), /decimal\(5,6\)/],
  [() => person(varchar(40, 'x')), /at least 64 bytes/],
])('a column that Redshift cannot hold is refused (%#)', (declare, message) => {
  expect(declare).toThrow(message);
});

test('the column that names what was shortened is nullable', () => {
  expect(truncatedFields().nullable).toBe(true);
});

const producer = {
  name: 'shop',
  description: 'A shop.',
  records: [fact],
  baseUrl: 'https://shop.example',
  secret: { description: 'A token.', headers: () => ({}) },
  waitSeconds: () => null,
  refusal: () => null,
  settings: {},
  everyMinutes: 1,
  poll: async function* () {},
};

test.each([
  [{ name: 'My Shop' }, /a name is 1 to 30 lower-case letters and digits/],
  [{ baseUrl: 'https://shop.example/' }, /baseUrl must be a URL without a trailing slash/],
  [{ records: [] }, /it declares no record types/],
  [{ everyMinutes: 0.5 }, /everyMinutes must be a whole number from 1/],
  [{ name: 'other' }, /record type shop_fact must be named other_…/],
])('a producer with %j is refused', (change, message) => {
  expect(() => defineProducer({ ...producer, ...change })).toThrow(message);
});

test.each([
  ['90m', '2026-11-23T17:00:00.000Z'],
  ['24h', '2026-11-22T18:30:00.000Z'],
  ['7d', '2026-11-16T18:30:00.000Z'],
  ['2026-01-01', '2026-01-01T00:00:00.000Z'],
])('since %s is understood', (text, time) => {
  expect(parseSince(text, new Date('2026-11-23T18:30:00Z')).toISOString()).toBe(time);
});

test.each(['', '7', 'd7', '1w', '2026-13-01', '2026-02-30', '2027-01-01', '-1h'])(
  'since %j is refused',
  (text) => {
    expect(() => parseSince(text, new Date('2026-11-23T18:30:00Z'))).toThrow(
      /since must be like 90m, 24h, 7d or 2026-01-01/,
    );
  },
);
