/**
 * The one door to all services.
 *
 * Functions get a single AWS_ENDPOINT_URL, so one server tells the services apart: by X-Amz-Target, the others by
 * the service in the signature. Requests to function URLs arrive here, too, and are signed by nobody. Behind the door stands the hook that checks permissions and injects faults;
 * nothing reaches a service without passing it.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  AwsError,
  type Body,
  isBody,
  type JsonService,
  NoAnswer,
  type OnCall,
  type Permit,
  type ServiceCall,
  type ServiceName,
} from './call.ts';
import { type CloudFormation, queryError } from './cloudformation.ts';
import { DYNAMODB_TARGET } from './dynamodb.ts';
import type { Answer, Emulator } from './emulator.ts';
import { KINESIS_TARGET, type Kinesis } from './kinesis.ts';
import { FUNCTION_URLS, type Lambda } from './lambda.ts';
import type { ObjectStore } from './object-store.ts';
import { answerS3, s3Error } from './s3.ts';
import type { Schedules } from './schedules.ts';
import { type Sns, snsError } from './sns.ts';

export interface GatewayPorts {
  readonly kinesis: Kinesis;
  readonly dynamodb: Emulator;
  readonly firehose: JsonService;
  readonly redshiftData: JsonService;
  readonly secrets: JsonService;
  readonly s3: ObjectStore;
  readonly lambda: Lambda;
  readonly schedules: Schedules;
  readonly cloudformation: CloudFormation;
  readonly sns: Sns;
  readonly now: () => Date;
  readonly onCall: OnCall;
  /** A call has had its effect, and its answer is about to leave. */
  readonly onAnswer: OnCall;
  /** An exception that is no AwsError: a bug of a service. */
  readonly onBug: (error: unknown, call: string) => void;
}

