/**
 * Asks the template's policies before every call of a function, so that a missing grant fails here as in AWS.
 *
 * A caller is known by its access key, which is its function's logical id. Whoever else calls is no part of the
 * stack and is let through.
 */
import { AwsError, type OnCall, type ServiceCall } from '../services/call.ts';
import { readAssembly } from './assembly.ts';
import { Grants } from './grants.ts';
import { text } from './json.ts';
import { Resolver } from './resolver.ts';
import { ACCOUNT_ID, type Place, REGION, secretName } from './resources.ts';

/** One thing that must be allowed for a call. */
interface Needed {
  readonly action: string;
  /** ARN, `*`, or null when it cannot be told. */
  readonly resource: string | null;
}

/**
 * The check for a synthesised assembly.
 * @throws {AwsError} from the check: AccessDenied, with the words of IAM.
 */
export function createGuard(assemblyDir: string, region = REGION): OnCall {
  const { stackName, template } = readAssembly(assemblyDir);
  const place = { stackName, region, accountId: ACCOUNT_ID };
  const resolver = new Resolver(template, {
    ...place,
    parameters: {},
    // Neither a secret nor an answer of a custom resource is part of a grant.
    secretString: () => '{}',
    custom: (logicalId) => ({ physicalId: logicalId, data: {} }),
  });
  const grants = new Grants(resolver);
  const arns = new Map<string, string>();
  const roles = new Map<string, string>();
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
      roles.set(logicalId, text(resolver.resolve(properties.Role, `Resources.${logicalId}.Properties.Role`)));
    }
  }
  return (call) => {
    const role = roles.get(call.callerAccessKeyId);
    if (role === undefined) return;
    for (const { action, resource } of neededFor(call, place, arns)) {
      if (!grants.allows(role, action, resource)) throw denied(call, role, action, resource);
    }
  };
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
      return [{ action: name, resource: body.TableName === undefined ? '*' : arn('table/', body.TableName) }];
    case 'firehose':
      return [{ action: name, resource: arn('deliverystream/', body.DeliveryStreamName) }];
    case 'secretsmanager':
      return [{ action: name, resource: arns.get(String(body.SecretId)) ?? arn('secret:', body.SecretId) }];
    case 's3': {
      const key = body.Key === undefined ? '' : `/${String(body.Key)}`;
      return [{ action: name, resource: `arn:aws:s3:::${String(body.Bucket)}${key}` }];
    }
    case 'scheduler':
      return [{ action: name, resource: arn('schedule/', `${String(body.GroupName)}/${String(body.Name)}`) }];
    case 'cloudformation':
      return [{ action: name, resource: arn('stack/', `${String(body.StackName)}/*`) }];
    case 'lambda':
      return [{ action: name, resource: arn('function:', body.FunctionName) }];
    case 'redshift-data':
      return action === 'ExecuteStatement' || action === 'BatchExecuteStatement'
        ? statement(name, body, region, accountId, arns)
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
