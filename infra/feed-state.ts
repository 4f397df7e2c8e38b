/**
 * Where each feed's cursor and lease are kept: one small item per feed.
 *
 * Losing a cursor means polling the past again, so the table can be restored to any second of 35 days.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';

export class FeedState extends Table {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: { name: 'feed', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      // Noted deliveries of webhooks go by themselves; cursors have no such attribute.
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }

  /** Lets a function read and save what is kept of feeds, and tells it the table's name. */
  openTo(fn: PipelineFunction): void {
    fn.addEnvironment('FEEDS_TABLE', this.tableName);
    fn.allow(['dynamodb:UpdateItem'], [this.tableArn]);
  }

  /** The same, for items alone whose key looks like this: no cursor and no lease is among them. */
  openItemsTo(fn: PipelineFunction, key: string): void {
    fn.addEnvironment('FEEDS_TABLE', this.tableName);
    fn.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:UpdateItem'],
        resources: [this.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [key] } },
      }),
    );
  }
}
