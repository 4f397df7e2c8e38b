/**
 * Starts the vendors' simulators, each in a process of its own: whatever fails inside harms nobody else.
 *
 * A simulator is `producers/<name>/simulator.ts`. It takes `--port 0 --with-parent --demo --live N --start-at TIME
 * --since-hours N`
 * and prints one line of JSON, `{"listening":"http://127.0.0.1:PORT"}`, once it answers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Simulator {
  readonly producer: string;
  readonly url: string;
  close(): void;
}

/** Names of the folders in producers/. */
export function producerNames(root: string): readonly string[] {
  return readdirSync(join(root, 'producers'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'producers', entry.name, 'index.ts')))
    .map((entry) => entry.name)
    .sort();
}

export interface SimulatorChoice {
  readonly root: string;
  readonly producer: string;
  /** Facts to add per minute from then on; 0: only the past. */
  readonly perMinute: number;
  /** When its past ends and its present begins, as an ISO time. */
  readonly startAt: string;
  /** How much of a past it has. */
  readonly sinceHours: number;
}

/**
 * Starts one simulator and waits until it listens.
 * @throws {Error} with its last words when it ends before it listens.
 */
export async function startSimulator(choice: SimulatorChoice): Promise<Simulator> {
  const { root, producer, perMinute, startAt, sinceHours } = choice;
  const file = join(root, 'producers', producer, 'simulator.ts');
  const args = [
    ...[file, '--port', '0', '--with-parent', '--demo'],
    ...['--live', String(perMinute), '--start-at', startAt, '--since-hours', String(sinceHours)],
  ];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const words: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    words.push(line);
    if (words.length > 20) words.shift();
  });
  const url = await listening(child, producer, words);
  return { producer, url, close: () => child.kill('SIGTERM') };
}

function listening(child: ChildProcess, producer: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('a simulator is started with its stdout piped');
    createInterface({ input: child.stdout }).once('line', (line) => {
      const url = /"listening":"([^"]+)"/.exec(line)?.[1];
      if (url === undefined)
        reject(
          new Error(`the simulator of ${producer} said ${line.slice(0, 200)} instead of where it listens`),
        );
      else resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`the simulator of ${producer} ended with code ${code}: ${words.join('\n')}`)),
    );
  });
}
