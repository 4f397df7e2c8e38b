/**
 * Loads the batches that Firehose gave up on.
 *
 * After two hours of failing COPYs Firehose skips a batch: it leaves a manifest of the staged objects and goes on. Each
 * such manifest is copied here, in one transaction with a note that it was, and then moved out of the way. A run that
 * dies in between finds the note, or the manifest where it was; two at once load rows twice, which the merge removes.
 */
import { literal, reloadedTable, reloadStatements, SCHEMA } from '../../contract/redshift.ts';
import type { Sql } from '../sql.ts';

export interface ReloadPorts {
  readonly sql: Sql;
  readonly archive: Archive;
  /** Role with which the warehouse reads the archive; null when it has none. */
  readonly copyRoleArn: string | null;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly publish: (
    dimensions: Readonly<Record<string, string>>,
    values: Readonly<Record<string, number>>,
  ) => void;
}

/** The bucket in which rows are staged. */
export interface Archive {
  readonly bucket: string;
  /** Keys under a prefix, in their order. */
  list(prefix: string): AsyncIterable<string>;
  /** Copies, then deletes: a crash in between leaves both. */
  move(from: string, to: string): Promise<void>;
}

export interface ReloadSummary {
  /** Manifests whose batches were loaded in this run. */
  readonly reloaded: readonly string[];
  /** Manifests that stay, each with the reason. */
  readonly failed: readonly { readonly manifest: string; readonly reason: string }[];
}

/** Whether Firehose puts them behind its prefix or beside it is not documented. */
const PREFIXES = ['errors/manifests/', 'landing/errors/manifests/'];
const RELOADED = 'reloaded/';
/** A COPY of 128 MB takes seconds; a backlog of them must not take all of the function's time. */
const MAX_PER_RUN = 20;

/**
 * Loads what was skipped, the oldest first.
 * @throws {Error} naming every manifest that could not be loaded; the others are by then.
 */
export async function reload(ports: ReloadPorts): Promise<ReloadSummary> {
  const { archive, publish, log } = ports;
  const manifests: string[] = [];
  for (const prefix of PREFIXES) for await (const key of archive.list(prefix)) manifests.push(key);
  const reloaded: string[] = [];
  const failed: { manifest: string; reason: string }[] = [];
  for (const manifest of manifests.slice(0, MAX_PER_RUN)) {
    try {
      await reloadOne(ports, manifest);
      reloaded.push(manifest);
      log('a batch that Firehose gave up on is loaded', { manifest });
    } catch (error) {
      failed.push({ manifest, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  publish({}, { ManifestsReloaded: reloaded.length, ManifestsSkipped: manifests.length - reloaded.length });
  if (failed.length > 0)
    throw new Error(failed.map(({ manifest, reason }) => `${manifest} stays: ${reason}`).join('; '));
  return { reloaded, failed };
}

async function reloadOne({ sql, archive, copyRoleArn }: ReloadPorts, manifest: string): Promise<void> {
  const wasLoaded = await sql.query(
    `select 1 from ${SCHEMA}.${reloadedTable.name} where manifest = ${literal(manifest)} limit 1`,
  );
  if (wasLoaded.length === 0) {
    if (copyRoleArn === null) {
      const [, copy = ''] = reloadStatements(archive.bucket, manifest, 'THE_ROLE');
      throw new Error(
        `the warehouse has no role that reads the archive; attach one and name it as warehouse.copyRoleArn, or run: ${copy}`,
      );
    }
    await sql.run(reloadStatements(archive.bucket, manifest, copyRoleArn));
  }
  await archive.move(manifest, `${RELOADED}${manifest}`);
}
