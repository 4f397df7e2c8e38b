/** Hands tasks to workers, each a process with a warehouse of its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import type { SeedResult } from './seed.ts';
import type { Said, Task } from './worker.ts';

export interface CrewOptions {
  readonly workers: number;
  /** `postgres://…` for a server, on which each worker gets a database of its own; null for embedded ones. */
  readonly warehouse: string | null;
}

/** Runs all tasks. @throws {Error} when a worker fails; it has said why. */
export async function runTasks(
  tasks: readonly Task[],
  { workers, warehouse }: CrewOptions,
  done: (result: SeedResult) => void,
): Promise<void> {
  const waiting = [...tasks];
  const crew = Array.from({ length: Math.min(workers, tasks.length) }, async (_none, index) => {
    const name = `heimdallr_truth_${process.pid}_${index + 1}`;
    const url = warehouse === null ? 'memory:' : databaseOf(warehouse, name);
    if (warehouse !== null)
      await onServer(warehouse, [`drop database if exists ${name}`, `create database ${name}`]);
    await work(url, waiting, done);
    if (warehouse !== null) await onServer(warehouse, [`drop database if exists ${name}`]);
  });
  await Promise.all(crew);
}

function databaseOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** One worker, until nothing waits. */
function work(url: string, waiting: Task[], done: (result: SeedResult) => void): Promise<void> {
  const worker = fork(join(import.meta.dirname, 'worker.ts'), [url]);
  return new Promise((resolve, reject) => {
    worker.on('message', (said: Said) => {
      if ('result' in said) return done(said.result);
      const task = waiting.shift();
      if (task === undefined) worker.disconnect();
      else worker.send(task);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else {
        waiting.length = 0;
        reject(new Error(`a worker ended with ${code}, expected 0; what it wrote stands above`));
      }
    });
  });
}
