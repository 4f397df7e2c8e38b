/**
 * Asks the template's policies before every call of a function, so that a missing grant fails here as in AWS.
 *
 * A caller is known by its access key, which is its function's logical id. Whoever else calls is no part of the
 * stack and is let through.
 */
import { AwsError, type ServiceCall } from '../services/call.ts';
import { readAssembly } from './assembly.ts';
import { Grants } from './grants.ts';
import { object, text } from './json.ts';
import type { Context } from './policy.ts';
import { requiredGrants } from './required-grants.ts';
import { Resolver } from './resolver.ts';
import { ACCOUNT_ID, type Place, REGION, secretName } from './resources.ts';

/** One thing that must be allowed for a call. */
interface Needed {
  readonly action: string;
  /** ARN, `*`, or null when it cannot be told. */
  readonly resource: string | null;
  readonly context?: Context;
  /** Whose grant it is; the caller's unless said otherwise. */
  readonly roleArn?: string;
}

export interface Guard {
  /** @throws {AwsError} AccessDenied, with the words of IAM. */
  readonly check: (call: ServiceCall) => void;
  /** What the roles may do and nothing has needed. */
  readonly grants: Grants;
}

/** Reads the policies of a synthesised assembly. @throws {TypeError} for a policy that is not understood. */
export function createGuard(assemblyDir: string, region = REGION): Guard {
  const { stackName, template } = readAssembly(assemblyDir);
  const place = { stackName, region, accountId: ACCOUNT_ID };
  const resolver = new Resolver(template, {
    ...place,
    parameters: {},
    // Neither a secret nor an answer of a custom resource is part of a grant.
    secretString: () => '{"username":"","password":""}',
    custom: (logicalId) => ({ physicalId: logicalId, data: {} }),
  });
  const grants = new Grants(resolver);
  const arns = new Map<string, string>();
  const roles = new Map<string, string>();
  const staged: string[] = [];
  for (const [logicalId, { type, properties }] of template.resources) {
    if (!resolver.exists(logicalId)) continue;
    if (type === 'AWS::SecretsManager::Secret')
      arns.set(secretName(resolver.ref(logicalId)), resolver.ref(logicalId));
    if (type === 'AWS::RedshiftServerless::Workgroup') {
      arns.set(
        `workgroup/${resolver.ref(logicalId)}`,
        text(resolver.attribute(logicalId, 'Workgroup.WorkgroupArn')),
      );
    }
    if (type === 'AWS::Lambda::Function') {
      const role = text(resolver.resolve(properties.Role, `Resources.${logicalId}.Properties.Role`));
      for (const name of [logicalId, resolver.ref(logicalId), resolver.arn(logicalId)]) roles.set(name, role);
    }
    if (type === 'AWS::KinesisFirehose::DeliveryStream') {
      const { RedshiftDestinationConfiguration: redshift } = resolver.properties(logicalId);
      const { BucketARN, Prefix = '' } = object(
        object(redshift, 'redshift').S3Configuration,
        'S3Configuration',
      );
      if (BucketARN !== undefined) staged.push(`${BucketARN}/${Prefix}`);
    }
  }
  noteServices(resolver, grants, roles, place);
  return {
    grants,
    check(call) {
      const caller = roles.get(call.callerAccessKeyId);
      if (caller === undefined) return;
      const userid = `${caller}:${call.callerAccessKeyId}`;
      // Ids of statements are known to nobody but their owner.
      const self = { 'aws:userid': userid, 'redshift-data:statement-owner-iam-userid': userid };
      for (const { action, resource, context, roleArn = caller } of neededFor(call, place, arns, staged)) {
        if (!grants.allows(roleArn, action, resource, { ...self, ...context }))
          throw denied(call, roleArn, action, resource);
      }
    },
  };
}

/** Notes what AWS itself does in the name of roles: no call of a function shows it. */
function noteServices(
  resolver: Resolver,
  grants: Grants,
  roles: ReadonlyMap<string, string>,
  place: Place,
): void {
  for (const [logicalId, { type }] of resolver.template.resources) {
    if (!resolver.exists(logicalId)) continue;
    const roleOf = (id: string): string => roles.get(id) ?? '';
    for (const { roleArn, action, resource } of requiredGrants(
      type,
      resolver.properties(logicalId),
      roleOf,
      place,
    ))
      grants.allows(roleArn, action, resource);
  }
}

