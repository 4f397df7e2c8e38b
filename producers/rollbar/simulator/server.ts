/**
 * The simulator on HTTP: who may ask, how often, what goes wrong, and the answer on its way.
 *
 * Beside the vendor's paths it has two of its own under /_simulator, for tests: `faults` and `truth`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, failure, plainJson, Refusal } from './answer.ts';
import { type Route, routes, type Scope } from './api.ts';
import { digText } from './exact-json.ts';
import { type Faults, parseFaults, type Strike } from './faults.ts';
import type { Project, Truth } from './project.ts';
import type { Standing } from './rate-limit.ts';

export interface Desk {
  readonly project: Project;
  readonly faults: Faults;
  /** Null: any token will do for anything. */
  readonly tokens: Readonly<Record<string, readonly Scope[]>> | null;
  readonly countCall: (token: string, ms: number) => Standing;
  readonly now: () => number;
  /** Lets everything happen that is due. */
  readonly settle: () => void;
  readonly truth: () => Truth;
}

/** The largest report that is accepted, and parts of an answer are sent together up to this size. */
const MAX_BODY_BYTES = 1024 * 1024;
const PART_LENGTH = 64 * 1024;

export function createSimulatorServer(desk: Desk): Server {
  return createServer((request, response) => {
    serve(desk, request, response).catch((error: unknown) => {
      // A client that went away in the middle is not worth a word.
      if (response.destroyed) return;
      console.error(error);
      response.destroy();
    });
  });
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  /** Null if it was too large. */
  readonly body: string | null;
  readonly token: string;
}

async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const method = request.method ?? 'GET';
  const body = await bodyOf(request);
  desk.settle();
  response.setHeader('Date', new Date(desk.now()).toUTCString());
  if (url.pathname.startsWith('/_simulator/')) {
    return send(response, control(desk, method, url.pathname, body ?? ''), undefined);
  }
  const token = tokenOf(request, url, body ?? '');
  const standing = desk.countCall(token, desk.now());
  const strike = standing.isOver ? undefined : desk.faults.strike(method, url.pathname);
  const answer =
    strike?.effect.answer?.({ token, seconds: strike.seconds, ms: desk.now() }) ??
    vendorAnswer(desk, { method, url, body, token }, standing.isOver, strike?.effect.padRowsTo ?? 0);
  return send(response, { ...answer, headers: { ...standing.headers, ...answer.headers } }, strike);
}

function vendorAnswer(desk: Desk, asked: Asked, isOverLimit: boolean, padRowsTo: number): Answer {
  const { method, url, body, token } = asked;
  try {
    const { route, path } = routeOf(method, url.pathname);
    if (route.scope !== null) checkToken(desk.tokens, token, route.scope);
    if (isOverLimit) throw new Refusal(429, 'API request limit reached');
    if (body === null) throw new Refusal(413, 'Request entity too large');
    const { project, now } = desk;
    const place = { path, query: url.searchParams, origin: url.origin };
    return route.answer({ ...place, project, body, token, now: now(), padRowsTo });
  } catch (error) {
    if (error instanceof Refusal) return failure(error.status, error.message);
    throw error;
  }
}

function routeOf(method: string, pathname: string): { route: Route; path: string[] } {
  // With or without a slash at the end: the documents use both.
  const path = /^\/api\/1(\/.+?)\/?$/.exec(pathname)?.[1] ?? '';
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match) return { route, path: match.slice(1) };
  }
  throw new Refusal(404, 'Not found');
}

function tokenOf(request: IncomingMessage, url: URL, body: string): string {
  const header = request.headers['x-rollbar-access-token'];
  if (typeof header === 'string' && header !== '') return header;
  return url.searchParams.get('access_token') ?? digText(jsonOrNothing(body), 'access_token') ?? '';
}

function checkToken(tokens: Desk['tokens'], token: string, scope: Scope): void {
  if (token === '') throw new Refusal(401, 'access token required');
  if (tokens === null) return;
  const scopes = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  // The vendor repeats the token, in a message that ends up in logs.
  if (!scopes) throw new Refusal(403, `access token not found: ${token}`);
  if (scopes.includes(scope)) return;
  const held = scopes.join(', ');
  throw new Refusal(
    403,
    `insufficient privileges: ${scope} scope is required but the access token only has ${held}.`,
  );
}

function control(desk: Desk, method: string, path: string, body: string): Answer {
  if (path === '/_simulator/truth' && method === 'GET') return plainJson(desk.truth());
  if (path !== '/_simulator/faults') return failure(404);
  if (method === 'PUT') {
    const faults = parseFaults(jsonOrNothing(body));
    if (typeof faults === 'string') return failure(422, faults);
    desk.faults.set(faults);
  }
  return plainJson({ faults: desk.faults.left() });
}

async function send(response: ServerResponse, answer: Answer, strike: Strike | undefined): Promise<void> {
  response.writeHead(answer.status, answer.headers);
  if (strike?.effect.isReset) {
    response.write('{"err":0,');
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

function jsonOrNothing(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