export interface Gateway {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Prefix of X-Amz-Target → service. */
const TARGETS: Readonly<Record<string, ServiceName>> = {
  [KINESIS_TARGET]: 'kinesis',
  [DYNAMODB_TARGET]: 'dynamodb',
  Firehose_20150804: 'firehose',
  RedshiftData: 'redshift-data',
  secretsmanager: 'secretsmanager',
};

/** Longer than SDK clients keep an idle connection: closing first would look like an outage. */
const KEEP_ALIVE_MS = 600_000;

export async function startGateway(ports: GatewayPorts): Promise<Gateway> {
  const server = createServer((request, response) => {
    answer(request, ports).then(
      (found) => send(response, found),
      (error: unknown) => {
        if (error instanceof NoAnswer) return void request.socket.destroy();
        // A client that went away in the middle of its request is nobody's bug.
        if (request.complete) ports.onBug(error, `${request.method} ${request.url}`);
        send(response, jsonError(new AwsError('InternalFailure', String(error), 500)));
      },
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gateway got no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, ports: GatewayPorts): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { accessKeyId, service } = signature(request);
  if (request.url?.startsWith(FUNCTION_URLS)) return answerFunctionUrl(request, body, ports);
  const [prefix = '', action = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  const target = TARGETS[prefix];
  try {
    if (target !== undefined) {
      const parsed = parse(body);
      const call = { service: target, action, callerAccessKeyId: accessKeyId, body: parsed };
      await ports.onCall(call);
      const answered = await answerJson(target, action, parsed, body, request, ports);
      await ports.onAnswer(call);
      return answered;
    }
    if (isSignedFor(service)) return await answerSigned(service, accessKeyId, request, body, ports);
    const asked = prefix === '' ? `${request.method} ${request.url}` : `${prefix}.${action}`;
    throw new AwsError(
      'UnknownOperationException',
      `${service === '' ? 'an unsigned call' : service}: ${asked} is not played by the local services`,
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return jsonError(error);
  }
}

async function answerJson(
  service: ServiceName,
  action: string,
  parsed: Body,
  body: Buffer,
  request: IncomingMessage,
  ports: GatewayPorts,
): Promise<Answer> {
  switch (service) {
    case 'kinesis':
      if (action === 'PutRecords') return json(await ports.kinesis.putRecords(parsed));
      return forward(ports.kinesis, service, action, body, request);
    case 'dynamodb':
      return forward(ports.dynamodb, service, action, body, request);
    case 'firehose':
      return json(await ports.firehose(action, parsed));
    case 'redshift-data':
      return json(await ports.redshiftData(action, parsed));
    case 'secretsmanager':
      return json(await ports.secrets(action, parsed));
    case 's3':
    case 'lambda':
    case 'scheduler':
    case 'cloudformation':
    case 'sns':
      throw new AwsError('UnknownOperationException', `${service} has no X-Amz-Target`);
  }
}

const FORWARDED = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

async function forward(
  emulator: Emulator,
  service: ServiceName,
  action: string,
  body: Buffer,
  request: IncomingMessage,
): Promise<Answer> {
  const headers = Object.fromEntries(
    FORWARDED.map((name) => [name, String(request.headers[name] ?? '')]).filter(([, value]) => value),
  );
  const found = await emulator.forward(headers, body);
  if (found.status >= 400 && found.body.includes('UnknownOperationException')) {
    throw new AwsError(
      'UnknownOperationException',
      `${service}:${action} is not played by the local services`,
    );
  }
  return found;
}

type Signed = (
  request: IncomingMessage,
  body: Buffer,
  permit: Permit,
  ports: GatewayPorts,
) => Promise<Answer>;

/** Services without X-Amz-Target, by the name that calls are signed for. */
const SIGNED = {
  s3: ({ method = 'GET', url = '/', headers }, body, permit, { s3 }) =>
    answerS3({ method, url, headers, body }, s3, permit).catch(inTheWordsOf(s3Error)),
  lambda: ({ method = 'GET', url = '/', headers }, body, permit, { lambda }) =>
    lambda.answer({ method, url, headers, body }, permit),
  scheduler: ({ method = 'GET', url = '/' }, _body, permit, { schedules }) =>
    schedules.answer(method, url, permit),
  cloudformation: (_request, body, permit, { cloudformation }) =>
    cloudformation.answer(body, permit).catch(inTheWordsOf(queryError)),
  sns: (_request, body, permit, { sns }) => sns.answer(body, permit).catch(inTheWordsOf(snsError)),
} satisfies Partial<Record<ServiceName, Signed>>;

const isSignedFor = (service: string): service is keyof typeof SIGNED => Object.hasOwn(SIGNED, service);

async function answerSigned(
  service: keyof typeof SIGNED,
  callerAccessKeyId: string,
  request: IncomingMessage,
  content: Buffer,
  ports: GatewayPorts,
): Promise<Answer> {
  // A request can be several calls: copying an object is a read and a write.
  const calls: ServiceCall[] = [];
  const permit: Permit = async (action, body) => {
    const call = { service, action, callerAccessKeyId, body };
    await ports.onCall(call);
    calls.push(call);
  };
  const answered = await SIGNED[service](request, content, permit, ports);
  for (const call of calls) await ports.onAnswer(call);
  return answered;
}

/** For services whose errors are no JSON. */
const inTheWordsOf =
  (format: (error: AwsError) => Answer) =>
  (error: unknown): Answer => {
    if (!(error instanceof AwsError)) throw error;
    return format(error);
  };

function answerFunctionUrl(
  request: IncomingMessage,
  body: Buffer,
  { lambda, now }: GatewayPorts,
): Promise<Answer> {
  const { method = 'GET', headers, url = '' } = request;
  const [name = '', ...rest] = url.slice(FUNCTION_URLS.length).split('/');
  const place = { method, headers, body, url: `/${rest.join('/')}` };
  return lambda.request(decodeURIComponent(name), place, now());
}

/** Who calls, and which service the call was signed for; both empty when it is not signed. */
function signature({ headers }: IncomingMessage): { accessKeyId: string; service: string } {
  const [, accessKeyId = '', service = ''] =
    /Credential=([^/,]+)\/[^/]*\/[^/]*\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '') ?? [];
  return { accessKeyId, service };
}

function parse(body: Buffer): Body {
  try {
    const value: unknown = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8'));
    if (isBody(value)) return value;
  } catch {
    // Answered below, as for any other text that is no structure.
  }
  throw new AwsError('SerializationException', 'the request is not a JSON object');
}

const json = (value: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from(JSON.stringify(value)),
});

const jsonError = ({ code, message, status }: AwsError): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
  body: Buffer.from(JSON.stringify({ __type: code, message })),
});

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    'x-amzn-requestid': randomUUID(),
    'content-length': body.length,
    ...headers,
  });
  response.end(body);
}
