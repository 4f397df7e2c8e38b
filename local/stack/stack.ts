/**
 * Runs a cloud assembly: makes what its template declares, in CloudFormation's order, and lets it work.
 *
 * A template that CloudFormation would take apart in an account is taken apart here: every type of resource is
 * played, or is known to have nothing to do on one machine, or is an error. Nothing is ever deleted; a second
 * start on the same folder updates.
 */
import type { LocalServices } from '../services/index.ts';
import { type Assembly, readAssembly } from './assembly.ts';
import { Deployment } from './deployment.ts';
import type { Mapping } from './event-source-mapping.ts';
import type { OnEvent } from './events.ts';
import type { Functions } from './functions.ts';
import type { ScheduleResult, Scheduler } from './scheduler.ts';

/** What is needed of the services. */
export type StackServices = Pick<
  LocalServices,
  | 'endpoint'
  | 'kinesisEndpoint'
  | 'secrets'
  | 'createStream'
  | 'createTable'
  | 'createDeliveryStream'
  | 'createBucket'
  | 'createSecret'
  | 'registerWarehouse'
  | 'registerFunctions'
  | 'registerStack'
  | 'functionUrl'
> & { readonly s3: Pick<LocalServices['s3'], 'put'> };

/** A secret that is about to be made. */
export interface SecretRequest {
  /** Null for a secret that the template refers to and does not make. */
  readonly logicalId: string | null;
  readonly name: string;
  readonly arn: string;
  /**
   * What Secrets Manager would generate, or a made-up database user for a secret that the template does not make;
   * null when nothing is said about it.
   */
  readonly generated: string | null;
}

export interface StackOptions {
  /** The folder that was synthesised into. */
  readonly assemblyDir: string;
  readonly dataDir: string;
  readonly services: StackServices;
  readonly speed: number;
  readonly now: () => Date;
  /** What a secret holds. */
  readonly secretValue: (secret: SecretRequest) => string;
  readonly onEvent: OnEvent;
  /** Told of every start by a schedule that has ended. */
  readonly onResult: (result: ScheduleResult) => void;
  /** Schedules fire only by hand, until they are resumed. */
  readonly isPaused?: boolean;
  /** Milliseconds by which the clock of a function's machine is ahead; for tests, a deadline is kept all the same. */
  readonly clockAhead?: (functionName: string) => number;
  /** Of the account that is played; a fixed one unless given. */
  readonly region?: string;
}

export interface RunningStack {
  readonly assembly: Assembly;
  /** Of the account that is played. */
  readonly region: string;
  readonly functions: Functions;
  readonly mappings: readonly Mapping[];
  readonly schedules: Scheduler;
  readonly outputs: Readonly<Record<string, string>>;
  /** Name of a function that has a URL → where it is served here. */
  readonly functionUrls: ReadonlyMap<string, string>;
  /** Stops schedules, mappings and functions, in this order; the services go on. */
  close(): Promise<void>;
}

/**
 * Deploys and starts a stack.
 * @throws {Error} naming the resource that could not be made; what was started is stopped again.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const assembly = readAssembly(options.assemblyDir);
  const deployment = new Deployment(assembly, options);
  try {
    await deployment.run();
  } catch (error) {
    await deployment.close();
    throw error;
  }
  return deployment;
}
