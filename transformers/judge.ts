/**
 * Judges one record of the stream: accepted, with its row, or rejected, with reasons.
 *
 * A bad record is a fact about data, never an exception: one exception would hold a whole shard. An accepted
 * record passes on byte for byte, because what was judged must be what COPY reads. Only a text that COPY could
 * read otherwise than JSON.parse did (another writer's escapes, repeated keys, a byte order mark) is written anew.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type { Validator } from '../.generated/validators.js';
import { fitsVarchar, isTimestamp, type Known } from '../contract/checks.ts';
import { type Envelope, MAX_ENVELOPE_BYTES } from '../contract/envelope.ts';
import { MAX_KEY_BYTES, validatorName } from '../contract/record.ts';
import { isPlainlyWritten } from '../contract/written.ts';
import { explain } from './explain.ts';

export type Judged =
  /** The line is the row: JSON text that ends with a newline. */
  | { readonly accepted: Envelope; readonly line: Buffer }
  | { readonly rejected: Claims; readonly reasons: readonly string[] };

/** What a rejected record says of itself; null where that cannot be read. */
export interface Claims {
  readonly record_type: string | null;
  readonly record_version: number | null;
  readonly record_key: string | null;
  readonly feed: string | null;
  readonly run_id: string | null;
  readonly seq: number | null;
  /** When the fact says it happened, an instant in ISO. */
  readonly happened_at: string | null;
}

/** Judges a record, which is given as its bytes and a newline. */
export type Judge = (line: Buffer) => Judged;

/**
 * @param validators by record type and version, as in `rollbar_item_v1`
 * @param occurredAt the column that says when a fact happened, by the same names
 */
export function createJudge(
  validators: Readonly<Record<string, Validator>>,
  occurredAt: Readonly<Record<string, string>> = {},
): Judge {
  const byType = new Map<unknown, Map<unknown, Validator>>();
  for (const [name, validator] of Object.entries(validators)) {
    const [, type = '', version = ''] = /^(.*)_v(\d+)$/.exec(name) ?? [];
    byType.set(type, (byType.get(type) ?? new Map()).set(Number(version), validator));
  }
  return (line) => judge(line, (type, version) => byType.get(type)?.get(version), occurredAt);
}

function judge(
  line: Buffer,
  validatorOf: (type: unknown, version: unknown) => Validator | undefined,
  occurredAt: Readonly<Record<string, string>>,
): Judged {
  const rejected = (claimed: unknown, reasons: readonly string[]): Judged => ({
    rejected: claimsOf(claimed, occurredAt),
    reasons,
  });
  const isPlainAscii = isAscii(line);
  const hasMark = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
  const text = line.toString(isPlainAscii ? 'latin1' : 'utf8', hasMark ? 3 : 0, line.length - 1);
  const value = parse(text);
  if (!isPlainAscii && !isUtf8(line)) return rejected(value, ['envelope: is not valid UTF-8']);
  if (value === undefined) return rejected(value, ['envelope: is not JSON']);
  if (!isObject(value)) return rejected(value, ['envelope: must be a JSON object']);
  if (line.length > MAX_ENVELOPE_BYTES) return rejected(value, [tooLarge(line)]);

  const validator = validatorOf(value.record_type, value.record_version);
  if (validator === undefined) return rejected(value, [UNKNOWN_TYPE]);
  const isPlain = !hasMark && isPlainlyWritten(text, value, isPlainAscii ? null : line);
  if (!isEnvelope(value, validator, isPlain ? { plainBytes: line.length } : undefined)) {
    return rejected(value, explain(value, validator.errors ?? []));
  }
  if (isPlain) return { accepted: value, line };
  const anew = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
  return anew.length > MAX_ENVELOPE_BYTES
    ? rejected(value, [tooLarge(anew)])
    : { accepted: value, line: anew };
}

function isEnvelope(value: object, validator: Validator, known: Known | undefined): value is Envelope {
  return validator.call(known, value);
}

const UNKNOWN_TYPE =
  'record_type, record_version: expected a record type that is deployed here; deploy it, then redrive';

const tooLarge = (line: Buffer): string =>
  `envelope: is ${line.length} bytes with its newline, must be at most ${MAX_ENVELOPE_BYTES} to travel through Firehose`;

/** The parsed text, or undefined when it is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What can be read of a record that is not as it should be. */
function claimsOf(value: unknown, occurredAt: Readonly<Record<string, string>>): Claims {
  const claimed = isObject(value) ? value : {};
  const { record_type, record_version, body } = claimed;
  const column = occurredAt[validatorName(String(record_type), Number(record_version))];
  const happened = column !== undefined && isObject(body) ? body[column] : null;
  return {
    record_type: text(record_type, 64),
    record_version: count(record_version),
    record_key: text(claimed.record_key, MAX_KEY_BYTES),
    feed: text(claimed.feed, 128),
    run_id: text(claimed.run_id, 40),
    seq: count(claimed.seq),
    happened_at: typeof happened === 'string' && isTimestamp(happened) ? happened : null,
  };
}

const text = (claim: unknown, bytes: number): string | null =>
  typeof claim === 'string' && fitsVarchar(claim, bytes) ? claim : null;

const count = (claim: unknown): number | null =>
  typeof claim === 'number' && Number.isInteger(claim) && claim >= 0 && claim < 2 ** 31 ? claim : null;
