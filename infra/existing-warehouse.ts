/**
 * A cluster or Serverless workgroup that is there already: nothing is made, the stack only finds its way.
 *
 * Its network belongs to somebody else. The stack prints the block of addresses that its security group must
 * admit for Firehose.
 */
import { type CfnMapping, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { openDataApi, type SqlTarget } from './data-api.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedExisting } from './read-warehouse.ts';
import type { Warehouse } from './warehouse.ts';

export class ExistingWarehouse extends Construct implements Warehouse {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly firehoseSecretArn: string;
  readonly copyRoleArn?: string;
  readonly target: SqlTarget;

  constructor(scope: Construct, id: string, choice: ResolvedExisting) {
    super(scope, id);
    this.database = choice.database;
    this.host = choice.host;
    this.port = choice.port;
    this.firehoseSecretArn = choice.firehoseSecretArn;
    if (choice.copyRoleArn !== undefined) this.copyRoleArn = choice.copyRoleArn;
    this.target = {
      database: choice.database,
      compute:
        'clusterIdentifier' in choice
          ? { ...choice, clusterArn: this.#arnOf(choice.clusterIdentifier) }
          : choice,
      secretArn: choice.secretArn,
    };
  }

  /** The block of addresses from which Firehose comes, in whatever region this is deployed to. */
  get firehoseAddresses(): string {
    const stack = Stack.of(this);
    // Every delivery stream brings this table of all regions along; it has no public name.
    const blocks = stack.node.findChild('@aws-cdk/aws-kinesisfirehose.CidrBlocks') as CfnMapping;
    return blocks.findInMap(stack.region, 'FirehoseCidrBlock');
  }

  openTo(fn: PipelineFunction): void {
    openDataApi(fn, this.target);
  }

  #arnOf(clusterIdentifier: string): string {
    return Stack.of(this).formatArn({ service: 'redshift', resource: `cluster:${clusterIdentifier}` });
  }
}
