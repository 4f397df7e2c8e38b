/**
 * Custom resources: CloudFormation asks a function to make something, and the function answers with a PUT.
 *
 * CloudFormation calls the function asynchronously, repeats a call that threw, and then waits an hour for an
 * answer that never comes. Here the first error is the end: nobody waits an hour to read it.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { InvokeResult } from './functions.ts';
import { isObject, type JsonObject, object, text } from './json.ts';
import type { Custom } from './resources.ts';

export interface CustomRequest {
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  /** Resolved. */
  readonly properties: JsonObject;
  /** How it was made the last time; null: it is to be created. */
  readonly previous: { readonly physicalId: string; readonly properties: JsonObject } | null;
}

/**
 * Creates or updates a custom resource.
 * @param invoke calls the function by its ARN and waits.
 * @throws {Error} with the reason, when the function answers FAILED, throws, or does not answer.
 */
export async function askForCustomResource(
  request: CustomRequest,
  invoke: (id: string, event: unknown) => Promise<InvokeResult>,
): Promise<Custom> {
  const { stackId, logicalId, type, previous } = request;
  const requestId = randomUUID();
  const mailbox = await openMailbox();
  try {
    const serviceToken = text(request.properties.ServiceToken, 'ServiceToken');
    const result = await invoke(serviceToken, {
      RequestType: previous === null ? 'Create' : 'Update',
      ServiceToken: serviceToken,
      ResponseURL: mailbox.url,
      StackId: stackId,
      RequestId: requestId,
      LogicalResourceId: logicalId,
      ResourceType: type,
      ResourceProperties: asText(request.properties),
      ...(previous === null
        ? {}
        : { PhysicalResourceId: previous.physicalId, OldResourceProperties: asText(previous.properties) }),
    });
    const [answer] = mailbox.received;
    if (answer === undefined) throw new Error(`its function ended without an answer: ${endOf(result)}`);
    return read(answer, { StackId: stackId, RequestId: requestId, LogicalResourceId: logicalId });
  } finally {
    await mailbox.close();
  }
}

function read(answer: string, expected: Readonly<Record<string, string>>): Custom {
  const parsed: unknown = JSON.parse(answer);
  if (!isObject(parsed)) throw new TypeError('its function must answer with a JSON object');
  for (const [name, value] of Object.entries(expected)) {
    if (parsed[name] !== value) {
      throw new Error(
        `its function answered with ${name} ${String(parsed[name])}, CloudFormation waits for ${value}`,
      );
    }
  }
  if (parsed.Status !== 'SUCCESS') {
    throw new Error(
      `its function answered ${String(parsed.Status)}: ${String(parsed.Reason ?? 'without a reason')}`,
    );
  }
  return {
    physicalId: text(parsed.PhysicalResourceId, 'PhysicalResourceId of the answer'),
    data: object(parsed.Data, 'Data of the answer'),
  };
}

function endOf(result: InvokeResult): string {
  if (result.status === 'failed') return `${result.error.errorType}: ${result.error.errorMessage}`;
  return result.status === 'throttled' ? 'it was throttled' : 'it returned, and sent nothing to ResponseURL';
}

/** CloudFormation passes every number and boolean on as text. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, asText(element)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

/** Takes whatever is PUT to its address. */
async function openMailbox() {
  const received: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    if (request.method === 'PUT') received.push(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(request.method === 'PUT' ? 200 : 405).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the mailbox got no port');
  return {
    url: `http://127.0.0.1:${address.port}/${randomUUID()}`,
    received,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
