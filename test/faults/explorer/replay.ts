/**
 * Does on a real database what was done on the model, and says where the two differ.
 *
 * Ten thousand schedules want a model of the tables; that the model is right, a share of them shows: what was
 * committed is committed again, in the same order, with the same text of SQL.
 */
import { marts } from '../../../.generated/marts.ts';
import type { Column, JsonValue } from '../../../contract/columns.ts';
import { finalTable, SCHEMA } from '../../../contract/redshift.ts';
import { openWarehouse } from '../../warehouse-world.ts';
import { types } from './functions.ts';
import { ledgerOf, rowsOf } from './ledger.ts';
import type { Played } from './world.ts';

/** A database to which plays can be held, one after the other. */
export interface Twin {
  /** Lines that only one of both has; none when they are alike. */
  differences(played: Played): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openTwin(): Promise<Twin> {
  const world = await openWarehouse();
  await world.reset(
    types,
    marts.filter(({ name }) => name === 'ledger'),
  );
  return {
    async differences(played) {
      await world.empty();
      const now = new Date(played.end).toISOString().slice(0, -1).replace('T', ' ');
      await world.database.query(
        `create or replace function redshift.getdate() returns timestamp language sql stable as $$ select timestamp '${now}' $$`,
      );
      for (const committed of played.warehouse.journal) {
        if ('landed' in committed) await world.land(...committed.landed);
        else await world.sql.run(committed.ran);
      }
      const found: string[] = [];
      for (const [what, select, model] of comparisons(played)) {
        const real = (await world.rows(select)).map((row) => JSON.stringify(row));
        found.push(...difference(what, real, model));
      }
      return found;
    },
    close: () => world.database.close(),
  };
}

type Comparison = readonly [what: string, select: string, model: readonly string[]];

function* comparisons({ warehouse: { tables } }: Played): Generator<Comparison> {
  for (const type of types) {
    const { name, columns } = finalTable(type);
    const names = Object.entries(columns);
    const list = names.map(
      ([
        column,
        {
          type: { kind },
        },
      ]) => `"${column}"${kind === 'super' ? '::varchar' : ''}`,
    );
    const model = rowsOf(tables, name).map((row) =>
      JSON.stringify(
        Object.fromEntries(names.map(([column, of]) => [column, asText(of, row[column] ?? null)])),
      ),
    );
    yield [name, `select ${list.join(', ')} from ${SCHEMA}."${name}"`, model];
  }
  const receipts = [...tables.receipts.values()]
    .flat()
    .map((receipt) => JSON.stringify(listed({ ...receipt, observed_at: instant(receipt.observed_at) })));
  yield ['receipt', `select run_id, seq, record_type, observed_at from ${SCHEMA}.receipt`, receipts];
  const ledger = ledgerOf(tables).map((balance) => JSON.stringify(listed({ ...balance })));
  yield ['ledger', `select run_id, record_type, emitted, delivered, rejected from ${SCHEMA}.ledger`, ledger];
  const landing = tables.landing.map(({ envelope: { run_id, seq } }) =>
    JSON.stringify(listed({ run_id, seq })),
  );
  yield ['landing', `select run_id, seq from ${SCHEMA}.landing`, landing];
}

function* difference(what: string, real: readonly string[], model: readonly string[]): Generator<string> {
  const left = [...model];
  for (const row of real) {
    const at = left.indexOf(row);
    if (at === -1) yield `${what}: only the database has ${row}`;
    else left.splice(at, 1);
  }
  for (const row of left) yield `${what}: only the model has ${row}`;
}

const listed = (row: Readonly<Record<string, string | number>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]));

/** A value as Postgres prints it. */
function asText({ type: { kind } }: Column, value: JsonValue): string | null {
  if (value === null) return null;
  if (kind === 'timestamp') return instant(String(value));
  if (kind === 'super') return written(value);
  if (kind === 'boolean') return value === true ? 't' : 'f';
  return String(value);
}

const instant = (iso: string): string =>
  iso
    .slice(0, -1)
    .replace('T', ' ')
    .replace(/(?:\.0+|(\.\d*[1-9])0+)$/, '$1');

/** JSON as jsonb prints it: blanks after its signs, short keys first. */
function written(value: JsonValue): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(
    ([one], [other]) => one.length - other.length || (one < other ? -1 : 1),
  );
  return `{${entries.map(([key, element]) => `${JSON.stringify(key)}: ${written(element)}`).join(', ')}}`;
}
