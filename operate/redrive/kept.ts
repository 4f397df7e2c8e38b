/**
 * What an object in the archive bucket keeps of the stream: records that were rejected, or a batch that was given up.
 *
 * Records go back byte for byte, under the run and number they had: so the ledger sees a rejected record delivered,
 * and the merge sees a repeat as a repeat. What is not there whole cannot go back, and is never left out in silence.
 */
import { createHash } from 'node:crypto';
import type { Entry } from '../../contract/put-records.ts';

/** One record of an object. */
export interface KeptRecord {
  /** When it was rejected, or its batch given up; null when that cannot be read. */
  readonly at: Date | null;
  /** Record type it claims to be; null when that cannot be read. */
  readonly type: string | null;
  /** Why it is here, one reason a line. */
  readonly reason: string;
  /** For a person: where it stands in the object. */
  readonly place: string;
  readonly record: Whole | Broken;
}

/** A record that can go back. */
export interface Whole {
  readonly entry: Entry;
  /** SHA-256 of its bytes. */
  readonly digest: string;
}

/** A record that cannot. */
export interface Broken {
  readonly problem: string;
}

/** An object, taken apart. */
export interface Kept {
  readonly records: readonly KeptRecord[];
  /** An object of the same kind with these records only, by index. */
  part(indices: readonly number[]): Buffer;
}

export const isWhole = (record: Whole | Broken): record is Whole => 'entry' in record;

/** An object that cannot be taken apart: one broken record, and its only part is itself. */
export const unreadable = (bytes: Buffer, problem: string): Kept => ({
  records: [{ at: null, type: null, reason: '', place: 'the object', record: { problem } }],
  part: () => bytes,
});

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A time, or null when the text is none. */
export function timeOf(text: unknown): Date | null {
  const time = typeof text === 'string' ? new Date(text) : null;
  return time === null || Number.isNaN(time.getTime()) ? null : time;
}

/** JSON text as an object; null when it is none. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
