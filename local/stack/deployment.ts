/**
 * One deployment of a template: what each type of resource becomes, and what of it is running.
 */
import type { PlayedSchedule } from '../services/index.ts';
import type { Assembly } from './assembly.ts';
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
import { Functions } from './functions.ts';
import { Grants } from './grants.ts';
import { text } from './json.ts';
import { deploymentOrder } from './order.ts';
import { assumedRoles, requiredGrants } from './required-grants.ts';
import { Resolver, stackArn } from './resolver.ts';
import { ACCOUNT_ID, type Custom, isCustom, isIgnored, type Place, REGION, secretName } from './resources.ts';
import { expressionOf, type ScheduleDefinition, Scheduler } from './scheduler.ts';
import { generatedValue } from './secret-value.ts';
import type { RunningStack, StackOptions } from './stack.ts';
import { StackState } from './stack-state.ts';

/** Where a type stands when nothing else decides: what works on its own comes last. */
function rank(type: string): number {
  if (type === 'AWS::Scheduler::Schedule') return 3;
  if (type === 'AWS::Lambda::EventSourceMapping') return 2;
  return isCustom(type) ? 1 : 0;
}

/** A schedule as Scheduler tells of it; its ARN says in which group it is. */
const played = ({
  name,
  arn,
  cron,
  periodMs,
  isEnabled,
  functionArn,
  input,
}: ScheduleDefinition): PlayedSchedule => ({
  ...{ name, arn, isEnabled, input },
  group: arn.split('/').at(-2) ?? 'default',
  expression: expressionOf({ periodMs, ...(cron === undefined ? {} : { cron }) }),
  targetArn: functionArn,
});

/** Made by `run`; `close` ends whatever of it was started. */
export class Deployment implements RunningStack {
  readonly assembly: Assembly;
  readonly region: string;
  readonly functions: Functions;
  readonly mappings: Mapping[] = [];
  readonly schedules: Scheduler;
  outputs: Readonly<Record<string, string>> = {};
  readonly #options: StackOptions;
  readonly #place: Place;
  readonly #resolver: Resolver;
  readonly #state: StackState;
  readonly #code: CodeStore;
  readonly #grants: Grants;
  readonly #customs = new Map<string, Custom>();
  readonly #secretArns = new Map<string, string>();
  readonly #asynchronous = new Map<string, AsyncConfig>();
  readonly functionUrls = new Map<string, string>();

  constructor(assembly: Assembly, options: StackOptions) {
    const { dataDir, services, speed, now, onEvent, onResult, region = REGION } = options;
    this.assembly = assembly;
    this.region = region;
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
    this.#grants = new Grants(this.#resolver);
    const destinations = createDestinations(services.s3, dataDir);
    const { endpoint } = services;
    const { clockAhead } = options;
    this.functions = new Functions({
      ...{ dataDir, endpoint, region, speed, now },
      ...{ destinations, onEvent, clockAhead },
    });
    this.schedules = new Scheduler({ speed, now, functions: this.functions, onResult, onEvent });
    if (options.isPaused === true) this.schedules.pause();
    const { functions, functionUrls } = this;
    services.registerFunctions({
      exists: (name) => functions.exists(name),
      invoke: (name, event) => functions.invoke(name, event),
      invokeAsync: (name, event) => functions.invokeAsync(name, event),
      hasUrl: (name) => functionUrls.has(name),
    });
  }

  async run(): Promise<void> {
    this.#readAsyncConfigs();
    for (const logicalId of deploymentOrder(this.#resolver, rank)) {
      const type = this.#resolver.template.resources.get(logicalId)?.type ?? '';
      try {
        const declared = this.#declared(logicalId);
        this.#checkGrants(type, declared);
        await this.#deploy(type, declared);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${logicalId} (${type}) could not be made: ${reason}`, { cause: error });
      }
      this.#options.onEvent({ kind: 'resource', logicalId, type });
    }
    this.outputs = this.#resolver.outputs();
    this.#options.services.registerStack(
      { id: stackArn(this.#place), name: this.assembly.stackName, outputs: this.outputs },
      this.schedules.list().map(played),
    );
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

  /** @throws {Error} when the role in whose name AWS would act may not do what the resource is for. */
  #checkGrants(type: string, { properties }: Declared): void {
    for (const { roleArn, service, context } of assumedRoles(type, properties, this.#place)) {
      if (!this.#grants.trusts(roleArn, service, context))
        throw new Error(`${roleArn} must trust ${service}, and its policy does not say so`);
    }
    const roleOf = (id: string): string => this.functions.find(id).roleArn;
    for (const { roleArn, action, resource, isOptional } of requiredGrants(
      type,
      properties,
      roleOf,
      this.#place,
    )) {
      if (isOptional !== true && !this.#grants.allows(roleArn, action, resource))
        throw new Error(`${roleArn} must be allowed ${action} on ${resource}, and no policy says so`);
    }
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
      case 'AWS::Lambda::Url':
        return this.#openUrl(properties);
      case 'AWS::Lambda::EventInvokeConfig':
        return;
      default:
        if (isCustom(type)) return this.#makeCustom(type, declared);
        if (!isIgnored(type)) throw new TypeError('the resource type is not known here');
    }
  }

  #makeSecret({ logicalId, ref: arn, properties }: Declared): void {
    const { services, secretValue } = this.#options;
    const name = secretName(arn);
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

  #openUrl({ TargetFunctionArn, AuthType }: Declared['properties']): void {
    if (AuthType !== 'NONE')
      throw new TypeError(`a function URL with AuthType ${String(AuthType)} is not known here`);
    const { name } = this.functions.find(text(TargetFunctionArn, 'TargetFunctionArn'));
    this.functionUrls.set(name, this.#options.services.functionUrl(name));
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
    for (const value of Object.values(definition.environment)) this.#makeForeignSecret(value);
  }

  /** A secret that the template refers to and does not make: somebody else's database user. */
  #makeForeignSecret(value: string): void {
    const { services, secretValue } = this.#options;
    if (!/^arn:aws:secretsmanager:/.test(value) || services.secrets.has(value)) return;
    const secret = { logicalId: null, name: secretName(value), arn: value };
    const generated = JSON.stringify({ username: 'local', password: 'local' });
    services.createSecret(value, secret.name, secretValue({ ...secret, generated }));
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
