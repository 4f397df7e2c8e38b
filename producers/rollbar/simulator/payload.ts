/**
 * What a client sent, and what the server makes of it.
 *
 * Rollbar stores the payload nearly as it came and adds its own: the time of receipt in place of the client's,
 * the level if none was given, a uuid, and `metadata` with, of all things, the access token.
 */
import { dig, digText, isRecord } from '../../../simulation/exact-json.ts';

/** The `data` of a report: an open object, because clients send what they like. */
export type Payload = Readonly<Record<string, unknown>>;

export interface Receipt {
  /** Milliseconds, by the server's clock. */
  readonly at: number;
  readonly uuid: string;
  readonly token: string | null;
  /** Counts what this server received. */
  readonly nth: number;
}

export const levels = ['debug', 'info', 'warning', 'error', 'critical'] as const;
const bodyKinds = ['trace', 'trace_chain', 'message', 'crash_report'] as const;

/** Why a payload is refused, or undefined. */
export function faultOf(data: unknown): string | undefined {
  if (!isRecord(data)) return 'Invalid format. data must be an object.';
  if (typeof data.environment !== 'string' || data.environment === '') {
    return 'Invalid format. data.environment is required.';
  }
  const kinds = bodyKinds.filter((kind) => dig(data, 'body', kind) !== undefined);
  return kinds.length === 1
    ? undefined
    : `Invalid format. data.body must have exactly one of ${bodyKinds.join(', ')}.`;
}

export function levelOf(data: Payload): string {
  const given = levels.find((level) => level === data.level);
  return given ?? (dig(data, 'body', 'message') === undefined ? 'error' : 'info');
}

/** The payload as `/instances` gives it back. */
export function stored(data: Payload, { at, uuid, token, nth }: Receipt): Payload {
  const customerTime = data.timestamp === undefined ? {} : { customer_timestamp: data.timestamp };
  return {
    ...data,
    level: levelOf(data),
    timestamp: Math.floor(at / 1000),
    uuid,
    endpoint: 'api.rollbar.com/api/1/item/',
    retentionDays: 180,
    metadata: {
      ...customerTime,
      ...(token === null ? {} : { access_token: token }),
      api_server_hostname: 'api-simulator-1',
      timestamp_ms: at,
      debug: { routes: { start_time: at - 3, counters: { post_item: nth } } },
    },
  };
}

/** A message of Rollbar itself: no uuid, no client, almost no fields. */
export function systemPayload(message: string, environment: string, at: number): Payload {
  return {
    environment,
    level: 'warning',
    timestamp: Math.floor(at / 1000),
    framework: 'rollbar-system',
    body: { message: { body: message } },
    metadata: {},
  };
}

/** The uuid the client chose; it need not be a UUID. */
export function clientUuid(data: Payload): string | undefined {
  const uuid = digText(data, 'uuid');
  return uuid === undefined || uuid === '' ? undefined : uuid;
}
