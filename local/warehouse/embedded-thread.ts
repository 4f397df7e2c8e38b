/** The thread in which the embedded Postgres works; `embedded.ts` asks it. */
import { existsSync, openAsBlob, readdirSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type { Answer, Asked, Work } from './embedded.ts';

const { path, settings } = workerData as {
  readonly path: string;
  readonly settings: Readonly<Record<string, string>>;
};

/** Type ids that PGlite would turn into JavaScript values: bool, bytea, int8, int2, int4, oid, json, floats, dates, jsonb. */
const AS_TEXT = Object.fromEntries(
  [16, 17, 20, 21, 23, 26, 114, 700, 701, 1082, 1114, 1184, 1700, 3802].map((typeId) => [
    typeId,
    (value: string) => value,
  ]),
);

/** A file with an empty database, as `dumpDataDir` writes it: to begin with it takes a fifth of the time of making one. */
const { HEIMDALLR_EMPTY_DATABASE: empty } = process.env;
const isNew = !existsSync(path) || readdirSync(path).length === 0;

async function open(): Promise<PGlite> {
  const beginning = empty !== undefined && isNew ? { loadDataDir: await openAsBlob(empty) } : {};
  const pglite = await PGlite.create({ dataDir: path, ...beginning });
  for (const [name, value] of Object.entries(settings)) await pglite.exec(`set ${name} to ${value}`);
  return pglite;
}

const opening = open();

// Asked one by one: whoever asks waits for the answer before.
parentPort?.on('message', ({ id, work }: Asked) => {
  run(work).then(
    (value) => parentPort?.postMessage({ id, value } satisfies Answer),
    (error: unknown) => parentPort?.postMessage({ id, error: described(error) } satisfies Answer),
  );
});

async function run(work: Work): Promise<unknown> {
  const pglite = await opening;
  switch (work.kind) {
    case 'open':
      return null;
    case 'query': {
      const { rows, fields, affectedRows } = await pglite.query<(string | null)[]>(
        work.sql,
        [...work.parameters],
        { rowMode: 'array', parsers: AS_TEXT },
      );
      return {
        columns: fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
        values: rows,
        affected: affectedRows ?? 0,
      };
    }
    case 'raw':
      return pglite.execProtocolRaw(work.message);
    case 'close':
      return pglite.close();
  }
}

/** What Postgres says of an error beside its message; the statement itself is long, and whoever sent it has it. */
const TOLD = ['code', 'detail', 'hint', 'position', 'where', 'schema', 'table', 'column', 'constraint'];

function described(error: unknown): Extract<Answer, { error: unknown }>['error'] {
  const message = error instanceof Error ? error.message : String(error);
  const fields = Object.entries(error instanceof Error ? error : {}).filter(
    ([name, value]) => TOLD.includes(name) && typeof value === 'string',
  );
  return { message, fields: Object.fromEntries(fields) };
}
