/**
 * An object of the quarantine: a line of JSON per rejected record, as `transformers/quarantine.ts` writes it.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  type Broken,
  digestOf,
  type Kept,
  type KeptRecord,
  objectIn,
  timeOf,
  unreadable,
  type Whole,
} from './kept.ts';

/** @param bytes gzip, or plain for a bucket that unpacks. */
export function readQuarantine(bytes: Buffer): Kept {
  let text: Buffer;
  try {
    text = isGzip(bytes) ? gunzipSync(bytes) : bytes;
  } catch (error) {
    return unreadable(bytes, `cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  const lines = text
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return {
    records: lines.map((line, index) => recordIn(line, index + 1)),
    part: (indices) => gzipSync(indices.map((index) => `${lines[index]}\n`).join('')),
  };
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function recordIn(text: string, number: number): KeptRecord {
  const line = objectIn(text) ?? {};
  const { rejected_at, record_type, reasons } = line;
  return {
    at: timeOf(rejected_at),
    type: typeof record_type === 'string' ? record_type : null,
    reason: Array.isArray(reasons) ? reasons.join('\n') : '',
    place: `line ${number}`,
    record: contentOf(line),
  };
}

function contentOf({
  data,
  data_encoding: encoding,
  data_truncated: isTruncated,
  digest,
  size_bytes: size,
}: Readonly<Record<string, unknown>>): Whole | Broken {
  if (typeof data !== 'string' || typeof digest !== 'string')
    return { problem: 'is no line of the quarantine: it must have data and digest' };
  if (isTruncated !== false)
    return { problem: `was too large to be kept whole (${Number(size)} bytes): only its beginning is here` };
  try {
    const bytes = decoded(data, encoding);
    // A wrong byte would be another record under the same name.
    if (digestOf(bytes) !== digest) return { problem: 'is damaged: its data does not have its digest' };
    return { digest, entry: { data: bytes, partitionKey: digest } };
  } catch (error) {
    return { problem: `cannot be decoded: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function decoded(data: string, encoding: unknown): Buffer {
  switch (encoding) {
    case 'text':
      return Buffer.from(data, 'utf8');
    case 'base64':
      return Buffer.from(data, 'base64');
    case 'gzip+base64':
      return gunzipSync(Buffer.from(data, 'base64'));
    default:
      throw new TypeError(
        `data_encoding must be text, base64 or gzip+base64, got ${JSON.stringify(encoding)}`,
      );
  }
}
