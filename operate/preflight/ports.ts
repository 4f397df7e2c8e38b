/** What a preflight asks, as types, and the real thing: AWS, and each vendor once. */

import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { JsonValue } from '../../contract/columns.ts';
import type { Http, Producer, Query } from '../../contract/producer.ts';
import type { ResolvedExisting } from '../../infra/read-warehouse.ts';
import { dataApi } from '../../warehouse/ports.ts';
import { type Sql, sqlOver } from '../../warehouse/sql.ts';
import { explained } from '../explain.ts';
import { type NetworkPorts, realNetworkPorts } from './network/ports.ts';

/** Whoever asks. */
export interface Caller {
  /** Twelve digits. */
  readonly account: string;
  readonly arn: string;
}

/** The token of a feed, as far as it is known. */
export interface Token {
  readonly feed: string;
  readonly secretName: string;
  readonly state:
    | { readonly kind: 'no secret' | 'placeholder' | 'unreadable' }
    | { readonly kind: 'no answer'; readonly reason: string }
    | { readonly kind: 'answered'; readonly status: number; readonly refusal: string | null };
}

export interface Ports extends NetworkPorts {
  region(): Promise<string | null>;
  /** What is asked of AWS throws in one line that says what to do. */
  caller(): Promise<Caller>;
  /** The stack's status; null when it is not there. */
  status(stack: string): Promise<string | null>;
  concurrency(): Promise<{ readonly limit: number; readonly unreserved: number } | null>;
  /** SecretString by name or ARN; null when there is no such secret. */
  secret(id: string): Promise<string | null>;
  /** The first answer to a poll of the feed. */
  ask(question: Question): Promise<Token['state']>;
  warehouse(choice: ResolvedExisting): Sql;
}

export interface Question {
  readonly producer: Producer;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly token: string;
  readonly now: Date;
}

/** Thrown where the first answer is there: a poll asks no second question here. */
class Answered extends Error {
  readonly status: number;
  readonly refusal: string | null;

  constructor(status: number, refusal: string | null) {
    super(`answered ${status}`);
    this.status = status;
    this.refusal = refusal;
  }
}

const TIMEOUT_MS = 15_000;

export function realPorts(region: string | null, stack: string): Ports {
  const said = explained({ stack, whenGone: null });
  const reach = region === null ? {} : { region };
  const formation = new CloudFormationClient(reach);
  const secrets = new SecretsManagerClient(reach);
  return {
    ...realNetworkPorts(reach, said),
    region: () => formation.config.region().catch(() => null),
    caller: () =>
      said(async () => {
        const { Account = '', Arn = '' } = await new STSClient(reach).send(new GetCallerIdentityCommand({}));
        return { account: Account, arn: Arn };
      }),
    status: (stack) => said(() => statusOf(formation, stack)),
    async concurrency() {
      const { AccountLimit } = await said(() =>
        new LambdaClient(reach).send(new GetAccountSettingsCommand({})),
      );
      const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved } = AccountLimit ?? {};
      return limit === undefined || unreserved === undefined ? null : { limit, unreserved };
    },
    async secret(SecretId) {
      try {
        return (await said(() => secrets.send(new GetSecretValueCommand({ SecretId })))).SecretString ?? '';
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
        throw error;
      }
    },
    ask,
    warehouse(choice) {
      const api = dataApi(new RedshiftDataClient(reach), {
        Database: choice.database,
        SecretArn: choice.secretArn,
        ...('clusterIdentifier' in choice
          ? { ClusterIdentifier: choice.clusterIdentifier }
          : { WorkgroupName: choice.workgroupName }),
      });
      return sqlOver(api, { sleep: (milliseconds) => sleep(milliseconds), random: Math.random });
    },
  };
}

async function statusOf(client: CloudFormationClient, StackName: string): Promise<string | null> {
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return stack?.StackStatus ?? null;
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message))
      return null;
    throw error;
  }
}

/** Lets the producer poll until the vendor has answered once. */
export async function ask({ producer, baseUrl, settings, token, now }: Question): Promise<Token['state']> {
  const request = async (path: string, query: Query = {}, headers: object = {}): Promise<never> => {
    const url = new URL(`${baseUrl}${path}`);
    for (const [name, value] of Object.entries(query))
      for (const each of [value].flat()) if (each !== undefined) url.searchParams.append(name, String(each));
    const answer = await fetch(url, {
      headers: { ...producer.secret.headers(token), ...headers },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    // What JSON.parse makes is a JsonValue.
    const body = (await answer.json().catch(() => null)) as JsonValue;
    throw new Answered(answer.status, answer.ok ? producer.refusal(body) : null);
  };
  const http: Http = {
    get: (path, query, headers) => request(path, query, headers),
    // biome-ignore lint/correctness/useYield: the first answer is the last.
    async *stream(path, query) {
      await request(path, query);
    },
  };
  try {
    const context = { http, cursor: null, settings: settings as never, log: () => undefined };
    const pages = producer.poll({ ...context, since: now, now: () => now })[Symbol.asyncIterator]();
    await pages.next();
    return { kind: 'no answer', reason: 'its first poll asks nothing' };
  } catch (error) {
    if (error instanceof Answered) return { kind: 'answered', status: error.status, refusal: error.refusal };
    // Without the message: it may hold the address with its query.
    return { kind: 'no answer', reason: error instanceof Error ? error.name : 'unknown' };
  }
}
