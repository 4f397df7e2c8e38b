/**
 * The tables: a custom resource whose function makes them, before anything is copied into them.
 *
 * CloudFormation calls the function directly and the function answers for itself; a provider framework would
 * add functions that are not ours. The call is repeated whenever what decides the tables changes: the record
 * types, the marts, or the code that turns them into SQL.
 *
 * Deleting the stack does not call it: the tables stay where the facts are.
 */
import { createHash } from 'node:crypto';
import { CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { RecordType } from '../contract/record.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Warehouse } from './warehouse.ts';

export interface Mart {
  readonly name: string;
  readonly sql: string;
}

export interface SchemaProps {
  readonly root: string;
  readonly warehouse: Warehouse;
  readonly records: readonly RecordType[];
  readonly marts: readonly Mart[];
}

export class Schema extends Construct {
  readonly fn: PipelineFunction;
  /** Whatever needs the tables depends on this. */
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, { root, warehouse, records, marts }: SchemaProps) {
    super(scope, id);
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: 'warehouse/schema/handler.ts',
      service: 'schema',
      description: 'Makes the tables and marts, and the user that Firehose loads with',
      memoryMb: 256,
      timeoutSeconds: 900,
      environment: { FIREHOSE_SECRET_ARN: warehouse.firehoseSecretArn },
    });
    warehouse.openTo(this.fn);
    this.fn.allow(['secretsmanager:GetSecretValue'], [warehouse.firehoseSecretArn]);
    this.resource = new CustomResource(this, 'Tables', {
      resourceType: 'Custom::HeimdallrSchema',
      serviceToken: this.fn.functionArn,
      serviceTimeout: Duration.minutes(20),
      properties: { revision: digest({ records, marts }), code: codeOf(this.fn) },
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** The name of the bundle, which is the digest of what is in it. */
function codeOf(fn: PipelineFunction): string {
  const { defaultChild } = fn.node;
  const code = CfnFunction.isCfnFunction(defaultChild) ? defaultChild.code : {};
  return 's3Key' in code ? (code.s3Key ?? '') : '';
}
