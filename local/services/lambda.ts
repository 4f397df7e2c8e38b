/**
 * Lambda as far as it is called: Invoke, and the requests that arrive at function URLs.
 *
 * The functions are the stack's, which is made when the services run already: it hands over how to call them.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, type Permit } from './call.ts';
import type { Answer } from './emulator.ts';

/** How one invocation ended. */
export type Invoked =
  | { readonly status: 'ok'; readonly payload: unknown }
  | { readonly status: 'failed'; readonly error: object }
  | { readonly status: 'throttled' };

export interface FunctionRunner {
  /** By name, ARN or logical id. */
  exists(name: string): boolean;
  invoke(name: string, event: unknown): Promise<Invoked>;
  /** Calls as a schedule does: with repeats, and without anybody who waits. */
  invokeAsync(name: string, event: unknown): Promise<unknown>;
  /** The function is called with requests of anybody. */
  hasUrl(name: string): boolean;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Lambda {
  register(runner: FunctionRunner): void;
  /** Answers Invoke. */
  answer(request: HttpRequest, permit: Permit): Promise<Answer>;
  /** Answers a request at a function's URL. */
  request(name: string, request: HttpRequest, now: Date): Promise<Answer>;
}

const INVOKE_PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/;

const INVOCATION_TYPE = 'x-amz-invocation-type';

/** Of a request that waits for the answer. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Where the URLs of functions are served; in AWS each has a host of its own. */
export const FUNCTION_URLS = '/function-urls/';

export function startLambda(): Lambda {
  let runner: FunctionRunner | null = null;
  const found = (name: string): FunctionRunner => {
    if (runner?.exists(name) !== true)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${name}`, 404);
    return runner;
  };
  return {
    register(given) {
      runner = given;
    },
    async answer({ method, url, headers, body }, permit) {
      const [, encoded] = method === 'POST' ? (INVOKE_PATH.exec(url) ?? []) : [];
      const { [INVOCATION_TYPE]: type = 'RequestResponse' } = headers;
      if (encoded === undefined || (type !== 'Event' && type !== 'RequestResponse'))
        throw notPlayed(method, url, type);
      const name = decodeURIComponent(encoded);
      await permit('InvokeFunction', { FunctionName: name });
      const event = eventOf(body);
      if (type === 'Event') {
        // Nobody waits for the end; what is given up is kept by the function's own destination.
        found(name)
          .invokeAsync(name, event)
          .catch(() => undefined);
        return answered(202, null);
      }
      const result = await found(name).invoke(name, event);
      if (result.status === 'throttled')
        throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
      if (result.status === 'ok') return answered(200, result.payload);
      const failure = answered(200, result.error);
      return { ...failure, headers: { ...failure.headers, 'x-amz-function-error': 'Unhandled' } };
    },
    async request(name, request, now) {
      if (!found(name).hasUrl(name)) return plain(403, 'Forbidden');
      const result = await found(name).invoke(name, urlEvent(request, now));
      if (result.status === 'throttled') return plain(429, 'Rate Exceeded.');
      if (result.status === 'failed') return plain(502, 'Internal Server Error');
      return urlAnswer(result.payload);
    },
  };
}

const answered = (status: number, payload: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(payload === null ? '' : JSON.stringify(payload)),
});

/** @throws {AwsError} as Lambda refuses a payload. */
function eventOf(body: Buffer): unknown {
  if (body.length > MAX_PAYLOAD_BYTES)
    throw new AwsError(
      'RequestTooLargeException',
      `Request must be smaller than ${MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
      413,
    );
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

const notPlayed = (method: string, url: string, type: unknown): AwsError =>
  new AwsError(
    'UnknownOperationException',
    `lambda: ${method} ${url} with the invocation type ${String(type)} is not played by the local services`,
  );

const plain = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(text),
});

/** A request as a function URL hands it over (payload format 2.0); a body that is no text arrives as base64. */
function urlEvent({ method, url, headers, body }: HttpRequest, now: Date): object {
  const [path = '/', query = ''] = url.split('?', 2);
  const isText = /^(?:text\/|application\/(?:json|xml|javascript))/.test(headers['content-type'] ?? '');
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: query,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    requestContext: {
      requestId: randomUUID(),
      timeEpoch: now.getTime(),
      http: {
        method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** What a function answers, as a response; whatever has no status is the body of a success. */
function urlAnswer(payload: unknown): Answer {
  const isResponse = typeof payload === 'object' && payload !== null && 'statusCode' in payload;
  if (!isResponse) return answered(200, payload ?? null);
  const { statusCode, headers, body, isBase64Encoded } = payload as Readonly<Record<string, unknown>>;
  return {
    status: Number(statusCode),
    headers: typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : {},
    body: Buffer.from(String(body ?? ''), isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}
