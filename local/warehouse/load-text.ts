/** The text of a file that COPY reads: which bytes and characters it takes, and how it says that it does not. */
import { isUtf8 } from 'node:buffer';
import { isSafeText } from '../../contract/text.ts';

/** An error as COPY reports it: its code in Redshift's load error reference, and its words. */
export interface Problem {
  readonly code: number;
  readonly message: string;
}

/** The file is not rows of JSON. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly code: number;
  readonly line: number;

  constructor(problem: Problem, line: number) {
    super(problem.message);
    this.code = problem.code;
    this.line = line;
  }
}

/** COPY takes no byte-order mark for white space, so it must survive the decoding. */
export function decode(file: Buffer): string {
  if (isUtf8(file)) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(file);
  let line = 1;
  for (let start = 0, end = file.indexOf(10); end !== -1; end = file.indexOf(10, start)) {
    if (!isUtf8(file.subarray(start, end))) break;
    start = end + 1;
    line += 1;
  }
  throw new RowError({ code: 1220, message: 'String contains invalid or unsupported UTF8 codepoints' }, line);
}

/** A surrogate written as an escape, alone or in a pair: nobody says what COPY makes of either. */
const SURROGATE_ESCAPE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/** What is wrong with a text, NUL aside; null when nothing. @param raw as it stands in the file, with its escapes. */
export function textProblem(text: string, raw: string): Problem | null {
  if (SURROGATE_ESCAPE.test(raw)) return badText('surrogate written as an escape', 5);
  if (isSafeText(text.includes('\0') ? text.replaceAll('\0', '') : text)) return null;
  const bad = /\p{Noncharacter_Code_Point}/u.exec(text)?.[0].codePointAt(0) ?? 0;
  return badText(`U+${bad.toString(16).toUpperCase()}`, 7);
}

/** @param error number in Redshift's table of multibyte load errors; 7 is from a field report. */
const badText = (what: string, error: 5 | 7): Problem => ({
  code: 1220,
  message: `String contains invalid or unsupported UTF8 codepoints. Bad codepoint: ${what} (error ${error})`,
});
