/**
 * Takes a person out of the warehouse: final tables, the tables of the ranking with its notes, and rows that have landed.
 *
 * A fact stays, without whom it was about: the counts of occurrences hold. Rows that are still in the landing table go
 * whole and are booked as received; their facts cannot be changed there, and the books must not say that they got lost.
 */
import { impactTables } from '../../contract/impact.ts';
import { rejectedRecord } from '../../contract/ledger.ts';
import type { RecordType } from '../../contract/record.ts';
import { finalTable, literal, quoted, SCHEMA } from '../../contract/redshift.ts';
import { WORK } from '../../warehouse/ranking/tables.ts';
import type { Sql } from '../../warehouse/sql.ts';
import { mentionsInSql, namedInSql, type Parts, type Person, partsOf, withoutInSql } from './person.ts';

export interface Erasure {
  readonly place: string;
  readonly rows: number;
  /** Rows that still name the person afterwards; what was found, in a dry run. */
  readonly left: number;
}

/** JSON_SERIALIZE answers at most 65,535 bytes and fails above. */
const SEARCHABLE_BYTES = 65_000;

interface Target {
  readonly place: string;
  readonly count: string;
  readonly erase: readonly string[];
}

/** @param isDryRun counts only. */
export async function eraseFromTables(
  sql: Sql,
  types: readonly RecordType[],
  person: Person,
  isDryRun: boolean,
): Promise<readonly Erasure[]> {
  const targets = [
    // First: the loader would bring them into the tables again.
    landing(types, person),
    ...types.map((type) => ofTable(finalTable(type).name, partsOf(type), person)),
    ...impactTables.map(({ name, columns }) => ofTable(name, partsOf({ columns, key: [] }), person)),
  ].filter((target) => target !== null);
  const erasures: Erasure[] = [];
  for (const { place, count, erase } of targets) {
    const rows = await counted(sql, count);
    if (rows > 0 && !isDryRun) await sql.run(erase);
    const left = rows === 0 || isDryRun ? rows : await counted(sql, count);
    if (rows > 0) erasures.push({ place, rows, left });
  }
  // The ranking's notes name people, too; the next refresh makes them anew, from tables without this one.
  if (erasures.length > 0 && !isDryRun) await sql.run([`drop schema if exists ${WORK} cascade`]);
  return erasures;
}

/** Payloads that are too large to be searched, in rows that are not the person's own. */
export async function unsearched(sql: Sql, types: readonly RecordType[]): Promise<readonly Erasure[]> {
  const found: Erasure[] = [];
  for (const type of types) {
    const { payloads } = partsOf(type);
    if (payloads.length === 0) continue;
    const tooLarge = payloads.map((name) => `json_size(${quoted(name)}) > ${SEARCHABLE_BYTES}`).join(' or ');
    const place = `${SCHEMA}.${finalTable(type).name}`;
    const rows = await counted(
      sql,
      `select count(*) from ${SCHEMA}.${quoted(finalTable(type).name)} where ${tooLarge}`,
    );
    if (rows > 0) found.push({ place, rows, left: rows });
  }
  return found;
}

const counted = async (sql: Sql, statement: string): Promise<number> =>
  Number((await sql.query(statement))[0]?.[0] ?? 0);

const payloadMentions = (person: Person, column: string): string =>
  `case when json_size(${column}) <= ${SEARCHABLE_BYTES} then ${mentionsInSql(person, `json_serialize(${column})`)} else false end`;

function ofTable(name: string, { people, payloads, texts, keys }: Parts, person: Person): Target | null {
  const table = `${SCHEMA}.${quoted(name)}`;
  const names = person.names.map(literal).join(', ');
  const isTheirs = people.map((column) => `${quoted(column)} in (${names})`).join(' or ');
  const update = (set: readonly string[], where: string): string =>
    `update ${table} set ${set.join(', ')} where ${where}`;
  const inPayload = payloads.map((column) => payloadMentions(person, quoted(column)));
  const inText = texts.map((column) => namedInSql(person, quoted(column)));
  const inKey = keys.map((column) => namedInSql(person, quoted(column)));
  const anywhere = [...(isTheirs === '' ? [] : [isTheirs]), ...inPayload, ...inText, ...inKey];
  if (anywhere.length === 0) return null;
  return {
    place: `${SCHEMA}.${name}`,
    count: `select count(*) from ${table} where ${anywhere.map((each) => `(${each})`).join(' or ')}`,
    erase: [
      ...(isTheirs === ''
        ? []
        : [
            update(
              [...people, ...payloads].map((column) => `${quoted(column)} = null`),
              isTheirs,
            ),
          ]),
      ...payloads.map((column, index) => update([`${quoted(column)} = null`], inPayload[index] ?? '')),
      ...texts.map((column, index) =>
        update([`${quoted(column)} = ${withoutInSql(person, quoted(column))}`], inText[index] ?? ''),
      ),
    ],
  };
}

function landing(types: readonly RecordType[], person: Person): Target {
  const names = person.names.map(literal).join(', ');
  // A body that is too large to be searched is still looked at where its type says who it is about.
  const theirs = types.flatMap((type) => {
    const named = partsOf(type).people.map((name) => `body.${quoted(name)}::varchar(65535) in (${names})`);
    const isType = `record_type = ${literal(type.name)} and record_version = ${type.version}`;
    return named.length === 0 ? [] : [`case when ${isType} then ${named.join(' or ')} else false end`];
  });
  const where = [payloadMentions(person, 'body'), ...theirs].map((each) => `(${each})`).join(' or ');
  return {
    place: `${SCHEMA}.landing`,
    count: `select count(*) from ${SCHEMA}.landing where ${where}`,
    erase: [
      `lock ${SCHEMA}.landing`,
      [
        `insert into ${SCHEMA}.receipt (run_id, seq, feed, record_type, observed_at, loaded_at)`,
        `select run_id, seq, feed, record_type, max(observed_at), getdate() from ${SCHEMA}.landing`,
        `where record_type <> ${literal(rejectedRecord.name)} and (${where})`,
        `and not exists (select 1 from ${SCHEMA}.receipt where receipt.run_id = landing.run_id and receipt.seq = landing.seq)`,
        'group by run_id, seq, feed, record_type',
      ].join('\n'),
      `delete from ${SCHEMA}.landing where ${where}`,
    ],
  };
}
