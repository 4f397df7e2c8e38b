/**
 * The function of a feed's webhook: a delivery of the vendor makes the feed be polled at once.
 *
 * Nothing of a delivery is stored: polling stays the source of truth, and whoever forges one can do no more than
 * start a poll. Even that is refused unless the vendor's signature is right, the delivery is young, and it is the
 * first of its id: the address is public.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FeedEvent } from '../contract/feed.ts';
import { parseJson } from '../contract/numbers.ts';
import { PollError, type Producer, type Webhook } from '../contract/producer.ts';
import { CredentialCache } from './credential.ts';
import type { Clock, Log, Metrics, Secrets } from './ports.ts';

/** What of a function URL's request is used (payload format 2.0). */
export interface UrlRequest {
  readonly requestContext: { readonly http: { readonly method: string } };
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export interface UrlResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For whoever reads the vendor's list of deliveries. */
  readonly body: string;
}

export interface WebhookPorts {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The feed that is polled. */
  readonly event: FeedEvent;
  /** Notes a delivery; false when it was noted before. @param forgetAt when it may be forgotten, unix seconds. */
  readonly isFirst: (delivery: string, forgetAt: number) => Promise<boolean>;
  /** Starts a poll of the feed, and does not wait for its end. */
  readonly poll: (event: FeedEvent) => Promise<void>;
}

/** A delivery that was sent longer ago is a replay, or was retried for so long that the feed has been polled since. */
const MAX_AGE_MS = 15 * 60_000;
/** Clocks differ by less. */
const MAX_AHEAD_MS = 5 * 60_000;
const MAX_BODY_BYTES = 1024 * 1024;

/** Makes the handler. @throws {TypeError} for a producer that has no webhooks. */
export function createWebhook(
  { name, webhook }: Pick<Producer, 'name' | 'webhook'>,
  ports: WebhookPorts,
): (request: UrlRequest) => Promise<UrlResponse> {
  if (webhook === undefined) throw new TypeError(`the producer ${name} declares no webhook`);
  const credentials = new CredentialCache(ports.secrets, ports.clock);
  return async (request) => {
    const response = await answer(webhook, credentials, ports, request).catch((error: unknown) => {
      if (!(error instanceof PollError)) throw error;
      ports.log.warn('a delivery cannot be checked', { reason: error.message });
      return refusal(503, 'deliveries cannot be checked: see the log of this function');
    });
    const isTaken = response.statusCode < 300;
    const { feed } = ports.event;
    ports.metrics.publish({ feed }, { DeliveriesTaken: isTaken ? 1 : 0, DeliveriesRefused: isTaken ? 0 : 1 });
    if (!isTaken)
      ports.log.warn('a delivery is refused', { feed, status: response.statusCode, reason: response.body });
    return response;
  };
}

async function answer(
  webhook: Webhook,
  credentials: CredentialCache,
  { event, clock, isFirst, poll }: WebhookPorts,
  { requestContext, headers, body = '', isBase64Encoded }: UrlRequest,
): Promise<UrlResponse> {
  if (requestContext.http.method !== 'POST') return refusal(405, 'deliveries are POSTed');
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAX_BODY_BYTES) return refusal(413, `a delivery has at most ${MAX_BODY_BYTES} bytes`);
  const { webhookSecret } = await credentials.read(event.secretArn);
  if (webhookSecret === null) {
    throw new PollError(
      'unauthorized',
      `webhooks need a "webhookSecret" beside the "token" in the secret ${event.secretArn}, got none; put the secret that the vendor signs with into it`,
    );
  }
  const signature = webhook.signature(headers);
  if (signature === null) return refusal(401, 'the delivery is not signed');
  if (!isSigned(bytes, signature, webhookSecret)) return refusal(401, 'the signature is wrong');
  const delivery = deliveryOf(webhook, bytes);
  if (delivery === null) return refusal(400, 'the delivery says no id and no time');
  const now = clock.now().getTime();
  const age = now - Date.parse(delivery.sentAt);
  if (!(age <= MAX_AGE_MS && age >= -MAX_AHEAD_MS)) return refusal(409, 'the delivery is too old');
  // Its id is as long as the vendor likes, and a key of the table is not.
  const id = createHash('sha256').update(delivery.id).digest('hex');
  const forgetAt = Math.ceil((now + MAX_AGE_MS + MAX_AHEAD_MS) / 1000);
  if (!(await isFirst(id, forgetAt))) return refusal(409, 'the delivery came before');
  await poll(event);
  return { statusCode: 202, headers: TEXT, body: 'the feed is polled' };
}

/** Compares in constant time: how much of a signature is right must not show in how long it takes to refuse it. */
function isSigned(bytes: Buffer, signature: string, secret: string): boolean {
  const wanted = createHmac('sha256', secret).update(bytes).digest();
  const given = Buffer.from(signature, 'hex');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function deliveryOf(webhook: Webhook, bytes: Buffer): ReturnType<Webhook['delivery']> {
  try {
    return webhook.delivery(parseJson(bytes.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

const TEXT = { 'content-type': 'text/plain' };

const refusal = (statusCode: number, body: string): UrlResponse => ({ statusCode, headers: TEXT, body });
