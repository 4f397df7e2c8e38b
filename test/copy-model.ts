/**
 * A small strict model of `COPY landing … JSON 'auto'`, written from the documents and not from our code.
 *
 * Where the documents are silent or warn, it refuses: a key that stands there twice, an escape that JSON.stringify
 * would not write, an integer with an exponent, a line break inside a row.
 */
import { landingColumns } from '../contract/envelope.ts';

/**
 * The columns of a row as COPY would store them.
 * @param doubles attributes of the body that are cast to FLOAT8: of those the nearest double counts, and not each
 * digit. 68363806514063930 is how the double 68363806514063928 is written, and the double comes back from it.
 * @throws {SyntaxError} when it would not store them, or not surely.
 */
export function copyRow(line: Buffer, doubles: readonly string[] = []): Record<string, unknown> {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  if (!text.endsWith('\n')) refuse('the row does not end with a newline');
  if (Buffer.byteLength(text) > 1_000 * 1024) refuse('the row is larger than a Firehose record');
  const reader: Reader = { text: text.slice(0, -1), at: 0 };
  const row = readValue(reader, 0);
  if (reader.at !== reader.text.length) refuse('something follows the object');
  if (row.kind !== 'object') return refuse('the row is no object');
  const names = Object.keys(landingColumns);
  for (const name of row.members.keys()) if (!names.includes(name)) refuse(`${name} would be ignored`);
  return Object.fromEntries(
    Object.entries(landingColumns).map(([name, { type }]) => {
      const node = row.members.get(name);
      if (node === undefined) return refuse(`${name} would be null`);
      if (type.kind === 'super') return [name, bodyOf(node, doubles)];
      if (type.kind === 'integer') {
        const isPlain = node.kind === 'number' && /^-?(?:0|[1-9]\d*)$/.test(node.source);
        return isPlain && Math.abs(Number(node.source)) < 2 ** 31
          ? [name, Number(node.source)]
          : refuse(`${name}: invalid digit or out of range`);
      }
      if (node.kind !== 'string') return refuse(`${name} is no string`);
      if (type.kind === 'varchar' && Buffer.byteLength(node.value) > type.bytes)
        refuse(`${name} is too long`);
      if (type.kind === 'timestamp' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(node.value))
        refuse(`${name} is no timestamp`);
      return [name, node.value];
    }),
  );
}

type Node =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly source: string }
  | { readonly kind: 'word'; readonly value: boolean | null }
  | { readonly kind: 'array'; readonly elements: readonly Node[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Node> };

interface Reader {
  readonly text: string;
  at: number;
}

function refuse(problem: string): never {
  throw new SyntaxError(`COPY: ${problem}`);
}

function take(reader: Reader, pattern: RegExp): string | null {
  const sticky = new RegExp(pattern.source, 'yu');
  sticky.lastIndex = reader.at;
  const found = sticky.exec(reader.text)?.[0] ?? null;
  if (found !== null) reader.at += found.length;
  return found;
}

function readValue(reader: Reader, depth: number): Node {
  if (depth > 1000) refuse('nested deeper than 1,000');
  take(reader, / */);
  const first = reader.text[reader.at];
  let node: Node;
  if (first === '{') node = readObject(reader, depth);
  else if (first === '[') node = readArray(reader, depth);
  else if (first === '"') node = { kind: 'string', value: readString(reader) };
  else {
    const word = take(reader, /true|false|null/);
    const source = word === null ? take(reader, /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/) : null;
    if (word !== null) node = { kind: 'word', value: word === 'null' ? null : word === 'true' };
    else if (source !== null && Number.isFinite(Number(source))) node = { kind: 'number', source };
    else return refuse(`no value at ${reader.at}`);
  }
  take(reader, / */);
  return node;
}

function readObject(reader: Reader, depth: number): Node {
  const members = new Map<string, Node>();
  take(reader, /\{ */);
  if (take(reader, /\}/) !== null) return { kind: 'object', members };
  do {
    take(reader, / */);
    const key = readString(reader);
    if (members.has(key)) refuse('a key stands there twice');
    if (take(reader, / *:/) === null) refuse('no colon');
    members.set(key, readValue(reader, depth + 1));
  } while (take(reader, /,/) !== null);
  if (take(reader, /\}/) === null) refuse('no closing brace');
  return { kind: 'object', members };
}

function readArray(reader: Reader, depth: number): Node {
  const elements: Node[] = [];
  take(reader, /\[ */);
  if (take(reader, /\]/) !== null) return { kind: 'array', elements };
  do elements.push(readValue(reader, depth + 1));
  while (take(reader, /,/) !== null);
  if (take(reader, /\]/) === null) refuse('no closing bracket');
  return { kind: 'array', elements };
}

// The last alternative of the escapes is all of the control characters that JSON.stringify writes by number.
// biome-ignore lint/suspicious/noControlCharactersInRegex: raw control characters are what a string must not hold.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\bfnrt]|u00(?:0[1-7bef]|1[0-9a-f])))*"/;

function readString(reader: Reader): string {
  const source = take(reader, STRING);
  if (source === null) return refuse(`no string at ${reader.at}, or one with an escape of doubt`);
  const value: string = JSON.parse(source);
  if (Buffer.byteLength(value) > 65_535) refuse('a string is longer than 65,535 bytes');
  if (/[\p{Noncharacter_Code_Point}\p{Surrogate}]/u.test(value)) refuse('a noncharacter');
  return value;
}

function bodyOf(body: Node, doubles: readonly string[]): unknown {
  if (body.kind !== 'object') return toValue(body);
  const attribute = (name: string, node: Node): unknown =>
    node.kind === 'number' && doubles.includes(name) ? Number(node.source) : toValue(node);
  return Object.fromEntries([...body.members].map(([name, node]) => [name, attribute(name, node)]));
}

function toValue(node: Node): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries([...node.members].map(([key, member]) => [key, toValue(member)]));
    case 'array':
      return node.elements.map(toValue);
    case 'number': {
      const value = Number(node.source);
      const isLost = /^-?\d+$/.test(node.source) && BigInt(node.source) !== BigInt(value);
      if (isLost) refuse('a number loses digits');
      return value;
    }
    default:
      return node.value;
  }
}
