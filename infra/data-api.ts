/**
 * Permission to run SQL through the Redshift Data API, and the environment that says where.
 *
 * The Data API needs no connection: functions stay outside the warehouse's network. A statement can be asked
 * about only by whoever sent it; those calls know no resource, so the caller is the condition.
 */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { PipelineFunction } from './pipeline-function.ts';

export interface SqlTarget {
  readonly database: string;
  readonly compute:
    | { readonly workgroupName: string; readonly workgroupArn: string }
    | { readonly clusterIdentifier: string; readonly clusterArn: string };
  /** Credentials of the database user that owns the tables. */
  readonly secretArn: string;
}

/** Lets a function run SQL on the target, and tells it where and as whom. */
export function openDataApi(fn: PipelineFunction, { database, compute, secretArn }: SqlTarget): void {
  const computeArn = 'workgroupArn' in compute ? compute.workgroupArn : compute.clusterArn;
  fn.usesWarehouse = true;
  fn.addEnvironment('DATABASE', database);
  if ('workgroupName' in compute) fn.addEnvironment('WORKGROUP_NAME', compute.workgroupName);
  else fn.addEnvironment('CLUSTER_IDENTIFIER', compute.clusterIdentifier);
  fn.allow(['redshift-data:BatchExecuteStatement', 'redshift-data:ExecuteStatement'], [computeArn]);
  fn.addToRolePolicy(
    new PolicyStatement({
      actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
      resources: ['*'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: IAM replaces this placeholder.
      conditions: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
    }),
  );
  fn.addEnvironment('SECRET_ARN', secretArn);
  fn.allow(['secretsmanager:GetSecretValue'], [secretArn]);
}
