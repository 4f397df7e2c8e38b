/**
 * What all functions of the pipeline have in common: runtime, bundle, log group, and a role of their own.
 *
 * The role is made here and not by the CDK, whose default attaches AWS managed policies that let a function
 * write to every log group of the account. Each construct adds, with `allow`, exactly what its function calls.
 */
import { dirname, join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { bundleOf } from './bundling.ts';
import type { Network } from './network.ts';
import { ServiceLog } from './service-log.ts';

export interface PipelineFunctionProps {
  /** Folder of the project. */
  readonly root: string;
  /** The file that exports `handler`, relative to the root. */
  readonly entry: string;
  /** What the function is called in logs and metrics. */
  readonly service: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Runs at most this many at once, and always may. It is taken from the account's concurrency, of which 100 (in
   * a new account 10) must stay unreserved: a new account asks for its regular quota of 1,000 first.
   */
  readonly reservedConcurrency?: number;
  /** Started by the clock: a run that fails is not repeated, because the next one is due soon. */
  readonly isRecurring?: boolean;
  /** Set for a function that must reach the internet from the fixed address. */
  readonly network?: Network;
}

export class PipelineFunction extends LambdaFunction {
  declare readonly role: IRole;
  readonly service: string;
  /** Its runs wake the warehouse; said by whoever lets it. */
  usesWarehouse = false;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    const placement = props.network?.placement ?? null;
    const log = new ServiceLog(scope, `${id}Log`);
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    super(scope, id, {
      // Whoever only lists or destroys the stack needs no bundles.
      code: Code.fromAsset(
        Stack.of(scope).bundlingRequired
          ? bundleOf(props.root, props.entry)
          : dirname(join(props.root, props.entry)),
      ),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      role,
      logGroup: log,
      environment: {
        POWERTOOLS_SERVICE_NAME: props.service,
        POWERTOOLS_METRICS_NAMESPACE: 'Heimdallr',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...props.environment,
      },
      ...(props.isRecurring === true ? { retryAttempts: 0, maxEventAge: Duration.seconds(60) } : {}),
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
      ...placement,
    });
    this.service = props.service;
    log.grantWrite(this);
    if (placement !== null) this.allow(NETWORK_INTERFACE_ACTIONS, ['*']);
  }

  /** Adds to what the function may do. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }
}

/** Lambda makes and removes a function's network interfaces with the function's role; EC2 cannot narrow the resource. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
