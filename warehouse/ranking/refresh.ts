/**
 * A refresh of the ranking: reads what is new, makes the notes, and replaces what readers see in one transaction.
 *
 * A refresh that cannot say anything true is refused: it leaves the former answer where it is and writes down why, for
 * whoever reads the report. One that fails leaves it, too, and throws. Two at once would mix their notes: the second
 * one is turned away, and a third that finds a refresh older than a function can live takes its place.
 */
import { createHash, randomUUID } from 'node:crypto';
import { models } from '../../.generated/models.ts';
import type { RankingSettings } from '../../contract/impact.ts';
import { literal, quoted, SCHEMA } from '../../contract/redshift.ts';
import type { Ports } from '../ports.ts';
import { SqlError } from '../sql.ts';
import { type Values, valuesOf } from './fill.ts';
import { type Findings, readFindings, refusalOf } from './findings.ts';
import {
  deliveryOutputs,
  estimation,
  keptModels,
  lineageModels,
  lineageOutputs,
  type Output,
  outputs,
  preparation,
} from './models.ts';
import { keep, make, selectOf, WORK } from './tables.ts';

export type RankingPorts = Pick<Ports, 'sql' | 'now' | 'log' | 'publish'>;

/** What became of a refresh; the row of `heimdallr.impact_run` says more. */
export interface RefreshSummary {
  readonly status: 'ranked' | 'refused' | 'skipped';
  /** Why it was refused or skipped, and what to do. */
  readonly reason: string | null;
  readonly isIncremental: boolean;
}

/** A function in AWS ends after 15 minutes: a refresh that has not begun a model for longer is dead. */
const LEASE_MINUTES = 20;

/** Rows of `impact_run` that are kept. */
const KEPT_RUNS = 100;

/**
 * Refreshes the ranking.
 * @throws {SqlError} when the warehouse cannot run a model; the former answer is still there.
 */
export async function refresh(settings: RankingSettings, ports: RankingPorts): Promise<RefreshSummary> {
  const { sql, now } = ports;
  const startedAt = now();
  const values = valuesOf(settings, startedAt);
  await sql.run([
    `create schema if not exists ${WORK}`,
    `create table if not exists ${WORK}.refresh_lease (run varchar(64) not null, started_at timestamp not null)`,
    `create table if not exists ${WORK}.refresh_state (digest varchar(64) not null)`,
  ]);
  const run = randomUUID();
  if (!(await take(ports, run))) {
    return { status: 'skipped', reason: 'another refresh is running', isIncremental: false };
  }
  try {
    return await refreshAlone(settings, ports, values, { run, startedAt });
  } catch (error) {
    const [holder] = await sql.query(`select run from ${WORK}.refresh_lease`);
    if (holder?.[0] === run) throw error;
    const reason = `a model took more than ${LEASE_MINUTES} minutes and another refresh has taken the place of this one: its answer is dropped; give the warehouse more capacity`;
    throw new SqlError(reason, { cause: error });
  } finally {
    await sql.run([`delete from ${WORK}.refresh_lease where run = ${literal(run)}`]);
  }
}

interface Running {
  readonly run: string;
  readonly startedAt: Date;
}

/**
 * Statements that stand first in every transaction: they renew the lease, and divide by zero when another refresh has
 * taken the place of this one, which then can mix in nothing of its own.
 */
const guardOf = (run: string): readonly string[] => [
  `lock ${WORK}.refresh_lease`,
  `update ${WORK}.refresh_lease set started_at = getdate() where run = ${literal(run)}`,
  `select 1 / count(*) as has_lease from ${WORK}.refresh_lease where run = ${literal(run)}`,
];

/** Takes the lease, if nobody who can be alive has it. */
async function take({ sql }: RankingPorts, run: string): Promise<boolean> {
  await sql.run([
    `lock ${WORK}.refresh_lease`,
    `delete from ${WORK}.refresh_lease where started_at < getdate() - interval '${LEASE_MINUTES} minutes'`,
    `insert into ${WORK}.refresh_lease (run, started_at) select ${literal(run)}, getdate() where not exists (select 1 from ${WORK}.refresh_lease)`,
  ]);
  const [holder] = await sql.query(`select run from ${WORK}.refresh_lease`);
  return holder?.[0] === run;
}

