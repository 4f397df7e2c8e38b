/**
 * The warehouse as the rest of the pipeline sees it, whoever made it, and the choice between the two kinds.
 */
import type { Connections } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Archive } from './archive.ts';
import type { SqlTarget } from './data-api.ts';
import { ExistingWarehouse } from './existing-warehouse.ts';
import type { Network } from './network.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedWarehouse } from './read-warehouse.ts';
import { ServerlessWarehouse } from './serverless-warehouse.ts';

export interface Warehouse {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** Secret with `username` and `password` of Firehose's own database user. */
  readonly firehoseSecretArn: string;
  /** Role with which the warehouse itself reads the archive; missing when it has none. */
  readonly copyRoleArn?: string;
  /** Missing when the warehouse's network is not ours to change. */
  readonly connections?: Connections;
  /** Where SQL is run through the Data API, and as whom. */
  readonly target: SqlTarget;
  /** Lets a function run SQL through the Data API, and tells it where. */
  openTo(fn: PipelineFunction): void;
}

/** The warehouse that the installation chose. */
export function warehouseFor(
  scope: Construct,
  id: string,
  choice: ResolvedWarehouse,
  network: Network,
  archive: Archive,
): ServerlessWarehouse | ExistingWarehouse {
  if (choice.mode === 'existing') return new ExistingWarehouse(scope, id, choice);
  const { vpc } = network;
  if (vpc === null) throw new TypeError('a Serverless warehouse stands in a network, got none');
  return new ServerlessWarehouse(scope, id, { choice, vpc, archive });
}
