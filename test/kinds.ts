/** A record type with every kind of column, null and not null, for tests that must not depend on a producer. */
import {
  bigint,
  boolean,
  date,
  decimal,
  double,
  integer,
  MAX_SUPER_BYTES,
  nullable,
  smallint,
  superJson,
  timestamp,
  truncatedFields,
  varchar,
} from '../contract/columns.ts';
import { compileValidator } from '../contract/json-schema.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { defineRecord, validatorName } from '../contract/record.ts';

export const everyKind = defineRecord({
  name: 'kinds_every',
  version: 1,
  description: 'Every kind of column.',
  key: ['tenant', 'id'],
  occurredAt: 'happened_at',
  columns: {
    tenant: varchar(40, 'First half of the key.'),
    id: integer('Second half of the key.'),
    happened_at: timestamp('When it happened, UTC.'),
    title: nullable(varchar(120, 'Text.')),
    // Reserved words, because a vendor may use them.
    order: nullable(varchar(65_535, 'As wide as can be.')),
    user: varchar(1, 'As narrow as can be.'),
    payload: nullable(superJson(MAX_SUPER_BYTES, 'Anything.')),
    facts: superJson(8192, 'Anything but null.'),
    tiny: nullable(smallint('A small number.')),
    whole: nullable(integer('A number.')),
    large: nullable(bigint('A large number.')),
    price: nullable(decimal(12, 2, 'An exact number.')),
    ratio: nullable(decimal(38, 38, 'All digits behind the point.')),
    count: nullable(decimal(20, 0, 'No digits behind the point.')),
    share: nullable(double('A number.')),
    is_final: nullable(boolean('Yes or no.')),
    ended_at: nullable(timestamp('When it ended, UTC.')),
    day: nullable(date('A day.')),
    truncated_fields: truncatedFields(),
  },
});

/** Validators of this type and the ledger's, as the generated module would have them. */
export const kindValidators = Object.fromEntries(
  [everyKind, ...ledgerRecords].map((type) => [
    validatorName(type.name, type.version),
    compileValidator(type),
  ]),
);
