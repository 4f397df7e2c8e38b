/**
 * The schema's function as CloudFormation calls it: it answers by a PUT to the address in the event, whatever
 * happens, because a custom resource without an answer blocks a deployment for as long as it may take.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordType } from '../../contract/record.ts';
import { byteLength, cutToBytes } from '../../contract/text.ts';
import type { Ports } from '../ports.ts';
import { applySchema, type Mart } from './apply.ts';
import { grantFirehose, parseCredentials } from './firehose-user.ts';

/** What CloudFormation sends (the part that is used). */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

export interface SchemaOptions {
  readonly types: readonly RecordType[];
  readonly marts: readonly Mart[];
  /** ARN of the secret with the user that Firehose loads with. */
  readonly firehoseSecretArn: string;
  /** PUTs the answer. */
  readonly answer: (url: string, body: string) => Promise<void>;
}

/** CloudFormation takes an answer of 4,096 bytes; the reason gets what the ids leave. */
const MAX_ANSWER_BYTES = 4_096;

/** Left to answer, should the warehouse not have come to an end. */
const RESERVE_MS = 30_000;

/** One physical id for ever: another one would make CloudFormation delete "the old" schema. */
const PHYSICAL_ID = 'heimdallr-schema';

/** The part of Lambda's context that is used. */
export interface Deadline {
  getRemainingTimeInMillis(): number;
}

export function createHandler(
  options: SchemaOptions,
  ports: Ports,
): (event: CustomResourceEvent, context: Deadline) => Promise<void> {
  return async (event, context) => {
    const patience = context.getRemainingTimeInMillis() - RESERVE_MS;
    const problem = await tried(() => inTime(change(event, options, ports), patience));
    if (problem !== null) ports.log('the schema could not be applied', { reason: problem });
    await options.answer(event.ResponseURL, answerTo(event, problem));
  };
}

async function inTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const stopped = new AbortController();
  const tooLate = sleep(milliseconds, undefined, { signal: stopped.signal }).then(() => {
    throw new Error(
      'the warehouse did not come to an end in time; look at its running queries and locks, then deploy again',
    );
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    stopped.abort();
  }
}

function answerTo(event: CustomResourceEvent, problem: string | null): string {
  const body = (reason: string): string =>
    JSON.stringify({
      Status: problem === null ? 'SUCCESS' : 'FAILED',
      Reason: reason,
      PhysicalResourceId: PHYSICAL_ID,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
    });
  let reason = problem ?? 'applied';
  // Quotes and line breaks take more room than they have bytes: shortened until the whole fits.
  while (byteLength(body(reason)) > MAX_ANSWER_BYTES) {
    reason = cutToBytes(reason, Math.floor(byteLength(reason) * 0.9));
  }
  return body(reason);
}

async function change(
  { RequestType }: CustomResourceEvent,
  options: SchemaOptions,
  ports: Ports,
): Promise<void> {
  // The tables stay where the facts are.
  if (RequestType === 'Delete') return;
  const credentials = parseCredentials(await ports.secret(options.firehoseSecretArn));
  await applySchema(ports.sql, options.types, options.marts);
  await grantFirehose(ports.sql, credentials);
}

async function tried(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
