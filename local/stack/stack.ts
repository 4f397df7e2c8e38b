/**
 * Runs a cloud assembly: makes what its template declares, in CloudFormation's order, and lets it work.
 *
 * A template that CloudFormation would take apart in an account is taken apart here: every type of resource has
 * a line below, or is known to have nothing to do on one machine, or is an error. Nothing is ever deleted; a
 * second start on the same folder updates.
 */
import type { LocalServices } from '../services/index.ts';
import { type Assembly, readAssembly } from './assembly.ts';
import { ASYNC_DEFAULTS, type AsyncConfig } from './async-invocation.ts';
import { CodeStore } from './code-store.ts';
import { askForCustomResource } from './custom-resource.ts';
import {
  type Declared,
  readAsyncConfig,
  readDeliveryStream,
  readFunction,
  readMapping,
  readSchedule,
  readShards,
  readTable,
} from './declarations.ts';
import { createDestinations } from './destinations.ts';
import { type Mapping, startMapping } from './event-source-mapping.ts';
import type { OnEvent } from './events.ts';
import { Functions } from './functions.ts';
import { text } from './json.ts';
import { deploymentOrder } from './order.ts';
import { Resolver, stackArn } from './resolver.ts';
import { type Custom, isCustom, isIgnored, type Place } from './resources.ts';
import { type ScheduleResult, Scheduler } from './scheduler.ts';
import { generatedValue } from './secret-value.ts';
import { StackState } from './stack-state.ts';

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
> & { readonly s3: Pick<LocalServices['s3'], 'put'> };

/** A secret that is about to be made. */
export interface SecretRequest {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** What Secrets Manager would generate; null when the template says nothing about it. */
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
  /** Of the account that is played; a fixed one unless given. */
  readonly region?: string;
}

export interface RunningStack {
  readonly assembly: Assembly;
  readonly functions: Functions;
  readonly mappings: readonly Mapping[];
  readonly schedules: Scheduler;
  readonly outputs: Readonly<Record<string, string>>;
  /** Stops schedules, mappings and functions, in this order; the services go on. */
  close(): Promise<void>;
}

/** The account that is played everywhere. */
export const ACCOUNT_ID = '111111111111';

export const REGION = 'us-east-1';

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

/** Where a type stands when nothing else decides: what works on its own comes last. */
function rank(type: string): number {
  if (type === 'AWS::Scheduler::Schedule') return 3;
  if (type === 'AWS::Lambda::EventSourceMapping') return 2;
  return isCustom(type) ? 1 : 0;
}

class Deployment implements RunningStack {
  readonly assembly: Assembly;
  readonly functions: Functions;
  readonly mappings: Mapping[] = [];
  readonly schedules: Scheduler;
  outputs: Readonly<Record<string, string>> = {};
  readonly #options: StackOptions;
  readonly #place: Place;
  readonly #resolver: Resolver;
  readonly #state: StackState;
  readonly #code: CodeStore;
  readonly #customs = new Map<string, Custom>();
  readonly #secretArns = new Map<string, string>();
  readonly #asynchronous = new Map<string, AsyncConfig>();

