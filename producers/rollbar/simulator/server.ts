/** The simulator on HTTP: who may ask, how often, and which endpoint answers. */
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { Answer } from '../../../simulation/answer.ts';
import { digText } from '../../../simulation/exact-json.ts';
import type { Faults } from '../../../simulation/faults.ts';
import { type Asked, createVendorServer, jsonOrNothing } from '../../../simulation/server.ts';
import { failure, Refusal } from './answer.ts';
import { type Route, routes, type Scope } from './api.ts';
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

export const createSimulatorServer = (desk: Desk): Server =>
  createVendorServer({
    ...{ faults: desk.faults, now: desk.now, truth: desk.truth },
    call(asked) {
      desk.settle();
      const token = tokenOf(asked.headers, asked.url, asked.body ?? '');
      const isVendors = !asked.url.pathname.startsWith('/_simulator/');
      const { isOver, headers } = isVendors
        ? desk.countCall(token, desk.now())
        : { isOver: false, headers: {} };
      return {
        ...{ token, headers, isOverLimit: isOver },
        answer: (padRowsTo) => vendorAnswer(desk, asked, token, isOver, padRowsTo),
      };
    },
  });

function vendorAnswer(
  desk: Desk,
  { method, url, body }: Asked,
  token: string,
  isOverLimit: boolean,
  padRowsTo: number,
): Answer {
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

function tokenOf(headers: IncomingHttpHeaders, url: URL, body: string): string {
  const header = headers['x-rollbar-access-token'];
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
