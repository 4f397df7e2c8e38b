/** Batches that Firehose gave up on: loaded once in effect, however often the function is interrupted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Envelope } from '../contract/envelope.ts';
import { ledgerRecords } from '../contract/ledger.ts';
import { toPostgres } from '../contract/postgres.ts';
import { SCHEMA } from '../contract/redshift.ts';
import { type LocalServices, startServices } from '../local/services/index.ts';
import { copy } from '../local/warehouse/copy.ts';
import { parseCopy } from '../local/warehouse/copy-statement.ts';
import { s3Archive } from '../warehouse/reload/ports.ts';
import { type Archive, type ReloadPorts, reload } from '../warehouse/reload/reload.ts';
import { applySchema } from '../warehouse/schema/apply.ts';
import type { Sql } from '../warehouse/sql.ts';

const BUCKET = 'archive';
const ROLE = 'arn:aws:iam::111111111111:role/copy';
const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-reload-'));
const published: Readonly<Record<string, number>>[] = [];
let services: LocalServices;
let archive: Archive;

beforeAll(async () => {
  services = await startServices({
    ...{ dataDir, speed: 60, warehouseUrl: 'memory:', now: () => new Date() },
    log: (message) => {
      throw new Error(message);
    },
  });
  await services.createBucket(BUCKET);
  const credentials = { accessKeyId: 'Reload', secretAccessKey: 'x' };
  const { endpoint } = services;
  archive = s3Archive(
    new S3Client({
      ...{ endpoint, credentials, region: 'eu-central-1', forcePathStyle: true },
      requestHandler: new NodeHttpHandler(),
    }),
    BUCKET,
  );
  await applySchema(sql, ledgerRecords, []);
});

afterAll(async () => {
  await services.close();
  rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  published.length = 0;
  for (const table of ['landing', 'reloaded_manifest'])
    await services.warehouse.query(`truncate ${SCHEMA}.${table}`);
  for (const { key } of await services.s3.list(BUCKET, '')) await services.s3.delete(BUCKET, key);
});

/** Redshift's SQL, COPY included, as the local Data API runs it. */
const sql: Sql = {
  async run(statements) {
    await services.warehouse.transaction(async (query) => {
      for (const statement of statements) {
        if (/^copy /.test(statement))
          await copy(parseCopy(statement), query, async (url) => {
            const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
            return services.s3.get(bucket, key);
          });
        else {
          const translated = toPostgres(statement);
          if (translated !== null) await query(translated);
        }
      }
    });
  },
  query: async (statement) => (await services.warehouse.query(toPostgres(statement) ?? '')).values,
};

const portsOf = (change: Partial<ReloadPorts> = {}): ReloadPorts => ({
  ...{ sql, archive, copyRoleArn: ROLE, log: () => undefined },
  publish: (_dimensions, values) => published.push(values),
  ...change,
});

