/**
 * The embedded Postgres (PGlite), in a thread of its own: a merge of a hundred thousand rows takes seconds, and
 * everybody else's calls would wait for it in this one.
 */
import { Worker } from 'node:worker_threads';
import type { Parameter } from './database.ts';

/** What the thread can be asked. */
export type Work =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly Parameter[] }
  | { readonly kind: 'raw'; readonly message: Uint8Array };

export interface Asked {
  readonly id: number;
  readonly work: Work;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly fields: Readonly<Record<string, string>> };
    };

/** Rows as Postgres prints them. */
export interface Printed {
  readonly columns: readonly { readonly name: string; readonly typeId: number }[];
  readonly values: readonly (readonly (string | null)[])[];
  readonly affected: number;
}

export interface EmbeddedPostgres {
  /** @throws {Error} with Postgres' own fields: `code` is the SQLSTATE. */
  query(sql: string, parameters: readonly Parameter[]): Promise<Printed>;
  /** A message of the Postgres protocol, and its answer. */
  raw(message: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * @param path a folder, or `memory://`.
 * @param settings of the session.
 * @throws {Error} when the folder holds something else, or cannot be written.
 */
export async function startEmbedded(
  path: string,
  settings: Readonly<Record<string, string>>,
): Promise<EmbeddedPostgres> {
  const thread = new Worker(new URL('./embedded-thread.ts', import.meta.url), {
    workerData: { path, settings },
    // Types are taken off by Node; flags of whoever runs the tests are not for this thread.
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let ended: Error | null = null;

  const end = (reason: Error): void => {
    ended ??= reason;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  thread.on('error', end);
  thread.on('exit', () => end(new Error('the embedded warehouse has ended')));
  thread.on('message', (answer: Answer) => {
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) thread.unref();
    if ('value' in answer) one?.resolve(answer.value);
    else one?.reject(Object.assign(new Error(answer.error.message), answer.error.fields));
  });

  const ask = (work: Work): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended !== null) return reject(ended);
      asked += 1;
      waiting.set(asked, { resolve, reject });
      // An idle thread keeps no program from its end; one that works does.
      thread.ref();
      thread.postMessage({ id: asked, work } satisfies Asked);
    });

  await ask({ kind: 'open' }).catch(async (error: unknown) => {
    await thread.terminate();
    throw error;
  });
  return {
    query: (sql, parameters) => ask({ kind: 'query', sql, parameters }) as Promise<Printed>,
    raw: (message) => ask({ kind: 'raw', message }) as Promise<Uint8Array>,
    async close() {
      await ask({ kind: 'close' });
      await thread.terminate();
    },
  };
}
