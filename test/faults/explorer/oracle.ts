/**
 * What must be true when the faults have stopped and everything has been drained, whatever happened before.
 */
import { createHash } from 'node:crypto';
import { conform } from '../../../contract/conform.ts';
import { pollPage, rejectedRecord } from '../../../contract/ledger.ts';
import { ledgerOf, rowsOf } from './ledger.ts';
import type { Said } from './schedule.ts';
import { isPoison } from './vendor.ts';
import type { Played } from './world.ts';

/** The promises that a play has broken, one a line; none when all is well. */
export function broken(played: Played): readonly string[] {
  return [...facts(played), ...strangers(played), ...rejects(played), ...books(played)];
}

const nameOf = ({ type, id }: Said): string => `${type} ${id}`;

function bodyOf({ vendor }: Played, said: Said): string {
  const { type, values } = vendor.recordOf(said);
  return JSON.stringify(conform(type, values, { mode: 'keep' }));
}

/** A row without the columns that say where it came from. */
function withoutOrigin(row: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_'))));
}

/** Every fact is in its table, exactly once, in its newest version. */
function* facts(played: Played): Generator<string> {
  const { vendor, warehouse } = played;
  const tables = {
    event: rowsOf(warehouse.tables, 'play_event'),
    item: rowsOf(warehouse.tables, 'play_item'),
  };
  for (const versions of vendor.history.values()) {
    const newest = versions.at(-1);
    if (newest === undefined) continue;
    const found = tables[newest.type].filter(({ id }) => id === newest.id);
    if (found.length > 1) yield `${nameOf(newest)} is in the table ${found.length} times`;
    if (isPoison(newest)) continue;
    const [row] = found;
    if (row === undefined) yield `lost: ${nameOf(newest)}`;
    else if (withoutOrigin(row) !== bodyOf(played, newest))
      yield `${nameOf(newest)} is in the table as ${String(row.text)}, the vendor says ${newest.text}`;
  }
}

/** Nothing is in a table that the vendor has never said. */
function* strangers(played: Played): Generator<string> {
  const { vendor, warehouse } = played;
  for (const type of ['event', 'item'] as const) {
    for (const row of rowsOf(warehouse.tables, `play_${type}`)) {
      const said = vendor.history.get(Number(row.id)) ?? [];
      const text = withoutOrigin(row);
      const isKnown = said.some(
        (each) => each.type === type && !isPoison(each) && bodyOf(played, each) === text,
      );
      if (!isKnown) yield `the vendor never said what is in the table of ${type} ${String(row.id)}`;
    }
  }
  const left = warehouse.tables.landing.length;
  if (left > 0) yield `${left} rows stay in the landing table`;
}

/** What is poison now was rejected, and every rejected record is kept whole. */
function* rejects(played: Played): Generator<string> {
  const { vendor, warehouse, delivery } = played;
  const rows = rowsOf(warehouse.tables, rejectedRecord.name);
  for (const versions of vendor.history.values()) {
    const newest = versions.at(-1);
    if (newest === undefined || !isPoison(newest)) continue;
    const type = `play_${newest.type}`;
    const isThere = rows.some((row) => row.rejected_type === type && row.rejected_key === String(newest.id));
    if (!isThere) yield `${nameOf(newest)} cannot be loaded, and no rejected_record says so`;
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
