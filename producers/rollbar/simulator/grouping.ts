/**
 * Which item an occurrence belongs to.
 *
 * Rollbar's algorithm is its own; what matters to a reader is that a fingerprint rules, that the same error from
 * the same place is one item per environment, and that digits in messages do not split it.
 */
import { createHash } from 'node:crypto';
import { dig, digText } from '../../../simulation/exact-json.ts';
import type { Payload } from './payload.ts';

export interface Grouping {
  readonly environment: string;
  /** What is equal for all occurrences of an item. */
  readonly key: string;
  readonly title: string;
  readonly framework: string;
  readonly platform: string;
  /** Where it came from, for counting distinct addresses. */
  readonly address: string | undefined;
}

const platforms = ['browser', 'flash', 'android', 'ios', 'heroku', 'google-app-engine', 'client'];

export function groupingOf(data: Payload): Grouping {
  const environment = digText(data, 'environment') ?? 'unknown';
  const platform = digText(data, 'platform') ?? 'unknown';
  return {
    environment,
    key: `${environment}/${digText(data, 'fingerprint') ?? placeOf(data)}`,
    title: (digText(data, 'title') ?? headline(data)).slice(0, 255),
    // "Rails: 7.1.3" is the framework `rails`.
    framework: (digText(data, 'framework') ?? 'unknown').split(':')[0]?.toLowerCase() ?? 'unknown',
    platform: platforms.includes(platform) ? platform : 'unknown',
    address: digText(data, 'request', 'user_ip') ?? digText(data, 'client', 'user_ip'),
  };
}

/** The `hash` of an item. */
export function hashOf(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}

/** The outermost exception: the first of a chain. */
function traceOf(data: Payload): unknown {
  return dig(data, 'body', 'trace') ?? dig(data, 'body', 'trace_chain', 0);
}

function headline(data: Payload): string {
  const trace = traceOf(data);
  if (trace !== undefined) {
    return `${digText(trace, 'exception', 'class') ?? 'Error'}: ${digText(trace, 'exception', 'message') ?? ''}`;
  }
  const text = digText(data, 'body', 'message', 'body') ?? crashType(data);
  return text.split('\n')[0] ?? '';
}

function placeOf(data: Payload): string {
  const trace = traceOf(data);
  if (trace === undefined) return withoutDigits(digText(data, 'body', 'message', 'body') ?? crashType(data));
  const frames = dig(trace, 'frames');
  const top: unknown = Array.isArray(frames) ? frames.at(-1) : undefined;
  // Bundles carry a hash in their name that changes with every release.
  const file = withoutDigits(digText(top, 'filename') ?? '');
  return [digText(trace, 'exception', 'class') ?? 'Error', digText(top, 'method') ?? '', file].join('|');
}

function crashType(data: Payload): string {
  const raw = digText(data, 'body', 'crash_report', 'raw') ?? '';
  return raw.split('\n').find((line) => line.startsWith('Exception Type')) ?? raw.slice(0, 80);
}

function withoutDigits(text: string): string {
  return text.replace(/[0-9a-f]*\d[0-9a-f]*/g, '#');
}
