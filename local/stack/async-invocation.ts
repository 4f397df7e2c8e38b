/**
 * Asynchronous invocation: what Lambda does after it has answered 202.
 *
 * A throttled event waits and tries again until it is too old; an event that the function failed is repeated
 * after one and then two minutes, as often as the function's configuration says. What is given up goes to the
 * on-failure destination.
 */
import { randomUUID } from 'node:crypto';
import { type Destinations, datedKey } from './destinations.ts';
import type { FunctionError } from './events.ts';
import { backoffMs, pause } from './pause.ts';

/** How one invocation ended. */
export type InvokeResult =
  | { readonly status: 'ok'; readonly requestId: string; readonly payload: unknown }
  | { readonly status: 'failed'; readonly requestId: string; readonly error: FunctionError }
  /** All sandboxes that the function may have are busy: it was not called. */
  | { readonly status: 'throttled' };

/** How an asynchronous invocation ended, after all its attempts. */
export type AsyncResult =
  | { readonly status: 'ok'; readonly payload: unknown; readonly attempts: number }
  | {
      readonly status: 'failed';
      /** `Stopped`: the stack was closed before it could end. */
      readonly condition: 'RetriesExhausted' | 'EventAgeExceeded' | 'Stopped';
      /** What the last attempt threw; null when the function was never called. */
      readonly error: FunctionError | null;
      readonly attempts: number;
      /** Where the event is kept; null when the function has no destination or it refused the event. */
      readonly keptAt: string | null;
    };

/** AWS::Lambda::EventInvokeConfig. */
export interface AsyncConfig {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  /** ARN of the on-failure destination. */
  readonly onFailure: string | null;
}

/** What holds for a function without such a configuration. */
export const ASYNC_DEFAULTS: AsyncConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 21_600,
  onFailure: null,
};

export interface AsyncPorts {
  readonly invoke: () => Promise<InvokeResult>;
  readonly functionName: string;
  readonly functionArn: string;
  readonly config: AsyncConfig;
  readonly destinations: Destinations;
  readonly speed: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** Seconds before the first and before every later repeat. */
const RETRY_SECONDS = [60, 120];

/** A throttled event waits at most this many seconds before it is tried again. */
const MAX_THROTTLE_SECONDS = 300;

/** Invokes until the function succeeds or the event is given up. Waiting times and ages pass `speed` times faster. */
export async function invokeUntilDone(ports: AsyncPorts, event: unknown): Promise<AsyncResult> {
  const { config, speed, signal } = ports;
  const startedAt = Date.now();
  let attempts = 0;
  let throttles = 0;
  let error: FunctionError | null = null;
  for (;;) {
    if (signal.aborted) return { status: 'failed', condition: 'Stopped', error, attempts, keptAt: null };
    if ((Date.now() - startedAt) * speed > config.maximumEventAgeSeconds * 1000) {
      return giveUp(ports, event, 'EventAgeExceeded', error, attempts);
    }
    const result = await ports.invoke();
    if (result.status === 'throttled') {
      await pause(backoffMs(throttles, MAX_THROTTLE_SECONDS, speed), signal);
      throttles += 1;
      continue;
    }
    attempts += 1;
    if (result.status === 'ok') return { status: 'ok', payload: result.payload, attempts };
    error = result.error;
    if (attempts > config.maximumRetryAttempts) {
      return giveUp(ports, event, 'RetriesExhausted', error, attempts);
    }
    await pause(((RETRY_SECONDS[attempts - 1] ?? 120) * 1000) / speed, signal);
  }
}

async function giveUp(
  ports: AsyncPorts,
  event: unknown,
  condition: 'RetriesExhausted' | 'EventAgeExceeded',
  error: FunctionError | null,
  attempts: number,
): Promise<AsyncResult> {
  const { functionName, functionArn, config, destinations, now } = ports;
  if (config.onFailure === null) return { status: 'failed', condition, error, attempts, keptAt: null };
  const document = {
    version: '1.0',
    timestamp: now().toISOString(),
    requestContext: {
      requestId: randomUUID(),
      functionArn: `${functionArn}:$LATEST`,
      condition,
      approximateInvokeCount: attempts,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: error,
  };
  const key = `aws/lambda/async/${functionName}/${datedKey(now(), randomUUID())}`;
  const keptAt = await destinations.send(config.onFailure, key, document).catch(() => null);
  return { status: 'failed', condition, error, attempts, keptAt };
}