function denied(call: ServiceCall, roleArn: string, action: string, resource: string | null): AwsError {
  const user = `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${call.callerAccessKeyId}`;
  const message = `User: ${user} is not authorized to perform: ${action} on resource: ${resource ?? 'any'} because no identity-based policy allows the ${action} action`;
  return call.service === 's3'
    ? new AwsError('AccessDenied', message, 403)
    : new AwsError('AccessDeniedException', message, 400);
}

function neededFor(
  { service, action, body }: ServiceCall,
  { region, accountId }: Place,
  arns: ReadonlyMap<string, string>,
  staged: readonly string[],
): readonly Needed[] {
  const name = `${service}:${action}`;
  const arn = (kind: string, given: unknown): string =>
    String(given).startsWith('arn:')
      ? String(given)
      : `arn:aws:${service}:${region}:${accountId}:${kind}${String(given)}`;
  switch (service) {
    case 'kinesis':
      return [{ action: name, resource: arn('stream/', body.StreamARN ?? body.StreamName) }];
    case 'dynamodb':
      return [
        {
          action: name,
          resource: body.TableName === undefined ? '*' : arn('table/', body.TableName),
          context: { 'dynamodb:LeadingKeys': leadingKeys(body.Key) },
        },
      ];
    case 'firehose':
      return [{ action: name, resource: arn('deliverystream/', body.DeliveryStreamName) }];
    case 'secretsmanager':
      return [{ action: name, resource: arns.get(String(body.SecretId)) ?? arn('secret:', body.SecretId) }];
    case 's3': {
      const key = body.Key === undefined ? '' : `/${String(body.Key)}`;
      const context = body.Prefix === undefined ? {} : { 's3:prefix': String(body.Prefix) };
      return [{ action: name, resource: `arn:aws:s3:::${String(body.Bucket)}${key}`, context }];
    }
    case 'scheduler':
      return [{ action: name, resource: arn('schedule/', `${String(body.GroupName)}/${String(body.Name)}`) }];
    case 'cloudformation':
      return [{ action: name, resource: arn('stack/', `${String(body.StackName)}/*`) }];
    case 'sns':
      return [{ action: name, resource: String(body.TopicArn) }];
    case 'lambda':
      return [{ action: name, resource: arn('function:', body.FunctionName) }];
    case 'redshift-data':
      return action === 'ExecuteStatement' || action === 'BatchExecuteStatement'
        ? [...statement(name, body, region, accountId, arns), ...copies(body, staged)]
        : [{ action: name, resource: '*' }];
  }
}

/** The Data API runs a statement in the caller's name: the caller must also be allowed its credentials. */
function statement(
  action: string,
  body: ServiceCall['body'],
  region: string,
  accountId: string,
  arns: ReadonlyMap<string, string>,
): readonly Needed[] {
  const isServerless = body.WorkgroupName !== undefined;
  // The ARN of a workgroup ends with an id, which only the template that makes it tells.
  const resource = isServerless
    ? (arns.get(`workgroup/${String(body.WorkgroupName)}`) ?? null)
    : `arn:aws:redshift:${region}:${accountId}:cluster:${String(body.ClusterIdentifier)}`;
  const credentials = isServerless
    ? { action: 'redshift-serverless:GetCredentials', resource }
    : { action: 'redshift:GetClusterCredentialsWithIAM', resource: null };
  return [
    { action, resource },
    typeof body.SecretArn === 'string'
      ? { action: 'secretsmanager:GetSecretValue', resource: body.SecretArn }
      : credentials,
  ];
}

/** The values of a table's partition key that a call is about: its only attribute here. */
const leadingKeys = (key: unknown): readonly string[] =>
  Object.values(object(key, 'Key'))
    .flatMap((value) => Object.values(object(value, 'Key')))
    .map(String);

const COPY = /\bfrom 's3:\/\/([^/']+)\/([^']+)' iam_role '([^']+)' manifest\b/gi;

/** A COPY reads its manifest, and what that names, in the name of the role that it names itself. */
function copies({ Sql, Sqls }: ServiceCall['body'], staged: readonly string[]): readonly Needed[] {
  return [Sqls ?? Sql]
    .flat()
    .flatMap((sql) => [...String(sql).matchAll(COPY)])
    .flatMap(([, bucket = '', key = '', roleArn = '']) => [
      { roleArn, action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` },
      { roleArn, action: 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` },
      ...staged.map((prefix) => ({ roleArn, action: 's3:GetObject', resource: `${prefix}x` })),
    ]);
}
