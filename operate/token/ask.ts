/** Asks a person for something that must not be seen. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * What is typed, without showing it; from a pipe or a file all that comes, without blanks around.
 * @returns null when it was stopped, by the signal or by Ctrl-C or Ctrl-D.
 */
export async function askHidden(question: string, stopped: AbortSignal): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).trim();
  stderr.write(`${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: stdin, output: nowhere, terminal: true });
  try {
    return (await line.question('', { signal: stopped })).trim();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return null;
    throw error;
  } finally {
    line.close();
    stderr.write('\n');
  }
}