async function refreshAlone(
  settings: RankingSettings,
  ports: RankingPorts,
  values: Values,
  running: Running,
): Promise<RefreshSummary> {
  const { sql, now } = ports;
  const guard = guardOf(running.run);
  for (const model of lineageModels) await make(sql, model, values, guard);
  await publish(ports, running, lineageOutputs, values);

  const finish = async (
    status: 'ranked' | 'refused',
    reason: string | null,
    isIncremental: boolean,
    findings: Findings | null,
  ): Promise<RefreshSummary> => {
    const seconds = (now().getTime() - running.startedAt.getTime()) / 1000;
    await publish(ports, running, [...(status === 'ranked' ? outputs : []), ...deliveryOutputs], values, [
      runRow(settings, running.startedAt, { status, reason, seconds, isIncremental, findings }),
      `delete from ${SCHEMA}.impact_run where computed_at not in (select computed_at from ${SCHEMA}.impact_run order by computed_at desc limit ${KEPT_RUNS})`,
    ]);
    ports.publish({}, { RankingSeconds: seconds, RankingRefused: status === 'refused' ? 1 : 0 });
    ports.log('ranking refreshed', { status, seconds, ...(reason === null ? {} : { reason }) });
    return { status, reason, isIncremental };
  };

  if (settings.activity === null) {
    const reason =
      'no activity table is configured, so nobody can say who came back: name the table in which every user’s active days stand, as `activity` in heimdallr.config.ts, and deploy';
    return finish('refused', reason, false, null);
  }
  const digest = digestOf(values);
  const isFull = !(await isKept(ports, digest));
  let isIncremental = true;
  try {
    for (const model of keptModels)
      isIncremental = (await keep(sql, model, values, guard, isFull)) && isIncremental;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const reason = `the activity table cannot be read as \`activity\` and \`people\` in heimdallr.config.ts say: ${error.message}`;
    return finish('refused', reason.slice(0, 1000), false, null);
  }
  await sql.run([
    ...guard,
    `delete from ${WORK}.refresh_state`,
    `insert into ${WORK}.refresh_state (digest) values (${literal(digest)})`,
  ]);
  for (const model of preparation) await make(sql, model, values, guard);
  const findings = await readFindings(sql, settings, Number(values.today));
  const refusal = refusalOf(findings, settings);
  if (refusal !== null) return finish('refused', refusal, isIncremental, findings);
  for (const model of estimation) await make(sql, model, values, guard);
  return finish('ranked', null, isIncremental, findings);
}

/** By what the notes are made: other settings, or other models of a new release, make other notes. */
const digestOf = (values: Values): string =>
  createHash('sha256')
    .update(JSON.stringify([values, ...keptModels.map(({ file }) => models[file])], withoutTime))
    .digest('hex');

/** What changes from refresh to refresh is no setting. */
const withoutTime = (name: string, value: unknown): unknown =>
  ['today', 'keptFrom', 'computedAt'].includes(name) ? undefined : value;

/** True when there are notes, and they are of these settings. */
async function isKept({ sql }: RankingPorts, digest: string): Promise<boolean> {
  const [state] = await sql.query(`select digest from ${WORK}.refresh_state`);
  if (state?.[0] !== digest) return false;
  const tables = await sql.query(
    `select table_name from information_schema.tables where table_schema = ${literal(WORK)}`,
  );
  return keptModels.every(({ table }) => tables.some(([name]) => name === table));
}

/**
 * Replaces what readers see, all at once, as long as this refresh has the lease.
 * @throws {SqlError} when another refresh has taken its place.
 */
async function publish(
  { sql }: RankingPorts,
  { run }: Running,
  replaced: readonly Output[],
  values: Values,
  more: readonly string[] = [],
): Promise<void> {
  if (replaced.length === 0 && more.length === 0) return;
  await sql.run([
    ...guardOf(run),
    ...replaced.flatMap(({ file, table }) => {
      const target = `${SCHEMA}.${quoted(table.name)}`;
      const columns = Object.keys(table.columns).map(quoted).join(', ');
      return [
        `delete from ${target}`,
        `insert into ${target} (${columns})\nselect ${columns} from (\n${selectOf(file, values)}\n) as answer`,
      ];
    }),
    ...more,
  ]);
}

function runRow(
  settings: RankingSettings,
  startedAt: Date,
  outcome: {
    readonly status: string;
    readonly reason: string | null;
    readonly seconds: number;
    readonly isIncremental: boolean;
    readonly findings: Findings | null;
  },
): string {
  const { status, reason, seconds, isIncremental, findings } = outcome;
  const row: Readonly<Record<string, string>> = {
    computed_at: `${literal(startedAt.toISOString().slice(0, 19).replace('T', ' '))}::timestamp`,
    status: literal(status),
    refusal: reason === null ? 'null' : literal(reason),
    seconds: String(seconds),
    is_incremental: String(isIncremental),
    window_from: day(findings?.windowFrom),
    data_through: day(findings?.dataThrough),
    parameters: `json_parse(${literal(JSON.stringify(settings))})`,
    occurrences: String(findings?.occurrences ?? 0),
    user_days: String(findings?.userDays ?? 0),
    users: String(findings?.users ?? 0),
    items: String(findings?.items ?? 0),
    coverage: String(findings?.coverage ?? 'null'),
    mapping_share: String(findings?.mappingShare ?? 'null'),
    warnings: `json_parse(${literal(JSON.stringify(findings?.warnings ?? []))})`,
  };
  return `insert into ${SCHEMA}.impact_run (${Object.keys(row).join(', ')}) select ${Object.values(row).join(', ')}`;
}

const day = (date: string | null | undefined): string => (date == null ? 'null' : `${literal(date)}::date`);
