/** Makes the ranking's notes: tables of schema `heimdallr_work`, each of them a model's select. */
import { models } from '../../.generated/models.ts';
import { type Sql, SqlError } from '../sql.ts';
import { fill, type Values } from './fill.ts';
import type { KeptModel, Model } from './models.ts';

export const WORK = 'heimdallr_work';

/** The select of a model. @throws {TypeError} when there is no such file. */
export function selectOf(file: string, values: Values): string {
  const text = models[file];
  if (text === undefined) throw new TypeError(`there is no model warehouse/marts/${file}.sql`);
  return fill(text, values);
}

const spreadOf = ({ spread }: Model): string =>
  spread === 'everywhere' ? 'diststyle all' : `distkey (${spread.by})`;

/**
 * Makes the table of a model anew. Nobody but the refresh reads it.
 * @param guard statements that fail when another refresh has taken this one's place.
 * @throws {SqlError} naming the model.
 */
export async function make(sql: Sql, model: Model, values: Values, guard: readonly string[]): Promise<void> {
  const { table, file } = model;
  const select = selectOf(file, { ...values, ...model.values });
  await named(file, () =>
    sql.run([
      ...guard,
      `drop table if exists ${WORK}.${table}`,
      `create table ${WORK}.${table} ${spreadOf(model)} as\n${select}`,
      // Redshift has looked at the new rows already; what plans the next model in Postgres has not.
      `analyze ${WORK}.${table}`,
    ]),
  );
}

/** More days than this are read faster all at once. */
const MAX_DAYS = 45;

/** Days before today that are always read again: rows of them may still change without changing in number. */
const UNSETTLED_DAYS = 3;

/**
 * Brings kept notes up to date.
 * @param isFull the notes are of other settings, or there are none.
 * @returns true when earlier days were kept.
 * @throws {SqlError} naming the model.
 */
export async function keep(
  sql: Sql,
  model: KeptModel,
  values: Values,
  guard: readonly string[],
  isFull: boolean,
): Promise<boolean> {
  const { table, day, file } = model;
  const days = isFull ? null : await named(model.countedBy, () => changedDays(sql, model, values));
  if (days === null) {
    await make(sql, { ...model, values: { days: 'true' } }, values, guard);
    return false;
  }
  const chosen = days.length === 0 ? '1 = 0' : `${day} in (${days.join(', ')})`;
  const select = selectOf(file, { ...values, days: chosen });
  await named(file, () =>
    sql.run([
      ...guard,
      `delete from ${WORK}.${table} where ${chosen} or ${day} < ${values.keptFrom}`,
      ...(days.length === 0 ? [] : [`insert into ${WORK}.${table}\n${select}`]),
      `analyze ${WORK}.${table}`,
    ]),
  );
  return true;
}

/** Days whose number of rows is not that of the notes, and those that may still change; null when all are to be read. */
async function changedDays(
  sql: Sql,
  { table, day, counted, countedBy }: KeptModel,
  values: Values,
): Promise<readonly number[] | null> {
  const atSource = counts(await sql.query(selectOf(countedBy, values)));
  const noted = counts(
    await sql.query(`select ${day}, sum(${counted}) from ${WORK}.${table} group by ${day}`),
  );
  const changed = [...new Set([...atSource.keys(), ...noted.keys()])]
    .filter((at) => at >= Number(values.keptFrom))
    .filter((at) => at >= Number(values.today) - UNSETTLED_DAYS || atSource.get(at) !== noted.get(at))
    .sort((one, other) => one - other);
  return changed.length > MAX_DAYS ? null : changed;
}

const counts = (rows: readonly (readonly (string | null)[])[]): ReadonlyMap<number, number> =>
  new Map(rows.map(([day, count]) => [Number(day), Number(count)]));

/** Says which model it was. */
async function named<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SqlError(`warehouse/marts/${file}.sql: ${reason}`, { cause: error });
  }
}
