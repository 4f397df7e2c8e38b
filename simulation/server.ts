/**
 * A simulated vendor on HTTP: what goes wrong, and the answer on its way.
 *
 * Beside the vendor's paths every simulator has two of its own under /_simulator, for tests: `faults` and `truth`.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, plainJson } from './answer.ts';
import type { Faults, Strike, Struck } from './faults.ts';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Null if it was too large. */
  readonly body: string | null;
}

/** One call as a vendor answers it. */
export interface Call {
  readonly token: string;
  /** The call is one too many: no fault strikes, the vendor refuses. */
  readonly isOverLimit: boolean;
  /** What every answer says about the limit. */
  readonly headers: Readonly<Record<string, string>>;
  /** The right answer. @param padRowsTo bytes to which rows are filled up; 0: not. */
  readonly answer: (padRowsTo: number) => Answer;
}

export interface Desk {
  readonly faults: Faults;
  readonly now: () => number;
  readonly call: (asked: Asked) => Call;
  /** Everything the vendor holds. */
  readonly truth: () => unknown;
}

/** The largest body that is accepted, and parts of an answer are sent together up to this size. */
const MAX_BODY_BYTES = 1024 * 1024;
const PART_LENGTH = 64 * 1024;

export function createVendorServer(desk: Desk): Server {
  return createServer((request, response) => {
    serve(desk, request, response).catch((error: unknown) => {
      // A client that went away in the middle is not worth a word.
      if (response.destroyed) return;
      console.error(error);
      response.destroy();
    });
  });
}

export interface Listening {
  readonly url: string;
  /** Takes no more than so many connections at once. @param onDropped told of each that is one too many. */
  limitConnections(limit: number, onDropped?: () => void): void;
  close(): Promise<void>;
}

/** Lets a server listen. @param port 0 takes a free one. */
export async function listen(server: Server, host: string, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server.address())}`,
    limitConnections(limit, onDropped = () => undefined) {
      server.maxConnections = limit;
      server.removeAllListeners('drop').on('drop', onDropped);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string')
    throw new Error(`listening on ${address}, expected a port`);
  return address.port;
}

async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const method = request.method ?? 'GET';
  const body = await bodyOf(request);
  const call = desk.call({ method, url, headers: request.headers, body });
  response.setHeader('Date', new Date(desk.now()).toUTCString());
  if (url.pathname.startsWith('/_simulator/')) {
    return send(response, control(desk, method, url.pathname, body ?? ''), undefined);
  }
  const strike = call.isOverLimit ? undefined : desk.faults.strike(method, url.pathname);
  const struck: Struck = { token: call.token, seconds: strike?.seconds ?? 0, ms: desk.now() };
  const answer = strike?.effect.answer?.(struck) ?? call.answer(strike?.effect.padRowsTo ?? 0);
  return send(response, { ...answer, headers: { ...call.headers, ...answer.headers } }, strike);
}

function control(desk: Desk, method: string, path: string, body: string): Answer {
  if (path === '/_simulator/truth' && method === 'GET') return plainJson(desk.truth());
  if (path !== '/_simulator/faults') return plainJson({ message: 'Not Found' }, 404);
  if (method === 'PUT') {
    const problem = desk.faults.put(jsonOrNothing(body));
    if (problem !== null) return plainJson({ err: 1, message: problem }, 422);
  }
  return plainJson({ faults: desk.faults.left() });
}

async function send(response: ServerResponse, answer: Answer, strike: Strike | undefined): Promise<void> {
  response.writeHead(answer.status, answer.headers);
  if (strike?.effect.isReset) {
    response.write('{');
    await pause(10);
    response.socket?.resetAndDestroy();
    return;
  }
  const parts = strike?.effect.isTruncated ? half(answer.body) : grouped(answer.body);
  await pipeline(
    Readable.from(strike?.effect.isSlow ? slowly(answer.body, strike.seconds) : parts),
    response,
  );
}

function* grouped(parts: Iterable<string>): Generator<string> {
  let waiting = '';
  for (const part of parts) {
    waiting += part;
    if (waiting.length < PART_LENGTH) continue;
    yield waiting;
    waiting = '';
  }
  if (waiting !== '') yield waiting;
}

function* half(parts: Iterable<string>): Generator<string> {
  const whole = [...parts].join('');
  yield whole.slice(0, Math.floor(whole.length / 2));
}

async function* slowly(parts: Iterable<string>, seconds: number): AsyncGenerator<string> {
  for (const part of parts) {
    await pause(seconds * 1000);
    yield part;
  }
}

/** The body, or null if it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

/** The value of a JSON text; undefined when it is none. */
export function jsonOrNothing(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
