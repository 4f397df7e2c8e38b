/**
 * One process at a time in a data directory: two would write into the same files, and the emulators would wait for
 * each other without a word.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the directory, and makes it when it is not there.
 * @returns what gives it back.
 * @throws when a process that is alive has it. One that was killed has not.
 */
export function takeDirectory(path: string): () => void {
  mkdirSync(path, { recursive: true });
  const file = join(path, 'in-use');
  const holder = Number(readOrNull(file) ?? Number.NaN);
  if (isAlive(holder)) {
    throw new Error(
      `${path} is in use by process ${holder}: stop it, or remove ${file} if it is another one`,
    );
  }
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    // A process that was killed can be asked until its parent has noticed; Linux says that it is a zombie.
    return !/\) Z /.test(readOrNull(`/proc/${pid}/stat`) ?? '');
  } catch (error) {
    // Somebody else's process may not be asked, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
