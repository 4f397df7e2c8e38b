/**
 * Makes sense of an answer: a success, a failure, or a failure dressed as a success.
 *
 * Parsers quote what they choke on and vendors quote what they refuse, so no message of either goes on as it
 * is: the first are left out, the second are cleared of the token and cut.
 */
import { createHash } from 'node:crypto';
import type { JsonValue } from '../contract/columns.ts';
import { parseJson } from '../contract/numbers.ts';
import type { PollErrorKind, Producer } from '../contract/producer.ts';
import type { Scrubber } from './credential.ts';
import { BEGINNING, splitElements, type Unread } from './elements.ts';
import { type Fail, Failure, OutOfTime } from './failure.ts';
import { clampWait, type Headers, retryAfterSeconds, SHORT_WAIT_MS } from './patience.ts';

export interface Answering {
  readonly producer: Pick<Producer, 'waitSeconds' | 'refusal'>;
  readonly scrub: Scrubber;
  readonly fail: Fail;
}

export type Chunks = AsyncIterable<Uint8Array>;

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Of an answer that is an error, only its message is wanted. */
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_MESSAGE = 200;

/** Seconds that the vendor wants to be left alone after a success; null when it does not. */
export function paceAfter({ producer }: Answering, status: number, headers: Headers): number | null {
  const seconds = producer.waitSeconds(headers, status);
  return seconds !== null && seconds > 0 ? clampWait(seconds) : null;
}

/** What an answer means whose status is no success. */
export async function failureOf(
  answering: Answering,
  status: number,
  headers: Headers,
  body: Chunks,
  now: Date,
): Promise<Failure> {
  const { producer, fail } = answering;
  const said = await vendorMessage(answering, body);
  const what = `status ${status}${said === '' ? '' : `, the vendor says ${JSON.stringify(said)}`}`;
  const after = clampWait(retryAfterSeconds(headers, now));
  const asked = clampWait(producer.waitSeconds(headers, status));
  // Some vendors refuse a call too many with 403 and say in the headers that this is why.
  if (status === 429 || (status === 403 && asked !== null)) {
    const waitSeconds = asked === null ? after : Math.max(asked, after ?? 0);
    return fail('rate_limited', what, { isPassing: isShort(waitSeconds), waitSeconds, status });
  }
  if (status >= 500) {
    return fail('unavailable', what, { isPassing: isShort(after), waitSeconds: after, status });
  }
  return fail(KINDS[status] ?? 'unexpected_response', what, { status });
}

/** What a refusal by this status means; every other is nothing that a vendor documents. */
const KINDS: Readonly<Record<number, PollErrorKind>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  410: 'not_found',
};

const isShort = (seconds: number | null): boolean => (seconds ?? 0) * 1000 <= SHORT_WAIT_MS;

/** Reads a whole JSON answer. @throws {Failure} */
export async function readJson(answering: Answering, body: Chunks): Promise<JsonValue> {
  return understood(answering, await collect(body, MAX_BODY_BYTES, answering.fail));
}

/**
 * Reads the elements of an array in an answer, one after another.
 * @param passOver takes what cannot be read.
 * @throws {Failure}
 */
export async function* readElements(
  answering: Answering,
  body: Chunks,
  array: string,
  passOver: (element: Unread) => void,
): AsyncGenerator<JsonValue, void> {
  const { fail } = answering;
  try {
    for await (const piece of splitElements(body, array)) {
      if ('unread' in piece) passOver(piece.unread);
      else if ('element' in piece) {
        const value = parsedElement(piece.element, fail);
        if (value === undefined) passOver(tooDeep(piece.element));
        else yield value;
      } else {
        understood(answering, piece.rest);
        if (!piece.isFound)
          throw fail('unexpected_response', `no array ${JSON.stringify(array)} in the answer`);
      }
    }
  } catch (error) {
    if (error instanceof SyntaxError)
      throw fail('unavailable', `broken JSON, ${error.message}`, { isPassing: true });
    if (error instanceof RangeError) throw fail('unexpected_response', error.message);
    throw error;
  }
}

/** The element; undefined when it is nested so deeply that reading it would exhaust the stack. */
function parsedElement(text: string, fail: Fail): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw fail('unavailable', 'an element that is no JSON', { isPassing: true });
  }
}

const tooDeep = (text: string): Unread => ({
  bytes: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
  beginning: text.slice(0, BEGINNING),
  reason: 'is nested too deeply',
});

/** An answer's JSON, unless the vendor refuses in it. */
function understood({ producer, scrub, fail }: Answering, text: string): JsonValue {
  let answer: JsonValue;
  try {
    answer = parseJson(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof RangeError) throw fail('unexpected_response', 'an answer that is nested too deeply');
    throw fail('unavailable', `${nameOf(text)} in place of JSON`, { isPassing: true });
  }
  const refusal = producer.refusal(answer);
  if (refusal === null) return answer;
  const said = JSON.stringify(presentable(refusal, scrub));
  throw fail('unavailable', `a success by its status, but the vendor says ${said}`, { isPassing: true });
}

/** The vendor's own words about an error; empty when it has none. */
async function vendorMessage({ producer, scrub, fail }: Answering, body: Chunks): Promise<string> {
  let text = '';
  try {
    text = await collect(body, MAX_ERROR_BYTES, fail);
    const answer = parseJson(text);
    if (typeof answer !== 'object' || answer === null) return '';
    const { message, error } = answer as Readonly<Record<string, JsonValue>>;
    const words = [producer.refusal(answer), message, error].find((said) => typeof said === 'string');
    return typeof words === 'string' ? presentable(words, scrub) : '';
  } catch (error) {
    if (error instanceof OutOfTime) throw error;
    // The status says enough when its explanation does not arrive.
    if (error instanceof Failure) return '';
    return isHtml(text) ? nameOf(text) : presentable(text, scrub);
  }
}

/** One short line without the token. It is scrubbed before it is cut: half a token is a secret as well. */
function presentable(said: string, scrub: Scrubber): string {
  return scrub.text(said).replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE);
}

const isHtml = (text: string): boolean => /^\s*</.test(text);

function nameOf(text: string): string {
  if (text.trim() === '') return 'nothing';
  return isHtml(text) ? 'an HTML page' : 'text that is no JSON or breaks off';
}

async function collect(body: Chunks, limit: number, fail: Fail): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > limit) throw fail('unexpected_response', `an answer of more than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
