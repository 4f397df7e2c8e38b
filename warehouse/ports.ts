/**
 * What the loader and the schema function need from outside, as types, and the real thing in AWS.
 *
 * The only file of the warehouse that knows an AWS client.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as Powertools } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { REPAIR, type RepairSpan, walkKey } from '../contract/feed.ts';
import { type DataApi, type Sql, sqlOver } from './sql.ts';

export interface Ports {
  readonly sql: Sql;
  /** SecretString of a secret. */
  readonly secret: (arn: string) => Promise<string>;
  readonly now: () => Date;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  /** Publishes numbers under the service, without which CloudWatch would make no metric, and these dimensions. */
  readonly publish: (
    dimensions: Readonly<Record<string, string>>,
    values: Readonly<Record<string, number>>,
  ) => void;
}

/** The spans that a feed's repair is to read again, for its producer to find. */
export interface Repairs {
  /** Replaces the list. */
  leave(feed: string, spans: readonly RepairSpan[]): Promise<void>;
}

/** The item beside the repair's own cursor, in the table of cursors; nothing else of it is touched. */
export function dynamoRepairs(client: DynamoDBClient, table: string): Repairs {
  return {
    async leave(feed, spans) {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { feed: { S: walkKey(feed, REPAIR) } },
          UpdateExpression: 'set spans = :spans',
          ExpressionAttributeValues: { ':spans': { S: JSON.stringify(spans) } },
        }),
      );
    },
  };
}

/** The repairs of the loader in AWS, from the environment that the template gives it. */
export function realRepairs(): Repairs {
  const table = process.env.FEEDS_TABLE;
  if (table === undefined || table === '')
    throw new Error('the environment variable FEEDS_TABLE must be set, got nothing; the template sets it');
  return dynamoRepairs(new DynamoDBClient({ requestHandler: patient() }), table);
}

/** The ports of the function in AWS, from the environment that the template gives it. */
export function realPorts(): Ports {
  const logger = new Logger();
  const metrics = new Powertools();
  const secrets = new SecretsManagerClient({ requestHandler: patient() });
  return {
    sql: sqlOver(dataApi(new RedshiftDataClient({ requestHandler: patient() }), target(process.env)), {
      sleep: (milliseconds) => sleep(milliseconds),
      random: Math.random,
    }),
    async secret(arn) {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
      if (SecretString === undefined) throw new Error(`the secret ${arn} must hold text, got none`);
      return SecretString;
    },
    now: () => new Date(),
    log: (message, fields) => logger.info(message, { ...fields }),
    publish(dimensions, values) {
      for (const [name, value] of Object.entries(dimensions)) metrics.addDimension(name, value);
      for (const [name, value] of Object.entries(values)) {
        metrics.addMetric(name, name.endsWith('Seconds') ? 'Seconds' : 'Count', value);
      }
      metrics.publishStoredMetrics();
    },
  };
}

/** The Data API answers as soon as the statements have ended, after so long at the latest; it would take 30. */
const LONG_POLL_SECONDS = 5;

/** No call here takes long: statements run elsewhere. Without a limit one lost answer would take all of the time. */
const patient = (): NodeHttpHandler =>
  new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true });

/** Which warehouse, and as whom. */
export interface Target {
  readonly Database: string;
  readonly WorkgroupName?: string;
  readonly ClusterIdentifier?: string;
  readonly SecretArn?: string;
}

function target(environment: Readonly<Record<string, string | undefined>>): Target {
  const { DATABASE, WORKGROUP_NAME, CLUSTER_IDENTIFIER, SECRET_ARN } = environment;
  if (DATABASE === undefined || (WORKGROUP_NAME === undefined) === (CLUSTER_IDENTIFIER === undefined)) {
    throw new Error(
      'DATABASE and one of WORKGROUP_NAME and CLUSTER_IDENTIFIER must be set; the template sets them',
    );
  }
  return {
    Database: DATABASE,
    ...(WORKGROUP_NAME === undefined ? {} : { WorkgroupName: WORKGROUP_NAME }),
    ...(CLUSTER_IDENTIFIER === undefined ? {} : { ClusterIdentifier: CLUSTER_IDENTIFIER }),
    ...(SECRET_ARN === undefined ? {} : { SecretArn: SECRET_ARN }),
  };
}

/** The Data API of one warehouse. */
export function dataApi(client: RedshiftDataClient, where: Target): DataApi {
  return {
    async submit(statements) {
      const [only] = statements;
      const { Id } =
        statements.length === 1 && only !== undefined
          ? await client.send(new ExecuteStatementCommand({ ...where, Sql: only }))
          : await client.send(new BatchExecuteStatementCommand({ ...where, Sqls: [...statements] }));
      if (Id === undefined) throw new Error('the Data API took the statements and gave no id for them');
      return Id;
    },
    async describe(id) {
      const {
        Status,
        Error: message,
        SubStatements = [],
      } = await client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: LONG_POLL_SECONDS }));
      const failed = SubStatements.findIndex((statement) => statement.Status === 'FAILED');
      return { status: Status ?? 'SUBMITTED', error: message ?? null, failedStatement: Math.max(0, failed) };
    },
    async rows(id) {
      const rows: (string | null)[][] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new GetStatementResultCommand({ Id: id, ...(token === undefined ? {} : { NextToken: token }) }),
        );
        for (const record of page.Records ?? []) {
          rows.push(
            record.map((field) => {
              const value = field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue;
              return value === undefined ? null : String(value);
            }),
          );
        }
        token = page.NextToken;
      } while (token !== undefined);
      return rows;
    },
  };
}