  constructor(assembly: Assembly, options: StackOptions) {
    const { dataDir, services, speed, now, onEvent, onResult, region = REGION } = options;
    this.assembly = assembly;
    this.#options = options;
    this.#place = { stackName: assembly.stackName, region, accountId: ACCOUNT_ID };
    this.#state = new StackState(dataDir);
    this.#code = new CodeStore(dataDir, assembly.assets);
    this.#resolver = new Resolver(assembly.template, {
      ...this.#place,
      parameters: {},
      secretString: (id) => services.secrets.get(this.#secretArns.get(id) ?? id),
      custom: (logicalId) => this.#customs.get(logicalId),
    });
    const destinations = createDestinations(services.s3, dataDir);
    const { endpoint } = services;
    this.functions = new Functions({ dataDir, endpoint, region, speed, now, destinations, onEvent });
    this.schedules = new Scheduler({ speed, now, functions: this.functions, onResult });
    if (options.isPaused === true) this.schedules.pause();
  }

  async run(): Promise<void> {
    this.#readAsyncConfigs();
    for (const logicalId of deploymentOrder(this.#resolver, rank)) {
      const type = this.#resolver.template.resources.get(logicalId)?.type ?? '';
      try {
        await this.#deploy(type, this.#declared(logicalId));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${logicalId} (${type}) could not be made: ${reason}`, { cause: error });
      }
      this.#options.onEvent({ kind: 'resource', logicalId, type });
    }
    this.outputs = this.#resolver.outputs();
  }

  async close(): Promise<void> {
    this.schedules.pause();
    await Promise.all(this.mappings.map((mapping) => mapping.close()));
    await this.functions.close();
  }

  #declared(logicalId: string): Declared {
    return {
      logicalId,
      ref: this.#resolver.ref(logicalId),
      arn: this.#resolver.arn(logicalId),
      properties: this.#resolver.properties(logicalId),
    };
  }

  async #deploy(type: string, declared: Declared): Promise<void> {
    const { services } = this.#options;
    const { ref, properties } = declared;
    switch (type) {
      case 'AWS::S3::Bucket':
        return services.createBucket(ref);
      case 'AWS::Kinesis::Stream':
        return services.createStream(ref, readShards(properties));
      case 'AWS::DynamoDB::Table':
        return services.createTable(readTable(declared));
      case 'AWS::KinesisFirehose::DeliveryStream':
        return services.createDeliveryStream(readDeliveryStream(declared));
      case 'AWS::SecretsManager::Secret':
        return this.#makeSecret(declared);
      case 'AWS::RedshiftServerless::Workgroup':
        return services.registerWarehouse({
          workgroup: ref,
          database: this.#databaseOf(properties.NamespaceName),
        });
      case 'AWS::Lambda::Function':
        return this.#deployFunction(declared);
      case 'AWS::Lambda::EventSourceMapping':
        return this.#startMapping(declared);
      case 'AWS::Scheduler::Schedule':
        return this.schedules.add(readSchedule(declared));
      case 'AWS::Lambda::EventInvokeConfig':
        return;
      default:
        if (isCustom(type)) return this.#makeCustom(type, declared);
        if (!isIgnored(type)) throw new TypeError('the resource type is not known here');
    }
  }

  #makeSecret({ logicalId, ref: arn, properties }: Declared): void {
    const { services, secretValue } = this.#options;
    const name = arn.replace(/^.*:secret:/, '').slice(0, -'-123456'.length);
    this.#secretArns.set(name, arn);
    services.createSecret(
      arn,
      name,
      secretValue({ logicalId, name, arn, generated: generatedValue(properties) }),
    );
  }

  async #makeCustom(type: string, { logicalId, properties }: Declared): Promise<void> {
    const custom = await askForCustomResource(
      {
        stackId: stackArn(this.#place),
        logicalId,
        type,
        properties,
        previous: this.#state.custom(logicalId),
      },
      (id, event) => this.functions.invoke(id, event),
    );
    this.#customs.set(logicalId, custom);
    this.#state.saveCustom(logicalId, { physicalId: custom.physicalId, properties });
  }

  async #startMapping(declared: Declared): Promise<void> {
    const definition = readMapping(declared);
    if (definition === null) return;
    const { dataDir, services, speed, now, onEvent } = this.#options;
    const mapping = await startMapping(definition, {
      dataDir,
      kinesisEndpoint: services.kinesisEndpoint,
      region: this.#place.region,
      speed,
      now,
      functions: this.functions,
      destinations: createDestinations(services.s3, dataDir),
      onEvent,
    });
    this.mappings.push(mapping);
  }

  /** A function's configuration for asynchronous calls is a resource of its own, made after the function. */
  #readAsyncConfigs(): void {
    for (const [logicalId, { type }] of this.#resolver.template.resources) {
      if (type !== 'AWS::Lambda::EventInvokeConfig' || !this.#resolver.exists(logicalId)) continue;
      const properties = this.#resolver.properties(logicalId);
      this.#asynchronous.set(text(properties.FunctionName, 'FunctionName'), readAsyncConfig(properties));
    }
  }

  #databaseOf(namespaceName: unknown): string {
    for (const [logicalId, { type }] of this.#resolver.template.resources) {
      if (type !== 'AWS::RedshiftServerless::Namespace' || this.#resolver.ref(logicalId) !== namespaceName)
        continue;
      return text(this.#resolver.attribute(logicalId, 'Namespace.DbName'));
    }
    throw new Error(`the template has no namespace ${String(namespaceName)}`);
  }

  #deployFunction(declared: Declared): void {
    const asynchronous = this.#asynchronous.get(declared.ref) ?? ASYNC_DEFAULTS;
    const definition = readFunction(declared, (key) => this.#code.folder(key), asynchronous);
    this.functions.deploy(definition);
    this.#registerExistingWarehouse(definition.environment);
  }

  /** A warehouse that the template does not make is known only from what functions are told about it. */
  #registerExistingWarehouse(environment: Readonly<Record<string, string>>): void {
    const { services } = this.#options;
    const types = [...this.#resolver.template.resources.values()].map(({ type }) => type);
    if (types.includes('AWS::RedshiftServerless::Workgroup')) return;
    const { DATABASE: database, WORKGROUP_NAME: workgroup, CLUSTER_IDENTIFIER: cluster } = environment;
    if (database === undefined) return;
    if (workgroup !== undefined) services.registerWarehouse({ workgroup, database });
    if (cluster !== undefined) services.registerWarehouse({ cluster, database });
  }
}
