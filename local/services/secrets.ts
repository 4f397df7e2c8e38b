/**
 * Secrets Manager over a map. Values are never written to disk: whoever starts the stack hands them in.
 */
import { randomUUID } from 'node:crypto';
import { AwsError, type Body, type JsonService, textOf, unknownAction } from './call.ts';

export interface Secrets {
  /** SecretString by ARN. */
  readonly values: Map<string, string>;
  /** Does nothing to a secret that has a value. */
  create(arn: string, name: string, value: string): void;
  readonly service: JsonService;
}

export function startSecrets(now: () => Date): Secrets {
  const values = new Map<string, string>();
  const arns = new Map<string, string>();
  const versions = new Map<string, string>();

  const arnOf = (body: Body): string => {
    const id = textOf(body, 'SecretId');
    const arn = values.has(id) ? id : arns.get(id);
    if (arn === undefined) {
      throw new AwsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret: ${id}`,
      );
    }
    return arn;
  };
  const described = (arn: string): object => ({
    ARN: arn,
    Name: [...arns].find(([, known]) => known === arn)?.[0] ?? arn.replace(/^.*:secret:/, ''),
    VersionId: versionOf(arn),
    CreatedDate: now().getTime() / 1000,
  });
  const versionOf = (arn: string): string => {
    const version = versions.get(arn) ?? randomUUID();
    versions.set(arn, version);
    return version;
  };

  return {
    values,
    create(arn, name, value) {
      arns.set(name, arn);
      if (!values.has(arn)) values.set(arn, value);
    },
    service(action, body) {
      switch (action) {
        case 'GetSecretValue': {
          const arn = arnOf(body);
          return { ...described(arn), SecretString: values.get(arn), VersionStages: ['AWSCURRENT'] };
        }
        case 'DescribeSecret': {
          const arn = arnOf(body);
          return { ...described(arn), VersionIdsToStages: { [versionOf(arn)]: ['AWSCURRENT'] } };
        }
        case 'PutSecretValue': {
          const arn = arnOf(body);
          values.set(arn, textOf(body, 'SecretString'));
          versions.delete(arn);
          return { ...described(arn), VersionStages: ['AWSCURRENT'] };
        }
        default:
          throw unknownAction('secretsmanager', action);
      }
    },
  };
}
