/** A vendor's deliveries: who may start a poll, and that nobody else may. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FeedEvent } from '../contract/feed.ts';
import type { Producer } from '../contract/producer.ts';
import { type LocalServices, startServices } from '../local/services/index.ts';
import circleci from '../producers/circleci/index.ts';
import heroku from '../producers/heroku/index.ts';
import { realWebhookPorts } from '../producers/ports.ts';
import { createWebhook, type UrlRequest, type WebhookPorts } from '../producers/webhook.ts';
import { anEvent, fakeWorld, START } from './producer-fakes.ts';

const SIGNING = 'a-secret-to-sign-with';

/** A vendor's way to sign and to say which delivery it is. */
interface Signer {
  readonly producer: Producer;
  readonly headers: (body: string, secret: string) => Readonly<Record<string, string>>;
  readonly body: (id: string, sentAt: string) => string;
}

const hmac = (body: string, secret: string) => createHmac('sha256', secret).update(body);

const signers: readonly (readonly [string, Signer])[] = [
  [
    'circleci',
    {
      producer: circleci as unknown as Producer,
      headers: (body, secret) => ({ 'circleci-signature': `v1=${hmac(body, secret).digest('hex')}` }),
      body: (id, happened_at) =>
        JSON.stringify({ type: 'workflow-completed', id, happened_at, workflow: { name: 'é🚀' } }),
    },
  ],
  [
    'heroku',
    {
      producer: heroku as unknown as Producer,
      headers: (body, secret) => ({ 'heroku-webhook-hmac-sha256': hmac(body, secret).digest('base64') }),
      body: (id, published_at) =>
        JSON.stringify({ id: 'event', published_at, webhook_metadata: { delivery: { id } } }),
    },
  ],
];

const at = (offsetMs = 0): string => new Date(START + offsetMs).toISOString();

function doorbell({ producer }: Signer, secret: object = { token: 't', webhookSecret: SIGNING }) {
  const world = fakeWorld({ secrets: { read: async () => JSON.stringify(secret) } });
  const polled: FeedEvent[] = [];
  const seen = new Set<string>();
  const ports: WebhookPorts = {
    ...world.ports,
    event: anEvent({ feed: `${producer.name}:web` }),
    isFirst: async (delivery) => {
      const isFirst = !seen.has(delivery);
      seen.add(delivery);
      return isFirst;
    },
    poll: async (event) => {
      polled.push(event);
    },
  };
  return { ...world, polled, ring: createWebhook(producer, ports) };
}

const post = (
  headers: Readonly<Record<string, string>>,
  body: string,
  change: Partial<UrlRequest> = {},
): UrlRequest => ({
  ...{ requestContext: { http: { method: 'POST' } }, headers, body, isBase64Encoded: false },
  ...change,
});

describe.each(signers)('a delivery of %s', (_name, signer) => {
  const signed = (id = 'one', sentAt = at(), change: Partial<UrlRequest> = {}): UrlRequest => {
    const body = signer.body(id, sentAt);
    return post(signer.headers(body, SIGNING), body, change);
  };

  test('that is signed starts one poll of its feed', async () => {
    const { ring, polled, published } = doorbell(signer);

    const { statusCode } = await ring(signed());

    expect(statusCode).toBe(202);
    expect(polled).toEqual([anEvent({ feed: `${signer.producer.name}:web` })]);
    expect(published.at(-1)).toEqual([
      { feed: `${signer.producer.name}:web` },
      { DeliveriesTaken: 1, DeliveriesRefused: 0 },
    ]);
  });

  test('is checked byte by byte, also when it arrives as base64', async () => {
    const { ring, polled } = doorbell(signer);
    const request = signed();

    const { statusCode } = await ring({
      ...request,
      body: Buffer.from(request.body ?? '').toString('base64'),
      isBase64Encoded: true,
    });

    expect([statusCode, polled.length]).toEqual([202, 1]);
  });

  test('that comes again is refused', async () => {
    const { ring, polled } = doorbell(signer);

    const codes = [await ring(signed()), await ring(signed()), await ring(signed('two'))].map(
      (each) => each.statusCode,
    );

    expect(codes).toEqual([202, 409, 202]);
    expect(polled).toHaveLength(2);
  });

  test.each<[string, () => UrlRequest, number]>([
    [
      'signed with another secret',
      () => post(signer.headers(signer.body('one', at()), 'wrong'), signer.body('one', at())),
      401,
    ],
    ['changed after it was signed', () => ({ ...signed(), body: signer.body('another', at()) }), 401],
    ['not signed', () => post({}, signer.body('one', at())), 401],
    [
      'signed with half a signature',
      () =>
        post(
          Object.fromEntries(Object.entries(signed().headers).map(([k, v]) => [k, (v ?? '').slice(0, 20)])),
          signer.body('one', at()),
        ),
      401,
    ],
    ['sent a quarter of an hour ago', () => signed('one', at(-15 * 60_000 - 1)), 409],
    ['sent in the future', () => signed('one', at(6 * 60_000)), 409],
    ['sent at no time', () => signed('one', 'soon'), 409],
    ['fetched', () => signed('one', at(), { requestContext: { http: { method: 'GET' } } }), 405],
    ['no JSON', () => post(signer.headers('hello', SIGNING), 'hello'), 400],
    ['without an id', () => post(signer.headers('{}', SIGNING), '{}'), 400],
    [
      'larger than any',
      () => {
        const body = 'x'.repeat(1_048_577);
        return post(signer.headers(body, SIGNING), body);
      },
      413,
    ],
  ])('is refused, and polls nothing, when %s', async (_what, request, code) => {
    const { ring, polled, logged } = doorbell(signer);

    const { statusCode, body } = await ring(request());

    expect([statusCode, polled]).toEqual([code, []]);
    expect(body.length).toBeGreaterThan(10);
    expect(JSON.stringify(logged)).not.toContain(SIGNING);
  });

  test('cannot be checked while the feed’s secret holds nothing to check it with: the log says what to do', async () => {
    const { ring, polled, logged } = doorbell(signer, { token: 't' });

    const { statusCode } = await ring(signed());

    expect([statusCode, polled]).toEqual([503, []]);
    const reasons = logged.map(({ fields }) => String(fields.reason)).join();
    expect(reasons).toContain('webhooks need a "webhookSecret" beside the "token"');
  });
});

