/** Asks a person for something that must not be seen. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** What is typed, without showing it; from a pipe or a file all that comes, without blanks around. */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).trim();
  stderr.write(`${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: stdin, output: nowhere, terminal: true });
  try {
    return (await line.question('')).trim();
  } finally {
    line.close();
    stderr.write('\n');
  }
}
