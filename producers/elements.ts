/**
 * Cuts a large JSON answer into the elements of one of its arrays, while the bytes still arrive.
 *
 * A page of occurrences is 100 MB when each of them is 1 MB, and a function has 256 MB. The streaming parsers
 * that exist hand out values they have parsed themselves, so customers' numbers beyond 2^53 have lost their
 * digits by then. This one never parses: it finds where an element ends and hands out its text.
 *
 * It trusts brackets and quotes only. Whether an element is valid JSON, its parser says; whether the rest of
 * the document is, the parser of `rest` says: a document cut off in the middle fails there.
 */
import { createHash, type Hash } from 'node:crypto';
import { ArrayFinder, isBlank } from './array-finder.ts';

/** What comes out: elements in their order, and at the very end the document without them. */
export type Piece =
  | { readonly element: string }
  | { readonly unread: Unread }
  /** `isFound` is false when there was no such array: `rest` is then the whole document. */
  | { readonly rest: string; readonly isFound: boolean };

/** An element that cannot be read. It is passed over, so that it cannot hold back all others for ever. */
export interface Unread {
  readonly bytes: number;
  /** Of all its bytes, in hex. */
  readonly sha256: string;
  /** Its first bytes, to find out which one it is; not for the log, they are payload. */
  readonly beginning: string;
  /** As in "it …". */
  readonly reason: string;
}

export interface ElementLimits {
  /** Bytes of one element; beyond, it is passed over. */
  readonly element: number;
  /** Bytes of the document without the elements. */
  readonly rest: number;
}

/** No vendor's record may come near 8 MB: one that travels on is at most 1,000 KiB. */
export const ELEMENT_LIMITS: ElementLimits = { element: 8 * 1024 * 1024, rest: 16 * 1024 * 1024 };

/** Characters kept of an element that is passed over. */
export const BEGINNING = 256;

/**
 * Splits a JSON document in UTF-8.
 *
 * @param array name of the array; the first property of this name, at any depth, whose value is an array.
 * @throws {SyntaxError} when the array's elements are not separated as JSON wants it, or the document ends within it.
 * @throws {RangeError} when the rest of the document is larger than its limit.
 */
