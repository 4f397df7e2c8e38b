/**
 * The envelope: what travels on the stream and lands in `heimdallr.landing`.
 *
 * Its JSON text, written once by the producer, is the row that COPY reads: nobody on the way writes it again.
 * A COPY can therefore fail on the envelope only, and that is ours.
 */
import type { Column, JsonValue } from './columns.ts';
import { integer, MAX_SUPER_BYTES, nullable, superJson, timestamp, varchar } from './columns.ts';
import { type Body, MAX_KEY_BYTES, type RecordType } from './record.ts';

/** Columns of the landing table, in the order in which an envelope is written. */
export const landingColumns = {
  record_type: varchar(64, 'Name of the record type.'),
  record_version: integer('Version of the record type.'),
  record_key: varchar(MAX_KEY_BYTES, 'Identity of the fact within its record type.'),
  feed: varchar(128, 'The feed that was polled, as producer:name.'),
  run_id: varchar(40, 'The run of the producer; sorts by time.'),
  seq: integer('Counts the records of a run, from 1.'),
  observed_at: timestamp('When the vendor was seen saying this; the newest wins.'),
  body: superJson(MAX_SUPER_BYTES, 'The record.'),
} satisfies Record<string, Column>;

export interface Envelope {
  readonly record_type: string;
  readonly record_version: number;
  readonly record_key: string;
  readonly feed: string;
  readonly run_id: string;
  readonly seq: number;
  readonly observed_at: string;
  readonly body: Body;
}

/** Bytes of one envelope's JSON text with its newline: Firehose takes 1,000 KiB a record, less than Kinesis. */
export const MAX_ENVELOPE_BYTES = 1_000 * 1024;

/**
 * The identity of a fact: its key columns, joined by `/`, each escaped so that two keys never meet and no
 * blank stands at the end, where Redshift would not see it.
 */
export function recordKey(type: Pick<RecordType, 'key'>, body: Body): string {
  // Every record is asked for its key on both sides of the stream: making an array to join would cost twice as much.
  let joined: string | null = null;
  for (const name of type.key) {
    const part = escapeKey(body[name] ?? null);
    joined = joined === null ? part : `${joined}/${part}`;
  }
  return joined ?? '';
}

function escapeKey(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (UNRESERVED.test(text)) return text;
  // A lone surrogate would make encodeURIComponent throw; the validator rejects such a key by its column.
  return encodeURIComponent(text.toWellFormed());
}

/** What encodeURIComponent leaves alone; most keys are nothing else, and the test is cheaper than the call. */
const UNRESERVED = /^[\w.!~*'()-]*$/;

/** Puts a body into its envelope. */
export function seal(
  type: RecordType,
  body: Body,
  origin: Pick<Envelope, 'feed' | 'run_id' | 'seq' | 'observed_at'>,
): Envelope {
  return {
    record_type: type.name,
    record_version: type.version,
    record_key: recordKey(type, body),
    feed: origin.feed,
    run_id: origin.run_id,
    seq: origin.seq,
    observed_at: origin.observed_at,
    body,
  };
}

/** Columns that every final table has beside the declared ones. */
export const originColumns = {
  _feed: varchar(128, 'The feed from which the newest version came.'),
  _observed_at: timestamp('When the vendor was seen saying this.'),
  _run_id: varchar(40, 'The run of the producer that put it on the stream.'),
} satisfies Record<string, Column>;

/** Columns of `heimdallr.receipt`: one row per record that reached a final table, the credit side of the ledger. */
export const receiptColumns = {
  run_id: varchar(40, 'The run of the producer.'),
  seq: integer('The number of the record within its run.'),
  feed: varchar(128, 'The feed.'),
  record_type: varchar(64, 'Name of the record type.'),
  observed_at: timestamp('When the vendor was seen saying it.'),
  loaded_at: timestamp('When the loader moved it to its final table.'),
  happened_at: nullable(timestamp('When the fact happened, as its record says; null when it does not.')),
} satisfies Record<string, Column>;
