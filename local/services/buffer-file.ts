/**
 * What a delivery stream has accepted and not yet written to S3, in files.
 *
 * Firehose answers only once a record is safe, so a record is in a file before the answer leaves. The process may be
 * killed at any instruction: a record is then either whole in the file, or at its torn end and was never
 * acknowledged. Writes are synchronous, which keeps them in order without a queue.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A file that takes no more records. */
export interface Segment {
  /** Counts the segments of a stream, over restarts. */
  readonly number: number;
  readonly path: string;
  /** Arrival of the first record. */
  readonly arrivedAt: Date;
  /** Of the records; of a segment that was left, of the file. */
  readonly bytes: number;
}

/** The open segment of a stream. */
export class BufferFile {
  readonly #folder: string;
  #number: number;
  #open: { readonly segment: Omit<Segment, 'bytes'>; readonly file: number } | null = null;
  bytes = 0;

  /** @param number of the last segment that exists; 0 when there is none. */
  constructor(folder: string, number: number) {
    this.#folder = folder;
    this.#number = number;
  }

  get isEmpty(): boolean {
    return this.#open === null;
  }

  append(records: readonly Buffer[], now: Date): void {
    if (records.length === 0) return;
    this.#open ??= this.#start(now);
    const frames = records.flatMap((record) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(record.length);
      return [length, record];
    });
    const bytes = Buffer.concat(frames);
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#open.file, bytes, written);
    this.bytes += records.reduce((sum, record) => sum + record.length, 0);
  }

  /** Closes the segment; the next record begins another. Null when nothing was accepted. */
  seal(): Segment | null {
    if (this.#open === null) return null;
    closeSync(this.#open.file);
    const segment = { ...this.#open.segment, bytes: this.bytes };
    this.#open = null;
    this.bytes = 0;
    return segment;
  }

  #start(now: Date): { segment: Omit<Segment, 'bytes'>; file: number } {
    this.#number += 1;
    const path = join(this.#folder, `${String(this.#number).padStart(12, '0')}-${now.getTime()}.buffer`);
    return { segment: { number: this.#number, path, arrivedAt: now }, file: openSync(path, 'ax') };
  }
}

/** Segments that an earlier process left, oldest first. */
export function leftSegments(folder: string): readonly Segment[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const [, number, at] = /^(\d{12})-(\d+)\.buffer$/.exec(name) ?? [];
      if (number === undefined) return [];
      const path = join(folder, name);
      return [{ number: Number(number), path, arrivedAt: new Date(Number(at)), bytes: statSync(path).size }];
    });
}

/** The records of a segment, without a torn end. */
export function readSegment({ path }: Segment): readonly Buffer[] {
  const file = readFileSync(path);
  const records: Buffer[] = [];
  for (let at = 0; at + 4 <= file.length; ) {
    const end = at + 4 + file.readUInt32BE(at);
    if (end > file.length) break;
    records.push(file.subarray(at + 4, end));
    at = end;
  }
  return records;
}

export const removeSegment = ({ path }: Segment): void => rmSync(path, { force: true });
