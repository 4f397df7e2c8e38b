/**
 * Reads JSON rows as COPY does: objects one after the other, nothing but white space between them.
 *
 * JSON.parse would not do. It rounds numbers, lets the last of two equal keys win, and cannot say in which line
 * a mistake stands. Here a value keeps its place in the text, so that what is loaded is what was written; what
 * a SUPER column would not take is noted beside it and only matters if the value goes into one. The file is long
 * because a grammar is best read in one piece.
 */
import { MAX_STRING_BYTES } from '../../contract/columns.ts';
import { byteLength, fitsBytes } from '../../contract/text.ts';
import { decode, type Problem, RowError, textProblem } from './load-text.ts';

export { type Problem, RowError } from './load-text.ts';

/** A value of a row. */
export interface Field {
  readonly kind: 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';
  /** As it stands in the file. */
  readonly raw: string;
  /** Of a string: what it says, escapes resolved. Otherwise the same as `raw`. */
  readonly text: string;
  /** Why its text is no value of any column; null when it is one. NUL is judged by the column. */
  readonly textProblem: Problem | null;
  /** Why it is no value of a SUPER column; null when it is one. */
  readonly superProblem: Problem | null;
}

export interface Row {
  /** Line of the file, from 1, in which the row begins. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, Field>;
}

/** COPY takes no larger object (`copy-usage_notes-copy-from-json`). */
const MAX_ROW_BYTES = 4 * 1024 * 1024;

/** Redshift's limit for the nesting of a SUPER (`limitations-super`). */
const MAX_SUPER_DEPTH = 1000;

/** Deeper text is refused as a whole: the reader calls itself once a level. */
const MAX_DEPTH = 2000;

/**
 * The rows of a file.
 * @throws {RowError} at the first thing that is not a row, when the reader comes to it.
 */
export function* readRows(file: Buffer): Generator<Row> {
  const reader = new Reader(decode(file));
  for (let row = reader.next(); row !== null; row = reader.next()) yield row;
}

class Reader {
  readonly #text: string;
  #at = 0;
  /** Newlines are counted up to here. */
  #counted = 0;
  #line = 1;
  /** First backslash at or after `#at`; strings without one are taken whole. */
  #backslash = -1;
  /** First problem within the value that is being read. */
  #problem: Problem | null = null;

  constructor(text: string) {
    this.#text = text;
    this.#backslash = text.indexOf('\\');
  }

