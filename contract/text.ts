/**
 * Text as Redshift takes it.
 *
 * COPY refuses or silently changes four kinds of text: NUL (an error at the start of a string, a silent cut
 * later), lone surrogates, noncharacters such as U+FFFF (documented as fine, reported as refused), and
 * strings longer in bytes than their column.
 */

/** Matches a character that COPY refuses or changes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is one of the characters looked for.
const UNSAFE = /[\u0000\p{Surrogate}\p{Noncharacter_Code_Point}]/u;
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');

/** True when COPY would load the text exactly as it is. */
export function isSafeText(text: string): boolean {
  return !UNSAFE.test(text);
}

/** The text without NUL, and with U+FFFD in place of what is not a character. */
export function repairText(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, (bad) => (bad === '\0' ? '' : '\uFFFD')) : text;
}

/** Length in bytes of UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** True when the text is at most `bytes` bytes long. */
export function fitsBytes(text: string, bytes: number): boolean {
  // A UTF-16 unit becomes one to three bytes, so most texts are judged without counting.
  return text.length * 3 <= bytes || (text.length <= bytes && byteLength(text) <= bytes);
}

/** The longest beginning of the text that fits `bytes` bytes, cut between code points. */
export function cutToBytes(text: string, bytes: number): string {
  if (fitsBytes(text, bytes)) return text;
  const encoded = Buffer.from(text.slice(0, bytes), 'utf8');
  let end = Math.min(bytes, encoded.length);
  // 10xxxxxx is the middle of a code point: step back to its first byte.
  while (end > 0 && ((encoded[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return encoded.toString('utf8', 0, end);
}
