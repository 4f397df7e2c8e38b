/** The promise of the contract: what its validator accepts is in the final table afterwards, unchanged. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { records } from '../.generated/records.ts';
import type { ColumnType, JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { type Envelope, seal } from '../contract/envelope.ts';
import type { Body, RecordType } from '../contract/record.ts';
import { quoted, SCHEMA } from '../contract/redshift.ts';
import { sampleBody, sampleEnvelope } from '../contract/samples.ts';
import { createJudge } from '../transformers/judge.ts';
import { drain } from '../warehouse/loader/drain.ts';
import { copyRow } from './copy-model.ts';
import { everyKind, kindValidators } from './kinds.ts';
import { openWarehouse, type World } from './warehouse-world.ts';

const types: readonly RecordType[] = [...records, everyKind];

let world: World;
beforeAll(async () => {
  world = await openWarehouse();
  await world.reset(types);
});
afterAll(() => world.database.close());
beforeEach(() => world.empty());

/** Bodies as the final table has them, by record key as text. */
async function loaded(type: RecordType, envelopes: readonly Envelope[]): Promise<ReadonlySet<string>> {
  await world.land(...envelopes);
  expect((await drain(types, world.ports)).failed).toEqual([]);
  const columns = Object.keys(type.columns).map((name) => quoted(name));
  const rows = await world.rows(`select ${columns.join(', ')} from ${SCHEMA}.${quoted(type.name)}`);
  return new Set(
    rows.map((row) => JSON.stringify(Object.entries(row).map(([name, text]) => shown(type, name, text)))),
  );
}

/** What a column prints, made comparable: JSON parsed, numbers as numbers. */
function shown(type: RecordType, name: string, text: string | null): unknown {
  const kind = type.columns[name]?.type.kind;
  if (text === null) return null;
  if (kind === 'super') return sorted(JSON.parse(text));
  return kind === 'double' ? Number(text) : text;
}

/** What the body says, as the table would print it. */
function expected(type: RecordType, body: Body): string {
  return JSON.stringify(
    Object.entries(type.columns).map(([name, column]) => printed(column.type, body[name] ?? null)),
  );
}

function printed(type: ColumnType, value: JsonValue): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'super':
      return sorted(value);
    case 'double':
      return value;
    case 'boolean':
      return value === true ? 't' : 'f';
    case 'decimal': {
      const [whole = '', fraction = ''] = String(value).split('.');
      return type.scale === 0 ? whole : `${whole}.${fraction.padEnd(type.scale, '0')}`;
    }
    case 'timestamp':
      return String(value)
        .replace('T', ' ')
        .replace('Z', '')
        .replace(/\.?0+$/, (zeros, _at: number, all: string) => (all.includes('.') ? '' : zeros));
    default:
      return String(value);
  }
}

/** With keys in one order: an object has none. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, inner]) => [key, sorted(inner)]);
}

describe('samples load as they are', () => {
  for (const type of types) {
    test(type.name, async () => {
      const envelopes = Array.from({ length: 60 }, (_, seed) => sampleEnvelope(type, seed));

      const rows = await loaded(type, envelopes);

      expect(rows).toEqual(new Set(envelopes.map(({ body }) => expected(type, body))));
    });
  }
});

test.each([68363806514063930, 2 ** 53 + 2, -(2 ** 63), 1e20, 1e21, 5e-324, 1.7976931348623157e308, 0.1])(
  'the double %d comes back as it was, whatever its last written digit',
  async (share) => {
    const envelope = sampleEnvelope(everyKind, 1);
    const body = { ...envelope.body, share };

    const rows = await loaded(everyKind, [{ ...envelope, body }]);

    expect(rows).toEqual(new Set([expected(everyKind, body)]));
  },
);

describe('laws', () => {
  const judge = createJudge(kindValidators);
  const doubles = Object.entries(everyKind.columns).flatMap(([name, { type }]) =>
    type.kind === 'double' ? [name] : [],
  );
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.double(),
    fc.bigInt().map(String),
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    fc.constantFrom(
      '1',
      '-1.5',
      '0.50',
      '2024-02-29',
      '9999-12-31T23:59:59.999999Z',
      true,
      0,
      32767,
      2 ** 31,
      'x'.repeat(70_000),
    ),
  );
  const change = fc.tuple(fc.constantFrom(...Object.keys(everyKind.columns)), anything);
  const values = fc.array(change, { maxLength: 3 }).map((changes) => Object.fromEntries(changes));

  test('whatever a vendor sends, what is accepted loads unchanged, and enough is accepted', async () => {
    let number = 0;
    const accepted: Envelope[] = [];
    fc.assert(
      fc.property(values, fc.constantFrom('keep', 'drop'), (sent, mode) => {
        number += 1;
        const base = sampleBody(everyKind, number);
        const body = conform(everyKind, { ...base, ...sent, tenant: base.tenant, id: base.id }, { mode });
        const envelope = seal(everyKind, body, {
          feed: 'tiny:feed',
          run_id: 'run-1',
          seq: number,
          observed_at: '2026-11-23T12:00:00.000Z',
        });

        const judged = judge(Buffer.from(`${JSON.stringify(envelope)}\n`));

        if ('rejected' in judged) return;
        expect(copyRow(judged.line, doubles)).toEqual(JSON.parse(JSON.stringify(envelope)));
        accepted.push(judged.accepted);
      }),
      { numRuns: 400 },
    );
    expect(accepted.length).toBeGreaterThan(40);

    const rows = await loaded(everyKind, accepted);

    expect(rows).toEqual(new Set(accepted.map(({ body }) => expected(everyKind, body))));
  });
});
