/**
 * Finds where an array begins in a JSON document that arrives in chunks: the first property of its name, at any
 * depth, whose value is an array. A string with the same text elsewhere, or a key within a string, is none.
 */
const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;

/** True for the four bytes that JSON allows between its words. */
export const isBlank = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** How far the search has come, between two chunks. */
export class ArrayFinder {
  readonly #name: string;
  #isInString = false;
  #isEscaped = false;
  /** Bytes of the string that is open or ended last. */
  #text: number[] = [];
  /** The string that ended last; before a colon, it is a key. */
  #string: string | null = null;
  /** The key whose value comes next. */
  #key: string | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** The position after the array's bracket; null when it is not in this chunk. */
  find(chunk: Uint8Array): number | null {
    for (const [at, byte] of chunk.entries()) {
      if (this.#isInString) {
        this.#readString(byte);
      } else if (byte === QUOTE) {
        this.#isInString = true;
        this.#text = [];
      } else if (byte === COLON) {
        this.#key = this.#string;
      } else if (byte === OPEN_ARRAY && this.#key === this.#name) {
        return at + 1;
      } else if (!isBlank(byte)) {
        this.#key = null;
      }
    }
    return null;
  }

  #readString(byte: number): void {
    if (!this.#isEscaped && byte === QUOTE) {
      this.#isInString = false;
      this.#key = null;
      this.#string = decoded(this.#text);
      return;
    }
    this.#isEscaped = !this.#isEscaped && byte === BACKSLASH;
    // A letter written as an escape takes six bytes; a string that is longer is not the name.
    if (this.#text.length <= 6 * this.#name.length) this.#text.push(byte);
  }
}

/** The text between two quotes; null when it is no JSON string, and so no key. */
function decoded(bytes: readonly number[]): string | null {
  try {
    return String(JSON.parse(`"${Buffer.from(bytes).toString('utf8')}"`));
  } catch {
    return null;
  }
}