  next(): Row | null {
    this.#skipBlank();
    if (this.#at >= this.#text.length) return null;
    const start = this.#at;
    const line = this.#lineOf(start);
    if (this.#text[start] !== '{') this.#fail(`Expected the start of a JSON object, found ${this.#here()}`);
    const fields = this.#members();
    this.#checkSize(start);
    return { line, fields };
  }

  #members(): Map<string, Field> {
    const fields = new Map<string, Field>();
    this.#at += 1;
    this.#skipBlank();
    if (this.#take('}')) return fields;
    for (;;) {
      const key = this.#key();
      if (fields.has(key)) this.#fail(`Duplicate key ${JSON.stringify(key.slice(0, 64))} in a JSON object`);
      fields.set(key, this.#field());
      this.#skipBlank();
      if (this.#take('}')) return fields;
      this.#expect(',');
    }
  }

  #key(): string {
    this.#skipBlank();
    if (this.#text[this.#at] !== '"') this.#fail(`Expected a key in double quotes, found ${this.#here()}`);
    const key = this.#judgedString();
    this.#skipBlank();
    this.#expect(':');
    return key;
  }

  #field(): Field {
    this.#skipBlank();
    this.#problem = null;
    const start = this.#at;
    const first = this.#text[start];
    if (first === '"') {
      const text = this.#judgedString();
      const raw = this.#text.slice(start, this.#at);
      return { kind: 'string', raw, text, textProblem: textProblem(text, raw), superProblem: this.#problem };
    }
    this.#value(0);
    const raw = this.#text.slice(start, this.#at);
    return {
      kind: KINDS[first ?? ''] ?? 'number',
      raw,
      text: raw,
      textProblem: textProblem(raw, ''),
      superProblem: this.#problem,
    };
  }

  /** Reads a value and notes what a SUPER would not take of it. */
  #value(depth: number): void {
    this.#skipBlank();
    const first = this.#text[this.#at];
    if (first === '"') {
      this.#judgedString();
    } else if (first === '{' || first === '[') {
      if (depth >= MAX_DEPTH) this.#fail(`JSON is nested deeper than ${MAX_DEPTH}`);
      if (depth >= MAX_SUPER_DEPTH) this.#note(1224, `SUPER is nested deeper than ${MAX_SUPER_DEPTH}`);
      if (first === '{') this.#object(depth);
      else this.#array(depth);
    } else {
      this.#scalar();
    }
  }

  #object(depth: number): void {
    this.#at += 1;
    this.#skipBlank();
    if (this.#take('}')) return;
    const keys = new Set<string>();
    for (;;) {
      const key = this.#key();
      if (keys.has(key))
        this.#note(1224, `Duplicate key ${JSON.stringify(key.slice(0, 64))} in a SUPER object`);
      keys.add(key);
      this.#value(depth + 1);
      this.#skipBlank();
      if (this.#take('}')) return;
      this.#expect(',');
    }
  }

  #array(depth: number): void {
    this.#at += 1;
    this.#skipBlank();
    if (this.#take(']')) return;
    for (;;) {
      this.#value(depth + 1);
      this.#skipBlank();
      if (this.#take(']')) return;
      this.#expect(',');
    }
  }

  #scalar(): void {
    SCALAR.lastIndex = this.#at;
    const match = SCALAR.exec(this.#text);
    if (match === null) this.#fail(`Invalid value: ${this.#here()}`);
    else this.#at = SCALAR.lastIndex;
  }

  /** Reads a string and resolves its escapes. */
  #string(): string {
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    if (this.#backslash !== -1 && this.#backslash < start) this.#backslash = this.#text.indexOf('\\', start);
    const hasEscape = this.#backslash !== -1 && this.#backslash < end;
    if (hasEscape) {
      CLOSING_QUOTE.lastIndex = start;
      end = CLOSING_QUOTE.test(this.#text) ? CLOSING_QUOTE.lastIndex - 1 : -1;
    }
    if (end === -1) this.#fail('A string has no end');
    const raw = this.#text.slice(start, end);
    if (CONTROL.test(raw)) this.#fail('A string holds a control character that is not escaped');
    if (!hasEscape) {
      this.#at = end + 1;
      return raw;
    }
    try {
      const text: unknown = JSON.parse(`"${raw}"`);
      this.#at = end + 1;
      return String(text);
    } catch {
      return this.#fail('A string holds an invalid escape');
    }
  }

  /** Reads a string and notes why it cannot stand in a SUPER. */
  #judgedString(): string {
    const start = this.#at;
    const text = this.#string();
    const problem = textProblem(text, this.#text.slice(start, this.#at));
    if (text.includes('\0')) this.#note(1224, NUL_IN_SUPER);
    else if (problem !== null) this.#note(problem.code, problem.message);
    else if (!fitsBytes(text, MAX_STRING_BYTES)) {
      const size = byteLength(text);
      this.#note(1224, `A string in a SUPER is ${size} bytes long, at most ${MAX_STRING_BYTES} fit`);
    }
    return text;
  }

  #note(code: number, message: string): void {
    this.#problem ??= { code, message };
  }

  #checkSize(start: number): void {
    // A UTF-16 unit is at most three bytes, and a pipe counts twice.
    if ((this.#at - start) * 3 <= MAX_ROW_BYTES) return;
    const text = this.#text.slice(start, this.#at);
    const size = byteLength(text) + (text.split('|').length - 1);
    if (size > MAX_ROW_BYTES) this.#fail(`A JSON object is ${size} bytes long, COPY takes ${MAX_ROW_BYTES}`);
  }

  #skipBlank(): void {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 32 || code === 10 || code === 13 || code === 9) {
      this.#at += 1;
      code = this.#text.charCodeAt(this.#at);
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail(`Expected '${character}', found ${this.#here()}`);
  }

  #here(): string {
    const character = this.#text.codePointAt(this.#at);
    return character === undefined ? 'the end of the file' : JSON.stringify(String.fromCodePoint(character));
  }

  #lineOf(position: number): number {
    for (let at = this.#text.indexOf('\n', this.#counted); at !== -1 && at < position; ) {
      this.#line += 1;
      this.#counted = at + 1;
      at = this.#text.indexOf('\n', this.#counted);
    }
    return this.#line;
  }

  #fail(message: string): never {
    throw new RowError({ code: 1216, message }, this.#lineOf(this.#at));
  }
}

const NUL_IN_SUPER =
  'A string in a SUPER holds NUL: Redshift would keep it, the local Postgres cannot. Strip it before the stream';

const KINDS: Readonly<Record<string, Field['kind']>> = {
  '{': 'object',
  '[': 'array',
  t: 'boolean',
  f: 'boolean',
  n: 'null',
};

/** A number, true, false or null, and then nothing that would belong to it. */
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}]|$)/y;

/** From inside a string to the quote that ends it. */
const CLOSING_QUOTE = /[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u001f]/;
