/**
 * The schema's function as CloudFormation calls it: it answers by a PUT to the address in the event, whatever
 * happens, because a custom resource without an answer blocks a deployment for as long as it may take.
 */
import type { RecordType } from '../../contract/record.ts';
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

/** CloudFormation takes an answer of 4,096 bytes; the reason gets most of it. */
const MAX_REASON = 3_000;

/** One physical id for ever: another one would make CloudFormation delete "the old" schema. */
const PHYSICAL_ID = 'heimdallr-schema';

export function createHandler(
  options: SchemaOptions,
  ports: Ports,
): (event: CustomResourceEvent) => Promise<void> {
  return async (event) => {
    const problem = await tried(() => change(event, options, ports));
    if (problem !== null) ports.log('the schema could not be applied', { reason: problem });
    await options.answer(
      event.ResponseURL,
      JSON.stringify({
        Status: problem === null ? 'SUCCESS' : 'FAILED',
        Reason: (problem ?? 'applied').slice(0, MAX_REASON),
        PhysicalResourceId: PHYSICAL_ID,
        StackId: event.StackId,
        RequestId: event.RequestId,
        LogicalResourceId: event.LogicalResourceId,
      }),
    );
  };
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