describe('with the services', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'heimdallr-webhook-'));
  const SECRET = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:heimdallr/circleci/web-AbCdEf';
  const event = anEvent({ feed: 'circleci:web', secretArn: SECRET });
  const started: unknown[] = [];
  let services: LocalServices;
  let url: string;

  beforeAll(async () => {
    services = await startServices({
      ...{ dataDir, speed: 60, warehouseUrl: 'memory:', now: () => new Date() },
      log: (message) => {
        throw new Error(message);
      },
    });
    await services.createTable({ name: 'feeds', partitionKey: { name: 'feed', type: 'S' } });
    services.createSecret(
      SECRET,
      'heimdallr/circleci/web',
      JSON.stringify({ token: 't', webhookSecret: SIGNING }),
    );
    for (const [name, value] of Object.entries({
      ...{ AWS_ENDPOINT_URL: services.endpoint, AWS_REGION: 'eu-central-1', FEEDS_TABLE: 'feeds' },
      ...{ AWS_ACCESS_KEY_ID: 'Webhook', AWS_SECRET_ACCESS_KEY: 'x', PRODUCER_FUNCTION: 'producer' },
      ...{ FEED_EVENT: JSON.stringify(event), POWERTOOLS_METRICS_NAMESPACE: 'Heimdallr' },
      ...{ POWERTOOLS_METRICS_DISABLED: 'true', POWERTOOLS_LOG_LEVEL: 'SILENT' },
    }))
      vi.stubEnv(name, value);
    const ring = createWebhook(circleci as unknown as Producer, realWebhookPorts());
    services.registerFunctions({
      exists: (name) => name === 'webhook' || name === 'producer',
      invoke: async (_name, request) => ({ status: 'ok', payload: await ring(request as UrlRequest) }),
      invokeAsync: async (name, payload) => {
        started.push([name, payload]);
      },
      hasUrl: (name) => name === 'webhook',
    });
    url = services.functionUrl('webhook');
  });

  afterEach(() => {
    started.length = 0;
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await services.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const deliver = async (id: string, secret = SIGNING): Promise<number> => {
    const body = JSON.stringify({ id, happened_at: new Date().toISOString() });
    const signature = `v1=${hmac(body, secret).digest('hex')}`;
    const headers = { 'circleci-signature': signature, 'content-type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body })).status;
  };

  test('a delivery at the public address starts the producer’s function with the feed’s event, once', async () => {
    const codes = [await deliver('one'), await deliver('one'), await deliver('two', 'wrong')];

    expect(codes).toEqual([202, 409, 401]);
    expect(started).toEqual([['producer', event]]);
  });

  test('a function without an address has none', async () => {
    const { status } = await fetch(services.functionUrl('producer'), { method: 'POST', body: '{}' });

    expect(status).toBe(403);
  });
});
