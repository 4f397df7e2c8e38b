/**
 * What must be true when the faults have stopped and everything has been drained, whatever happened before.
 */
import { createHash } from 'node:crypto';
import { conform } from '../../../contract/conform.ts';
import { recordKey } from '../../../contract/envelope.ts';
import { pollPage, rejectedRecord } from '../../../contract/ledger.ts';
import { type Body, type Emitted, tableName } from '../../../contract/record.ts';
import { ledgerOf, rowsOf } from './ledger.ts';
import type { Played } from './world.ts';

/** The promises that a play has broken, one a line; none when all is well. */
export function broken(played: Played): readonly string[] {
  return [...facts(played), ...strangers(played), ...rejects(played), ...books(played)];
}

const bodyOf = ({ type, values }: Emitted): Body => conform(type, values, { mode: 'keep' });

/** A row without the columns that say where it came from. */
function withoutOrigin(row: Body): string {
  return JSON.stringify(Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_'))));
}

/** The rows of a fact. */
function rowsWith({ warehouse: { tables } }: Played, fact: Emitted): readonly Body[] {
  const isOfFact = isOf(fact);
  return rowsOf(tables, tableName(fact.type)).filter(isOfFact);
}

function isOf(fact: Emitted): (row: Body) => boolean {
  const body = bodyOf(fact);
  return (row) => fact.type.key.every((name) => row[name] === body[name]);
}

/** Every fact is in its table, exactly once, in its newest version; or in none that the vendor never said. */
function* facts(played: Played): Generator<string> {
  for (const { name, newest, versions, isPoison } of played.facts) {
    const rows = rowsWith(played, newest);
    const wanted = JSON.stringify(bodyOf(newest));
    if (rows.length > 1) yield `${name} is in the table ${rows.length} times`;
    if (rows.length === 0 && !isPoison) yield `lost: ${name}`;
    for (const row of rows.map(withoutOrigin)) {
      if (!isPoison && row === wanted) continue;
      const isKnown = versions.some((version) => JSON.stringify(bodyOf(version)) === row);
      if (!isKnown) yield `the vendor never said what is in the table of ${name}`;
      else if (!isPoison) yield `${name} is in the table in an older version`;
    }
  }
}

/** Nothing is in a table that the vendor has never said. */
function* strangers({ facts: known, warehouse: { tables } }: Played): Generator<string> {
  for (const [type, ofType] of Map.groupBy(known, ({ newest }) => newest.type)) {
    const isOfAny = ofType.map(({ newest }) => isOf(newest));
    const count = rowsOf(tables, tableName(type)).filter(
      (row) => !isOfAny.some((isOfOne) => isOfOne(row)),
    ).length;
    if (count > 0) yield `${count} rows of ${type.name} are of nothing that the vendor has`;
  }
  if (tables.landing.length > 0) yield `${tables.landing.length} rows stay in the landing table`;
}

/** What is poison now was rejected, and every rejected record is kept whole. */
function* rejects(played: Played): Generator<string> {
  const { facts: known, warehouse, delivery } = played;
  const rows = rowsOf(warehouse.tables, rejectedRecord.name);
  for (const { name, newest, isPoison } of known) {
    if (!isPoison) continue;
    const key = recordKey(newest.type, bodyOf(newest));
    const isThere = rows.some((row) => row.rejected_type === newest.type.name && row.rejected_key === key);
    if (!isThere) yield `${name} cannot be loaded, and no rejected_record says so`;
  }
  const kept = new Set(
    delivery.quarantine.map((line) => {
      const { digest, data } = JSON.parse(line) as { digest: string; data: string };
      return createHash('sha256').update(data).digest('hex') === digest ? digest : 'damaged';
    }),
  );
  if (kept.has('damaged')) yield 'the quarantine holds a record that is not as it came';
  for (const { digest, rejected_key: key } of rows) {
    if (!kept.has(String(digest))) yield `the quarantine has nothing of the rejected record ${String(key)}`;
  }
}

/** The ledger is complete, and says what the runs have said. */
function* books({ warehouse, summaries }: Played): Generator<string> {
  const ledger = ledgerOf(warehouse.tables);
  for (const { run_id, record_type, emitted, delivered, rejected } of ledger) {
    if (emitted !== delivered + rejected)
      yield `the ledger of run ${run_id}: ${record_type} emitted ${emitted}, delivered ${delivered}, rejected ${rejected}`;
  }
  for (const { run_id, pages, emitted } of summaries) {
    if (pages === 0) continue;
    const said = { ...emitted, [pollPage.name]: pages };
    for (const [type, count] of Object.entries(said)) {
      const line = ledger.find((each) => each.run_id === run_id && each.record_type === type);
      if (line?.emitted !== count)
        yield `run ${run_id} says it emitted ${count} ${type}, the ledger says ${line?.emitted ?? 'nothing'}`;
    }
  }
  const doubled = [...warehouse.tables.receipts.values()].filter((receipts) => receipts.length > 1);
  if (doubled.length > 0) yield `${doubled.length} records have more than one receipt`;
  if (summaries.at(-1)?.outcome !== 'caught_up')
    yield `the last run ended as ${summaries.at(-1)?.outcome ?? 'nothing'}`;
}
