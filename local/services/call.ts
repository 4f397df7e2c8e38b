/**
 * One call of an AWS service, as the gateway sees it, and the errors in which a service answers.
 */

export type ServiceName =
  | 'kinesis'
  | 'dynamodb'
  | 'firehose'
  | 'lambda'
  | 'redshift-data'
  | 'secretsmanager'
  | 's3'
  | 'scheduler'
  | 'cloudformation'
  | 'sns';

/** A request's JSON. */
export type Body = Readonly<Record<string, unknown>>;

/** A call before it is answered. */
export interface ServiceCall {
  /** As IAM spells it: the part before the colon of an action. */
  readonly service: ServiceName;
  /** As IAM spells it after the colon, as in `PutRecords`; S3: `PutObject`, `GetObject`, `ListBucket`, `DeleteObject`; Lambda: `InvokeFunction`. */
  readonly action: string;
  /** From the Authorization header; empty when the call is not signed. */
  readonly callerAccessKeyId: string;
  /**
   * The request's JSON; for S3 `{ Bucket, Key }`, for ListBucket `{ Bucket, Prefix }`; for Lambda `{ FunctionName }`; for
   * Scheduler `{ GroupName, Name }`; for CloudFormation `{ StackName }`; for SNS
   * `{ TopicArn }`.
   */
  readonly body: Body;
}

/** Asked before every call; throws an AwsError to refuse it. */
export type OnCall = (call: ServiceCall) => void | Promise<void>;

/** The same within one service, by action and `body`; asked before anything is done. */
export type Permit = (action: string, body: Body) => Promise<void>;

/** An error that travels to the SDK client with its code and status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  /** @param status 4xx is the caller's fault, 5xx is retried by the SDK. */
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** Thrown where a fault is injected: the connection breaks and the caller gets no answer, whatever took place. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** A service that speaks JSON: answers one action, or throws an AwsError. */
export type JsonService = (action: string, body: Body) => object | Promise<object>;

/** The error for an action that exists in AWS but not here. */
export const unknownAction = (service: ServiceName, action: string): AwsError =>
  new AwsError('UnknownOperationException', `${service}:${action} is not played by the local services`);

/**
 * A text member of a request.
 * @throws {AwsError} ValidationException when it is missing or no text.
 */
export function textOf(body: Body, name: string): string {
  const value = optionalTextOf(body, name);
  if (value === null) throw new AwsError('ValidationException', `${name} is missing`);
  return value;
}

/** The same, where null says that it is missing. */
export function optionalTextOf(body: Body, name: string): string | null {
  const value = body[name] ?? null;
  if (value !== null && typeof value !== 'string') {
    throw new AwsError('SerializationException', `${name} must be a string, got ${typeof value}`);
  }
  return value;
}

/** A list of structures in a request; empty when it is missing. */
export function listOf(body: Body, name: string): readonly Body[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value) || !value.every(isBody)) {
    throw new AwsError('SerializationException', `${name} must be a list of structures`);
  }
  return value;
}

export const isBody = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