export async function* splitElements(
  chunks: AsyncIterable<Uint8Array>,
  array: string,
  limits: ElementLimits = ELEMENT_LIMITS,
): AsyncGenerator<Piece, void> {
  const splitter = new ElementSplitter(array, limits);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield splitter.end();
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Where the splitter stands between two chunks; every border of chunks is a state it can wait in. */
class ElementSplitter {
  readonly #array: string;
  readonly #limits: ElementLimits;
  readonly #finder: ArrayFinder;
  #place: 'before' | 'between' | 'within' | 'after' = 'before';
  readonly #rest: Uint8Array[] = [];
  #restBytes = 0;

  // Within the array: what may come next.
  #hasElements = false;
  #wantsComma = false;

  // Within an element.
  #isInString = false;
  #isEscaped = false;
  #depth = 0;
  #isScalar = false;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #hash: Hash | null = null;
  #beginning = '';

  constructor(array: string, limits: ElementLimits) {
    this.#array = array;
    this.#limits = limits;
    this.#finder = new ArrayFinder(array);
  }

  /** The pieces that this chunk completes. */
  push(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#place === 'between') at = this.#between(chunk, at);
      else if (this.#place === 'within') at = this.#within(chunk, at, pieces);
      else at = this.#outside(chunk, at);
    }
    return pieces;
  }

  end(): Piece {
    if (this.#place === 'between' || this.#place === 'within') {
      throw new SyntaxError(`the document ends within the array ${JSON.stringify(this.#array)}`);
    }
    return { rest: Buffer.concat(this.#rest).toString('utf8'), isFound: this.#place === 'after' };
  }

  /** Keeps what is not of the array, and sees where it begins. */
  #outside(chunk: Uint8Array, start: number): number {
    const found = this.#place === 'before' ? this.#finder.find(chunk) : null;
    const end = found ?? chunk.length;
    if (found !== null) this.#place = 'between';
    this.#keepRest(chunk.subarray(start, end));
    return end;
  }

  /** Steps over blanks and commas to the next element or the end of the array. */
  #between(chunk: Uint8Array, start: number): number {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (isBlank(byte)) continue;
      if (byte === CLOSE_ARRAY) {
        if (this.#hasElements && !this.#wantsComma) throw misplaced('"]" after a comma', this.#array);
        this.#place = 'after';
        return at;
      }
      if (byte === COMMA) {
        if (!this.#wantsComma) throw misplaced('a comma without an element before it', this.#array);
        this.#wantsComma = false;
        continue;
      }
      if (this.#wantsComma) throw misplaced('an element without a comma before it', this.#array);
      this.#place = 'within';
      this.#depth = 0;
      this.#isScalar = byte !== QUOTE && byte !== OPEN_OBJECT && byte !== OPEN_ARRAY;
      return at;
    }
    return chunk.length;
  }

  /** Reads on in an element, to its end or the chunk's. */
  #within(chunk: Uint8Array, start: number, pieces: Piece[]): number {
    const end = this.#isScalar ? endOfScalar(chunk, start) : this.#endOfNested(chunk, start);
    this.#keepElement(chunk.subarray(start, end ?? chunk.length));
    if (end === null) return chunk.length;
    pieces.push(this.#completed());
    this.#place = 'between';
    this.#hasElements = true;
    this.#wantsComma = true;
    return end;
  }

  /** The position after the string, object or array that is open; null when it does not end in this chunk. */
  #endOfNested(chunk: Uint8Array, start: number): number | null {
    let at = start;
    while (at < chunk.length) {
      if (this.#isInString) {
        const end = this.#endOfString(chunk, at);
        if (end === null) return null;
        at = end;
        if (this.#depth === 0) return at;
        continue;
      }
      const byte = chunk[at];
      at += 1;
      if (byte === QUOTE) {
        this.#isInString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.#depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth -= 1;
        if (this.#depth === 0) return at;
      }
    }
    return null;
  }

  /**
   * The position after the quote that ends the string; null when it does not end in this chunk. Most bytes are
   * in strings, so the quote is searched natively and only the backslashes before it are looked at.
   */
  #endOfString(chunk: Uint8Array, start: number): number | null {
    for (let from = start; ; ) {
      const quote = chunk.indexOf(QUOTE, from);
      const end = quote === -1 ? chunk.length : quote;
      let first = end;
      while (first > from && chunk[first - 1] === BACKSLASH) first -= 1;
      // Backslashes that reach back to the start of the search go on from those of the chunk before.
      const backslashes = end - first + (first === from && this.#isEscaped ? 1 : 0);
      this.#isEscaped = backslashes % 2 === 1;
      if (quote === -1) return null;
      if (!this.#isEscaped) {
        this.#isInString = false;
        return quote + 1;
      }
      this.#isEscaped = false;
      from = quote + 1;
    }
  }

  #keepElement(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#hash !== null) {
      this.#hash.update(part);
      return;
    }
    this.#parts.push(part);
    if (this.#bytes <= this.#limits.element) return;
    const whole = Buffer.concat(this.#parts);
    this.#beginning = whole.toString('utf8', 0, BEGINNING);
    this.#hash = createHash('sha256').update(whole);
    this.#parts = [];
  }

  #completed(): Piece {
    const piece: Piece =
      this.#hash === null
        ? { element: Buffer.concat(this.#parts).toString('utf8') }
        : {
            unread: {
              bytes: this.#bytes,
              sha256: this.#hash.digest('hex'),
              beginning: this.#beginning,
              reason: `is larger than ${this.#limits.element} bytes`,
            },
          };
    this.#parts = [];
    this.#bytes = 0;
    this.#hash = null;
    return piece;
  }

  #keepRest(part: Uint8Array): void {
    this.#restBytes += part.length;
    if (this.#restBytes > this.#limits.rest) {
      throw new RangeError(
        `more than ${this.#limits.rest} bytes stand outside of the array ${JSON.stringify(this.#array)}`,
      );
    }
    this.#rest.push(part);
  }
}

/** The position of the byte after a number, true, false or null; null when the chunk ends first. */
function endOfScalar(chunk: Uint8Array, start: number): number | null {
  for (let at = start; at < chunk.length; at += 1) {
    const byte = chunk[at] ?? 0;
    if (byte === COMMA || byte === CLOSE_ARRAY || isBlank(byte)) return at;
  }
  return null;
}

const misplaced = (what: string, array: string): SyntaxError =>
  new SyntaxError(`${what} in the array ${JSON.stringify(array)}`);
