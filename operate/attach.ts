/**
 * Finds the pipeline that `npm start` runs on this machine.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LOCAL_STACK_FILE, type LocalStack, readLocalStack } from '../contract/local-stack.ts';

/**
 * Reads what a running `npm start` has left in its state directory.
 * @throws {Error} saying what to do, when nothing runs there.
 */
export function attach(dataDir: string): LocalStack {
  const directory = resolve(dataDir);
  const file = join(directory, LOCAL_STACK_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`no pipeline runs on ${directory} (${file} cannot be read); ${start(directory)}`);
  }
  const stack = readLocalStack(text);
  if (stack === null)
    throw new Error(`${file} is not what npm start writes; remove it, then ${start(directory)}`);
  if (!isAlive(stack.pid)) throw new Error(gone(directory, stack));
  return stack;
}

/** For when nothing answers at the address, although some process has the number of the one that is gone. */
export const gone = (directory: string, { pid, endpoint }: LocalStack): string =>
  `the pipeline on ${directory} has ended: process ${pid}, which served ${endpoint}, is gone and could not say so; ${start(directory)}`;

const start = (directory: string): string => `start it with npm start -- --data ${directory}`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be asked, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