/** Leaves a skipped batch behind, with so many rows, as Firehose does. */
async function skip(name: string, rows: number, prefix = 'errors/manifests/2026/11/23/18/'): Promise<string> {
  const lines = Array.from(
    { length: rows },
    (_, seq): Envelope => ({
      ...{ record_type: 'poll_page', record_version: 1, record_key: `${name}/${seq}`, feed: 'tiny:web' },
      ...{ run_id: name, seq: seq + 1, observed_at: '2026-11-23T18:30:00.000Z', body: { page: seq } },
    }),
  );
  const object = `landing/2026/11/23/18/${name}.gz`;
  await services.s3.put(BUCKET, object, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  const manifest = `${prefix}${name}`;
  const entries = [{ url: `s3://${BUCKET}/${object}`, mandatory: true }];
  await services.s3.put(BUCKET, manifest, Buffer.from(JSON.stringify({ entries })));
  return manifest;
}

const landed = async (): Promise<number> =>
  Number((await services.warehouse.query(`select count(*) as n from ${SCHEMA}.landing`)).rows[0]?.n);

const keys = async (prefix: string): Promise<readonly string[]> =>
  (await services.s3.list(BUCKET, prefix)).map(({ key }) => key);

test('a skipped batch is loaded, and its manifest moved out of the way, wherever Firehose put it', async () => {
  const first = await skip('one', 3);
  const second = await skip('two', 2, 'landing/errors/manifests/2026/11/23/18/');

  const { reloaded } = await reload(portsOf());
  const again = await reload(portsOf());

  expect(reloaded).toEqual([first, second]);
  expect(again.reloaded).toEqual([]);
  expect(await landed()).toBe(5);
  expect(await keys('reloaded/')).toEqual([`reloaded/${first}`, `reloaded/${second}`]);
  expect(published).toEqual([
    { ManifestsReloaded: 2, ManifestsSkipped: 0 },
    { ManifestsReloaded: 0, ManifestsSkipped: 0 },
  ]);
});

describe('interrupted', () => {
  /** Ports of which the n-th call ends the process, before or after its effect. */
  function dying(nth: number, isAfter: boolean): ReloadPorts {
    let calls = 0;
    const step = async <T>(act: () => Promise<T>): Promise<T> => {
      calls += 1;
      if (calls === nth && !isAfter) throw new Error('killed before');
      const done = await act();
      if (calls === nth) throw new Error('killed after');
      return done;
    };
    const whole = portsOf();
    return {
      ...whole,
      sql: {
        run: (given) => step(() => whole.sql.run(given)),
        query: (given) => step(() => whole.sql.query(given)),
      },
      archive: {
        ...whole.archive,
        async *list(prefix) {
          yield* await step(async () => {
            const found: string[] = [];
            for await (const key of whole.archive.list(prefix)) found.push(key);
            return found;
          });
        },
        move: (from, to) => step(() => whole.archive.move(from, to)),
      },
    };
  }

  test.each([1, 2, 3, 4, 5].flatMap((nth) => [[nth, false] as const, [nth, true] as const]))(
    'at call %i, after its effect: %s, the next run finishes, and every row lands once',
    async (nth, isAfter) => {
      await skip('one', 3);

      await reload(dying(nth, isAfter)).catch(() => undefined);
      await reload(portsOf());

      expect(await landed()).toBe(3);
      expect(await keys('errors/')).toEqual([]);
      expect(await keys('reloaded/')).toHaveLength(1);
    },
  );

  test('between the copy and the deletion of a manifest, it is only moved', async () => {
    const manifest = await skip('one', 3);
    await reload(portsOf());
    await services.s3.put(BUCKET, manifest, await services.s3.get(BUCKET, `reloaded/${manifest}`));

    await reload(portsOf());

    expect(await landed()).toBe(3);
    expect(await keys('errors/')).toEqual([]);
  });
});

test('a batch that cannot be loaded stays, is named, and keeps no other from its rows', async () => {
  const broken = await skip('a-broken', 1);
  await services.s3.delete(BUCKET, 'landing/2026/11/23/18/a-broken.gz');
  await skip('b-good', 2);

  await expect(reload(portsOf())).rejects.toThrow(`${broken} stays: `);

  expect(await landed()).toBe(2);
  expect(await keys('errors/')).toEqual([broken]);
  expect(published).toEqual([{ ManifestsReloaded: 1, ManifestsSkipped: 1 }]);
});

test('a warehouse that cannot read the archive leaves them, and the error says what to type', async () => {
  const manifest = await skip('one', 3);

  await expect(reload(portsOf({ copyRoleArn: null }))).rejects.toThrow(
    /copyRoleArn, or run: copy heimdallr\.landing .* from 's3:\/\/archive\/errors\/manifests\/.*' iam_role 'THE_ROLE' manifest/,
  );

  expect(await landed()).toBe(0);
  expect(await keys('errors/')).toEqual([manifest]);
});

test('a backlog is worked off in parts, and the metric says how much is left', async () => {
  for (let n = 0; n < 23; n += 1) await skip(`batch-${String(n).padStart(2, '0')}`, 1);

  await reload(portsOf());
  await reload(portsOf());

  expect(await landed()).toBe(23);
  expect(published).toEqual([
    { ManifestsReloaded: 20, ManifestsSkipped: 3 },
    { ManifestsReloaded: 3, ManifestsSkipped: 0 },
  ]);
});
