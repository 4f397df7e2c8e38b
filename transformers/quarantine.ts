/**
 * What becomes of a rejected record: a line in the quarantine that keeps it whole, and a row that says so.
 *
 * The line goes to S3, which takes everything, so that it can be sent again once the cause is gone. The row is an
 * ordinary record, because the books must balance: emitted = delivered + rejected.
 */

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { conform } from '../contract/conform.ts';
import { type Envelope, MAX_ENVELOPE_BYTES, seal } from '../contract/envelope.ts';
import { rejectedRecord } from '../contract/ledger.ts';
import type { Claims } from './judge.ts';

/** A record that was rejected. */
export interface Rejection {
  readonly claims: Claims;
  readonly reasons: readonly string[];
  /** As it came from the stream. */
  readonly bytes: Buffer;
  readonly sequenceNumber: string;
  /** As in `shardId-000000000000`. */
  readonly shard: string;
  readonly at: Date;
}

/** When neither text nor base64 nor a compressed copy fits: this many bytes are kept, and the line says so. */
const MAX_CUT_BYTES = 700_000;

/** The line for the quarantine, with its newline; at most as large as Firehose takes. */
export function quarantineLine(rejection: Rejection): Buffer {
  const { claims, reasons, bytes, sequenceNumber, shard, at } = rejection;
  const about = {
    rejected_at: at.toISOString(),
    reasons,
    ...claims,
    digest: digestOf(bytes),
    sequence_number: sequenceNumber,
    shard,
    size_bytes: bytes.length,
  };
  for (const kept of copies(bytes)) {
    const line = Buffer.from(`${JSON.stringify({ ...about, ...kept() })}\n`, 'utf8');
    if (line.length <= MAX_ENVELOPE_BYTES) return line;
  }
  throw new RangeError(
    `a quarantine line without data is over ${MAX_ENVELOPE_BYTES} bytes: its reasons must be fewer`,
  );
}

interface Kept {
  readonly data_encoding: 'text' | 'base64' | 'gzip+base64';
  readonly data_truncated: boolean;
  readonly data: string;
}

/** The record in the ways in which it can be kept, the most readable first. */
const copies = (bytes: Buffer): readonly (() => Kept)[] => [
  () =>
    isUtf8(bytes)
      ? { data_encoding: 'text', data_truncated: false, data: bytes.toString('utf8') }
      : { data_encoding: 'base64', data_truncated: false, data: bytes.toString('base64') },
  () => ({
    data_encoding: 'gzip+base64',
    data_truncated: false,
    data: gzipSync(bytes).toString('base64'),
  }),
  () => ({
    data_encoding: 'base64',
    data_truncated: true,
    data: bytes.toString('base64', 0, MAX_CUT_BYTES),
  }),
];

/** The record of the rejection. Sent again after a replay it is the same fact: its key has no time in it. */
export function rejectedEnvelope({ claims, reasons, bytes, at }: Rejection): Envelope {
  // A key has no blank at its end, and Redshift would not see one.
  const run_id = claims.run_id?.replace(/ +$/, '') ?? 'unknown';
  const seq = claims.seq ?? 0;
  const body = conform(
    rejectedRecord,
    {
      run_id,
      seq,
      digest: digestOf(bytes),
      rejected_type: claims.record_type,
      rejected_version: claims.record_version,
      rejected_key: claims.record_key,
      happened_at: claims.happened_at,
      rejected_at: at.toISOString(),
      size_bytes: bytes.length,
      reasons: reasons.join('\n'),
      truncated_fields: null,
    },
    { mode: 'keep' },
  );
  return seal(rejectedRecord, body, {
    feed: claims.feed ?? 'unknown',
    run_id,
    // An envelope counts from 1; the body says 0 where nothing could be read.
    seq: Math.max(1, seq),
    observed_at: at.toISOString(),
  });
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
