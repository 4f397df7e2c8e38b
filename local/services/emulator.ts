/**
 * An emulator that is an HTTP server of its own, run in this process.
 *
 * Both emulators throw from a callback when their database closes under a request, which would end the process.
 * So a close first turns new requests away and lets the ones under way finish.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AwsError, type Body, isBody } from './call.ts';

export interface Emulator {
  readonly endpoint: string;
  /** Passes a call on as it came, and its answer back. */
  forward(headers: Readonly<Record<string, string>>, body: Buffer | string): Promise<Answer>;
  /** Makes a call of our own. @throws {AwsError} when the emulator refuses it. */
  call(action: string, body: Body): Promise<Body>;
  close(): Promise<void>;
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @param target the prefix of X-Amz-Target, without the dot. */
export async function startEmulator(server: Server, target: string, contentType: string): Promise<Emulator> {
  const close = closable(server);
  // Longer than clients keep an idle connection: closing first would look like an outage.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${target} got no port`);
  const endpoint = `http://127.0.0.1:${address.port}`;
  const forward: Emulator['forward'] = async (headers, body) => {
    const response = await fetch(endpoint, { method: 'POST', headers, body });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: pick(response.headers), body: bytes };
  };
  return {
    endpoint,
    forward,
    async call(action, body) {
      const answer = await forward(
        // The emulators want a signature and do not look at it.
        {
          authorization:
            'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/local/aws4_request, SignedHeaders=host, Signature=0',
          'x-amz-date': '20260101T000000Z',
          'x-amz-target': `${target}.${action}`,
          'content-type': contentType,
        },
        JSON.stringify(body),
      );
      const parsed: unknown = answer.body.length === 0 ? {} : JSON.parse(answer.body.toString('utf8'));
      const value = isBody(parsed) ? parsed : {};
      if (answer.status < 300) return value;
      const code = String(value.__type ?? 'UnknownError').replace(/^.*#/, '');
      throw new AwsError(code, String(value.message ?? value.Message ?? ''), answer.status);
    },
    close,
  };
}

const KEPT_HEADERS = ['content-type', 'x-amzn-requestid', 'x-amz-crc32'];

function pick(headers: Headers): Record<string, string> {
  return Object.fromEntries(KEPT_HEADERS.map((name) => [name, headers.get(name) ?? '']).filter(([, v]) => v));
}

/** Puts a gate before the server's requests and returns what closes it. */
function closable(server: Server): () => Promise<void> {
  const handlers = server.listeners('request');
  const state = { isClosing: false, running: 0, onIdle: (): void => undefined };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (state.isClosing) {
      // Without the header the connection would stay open, and the server would wait for it.
      request.resume();
      response.writeHead(503, { connection: 'close' }).end();
      return;
    }
    state.running += 1;
    response.on('close', () => {
      state.running -= 1;
      if (state.running === 0) state.onIdle();
    });
    for (const handler of handlers) handler.call(server, request, response);
    // The handlers throw when a client goes away in the middle of its request: that is no reason to end the process.
    request.removeAllListeners('error').on('error', () => undefined);
  });
  return async () => {
    state.isClosing = true;
    if (state.running > 0) {
      await new Promise<void>((resolve) => {
        state.onIdle = resolve;
      });
    }
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  };
}
