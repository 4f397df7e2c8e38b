/**
 * What the roles of a template may do, and what of that anybody ever needed.
 *
 * Asked about a call, it answers as IAM would: what no policy allows is denied, and a denial beats every grant, also
 * one in the policy of a bucket. Every grant that let something through is noted; what is never noted is a grant
 * that could be taken away.
 */
import { isObject, list } from './json.ts';
import { type Context, concerns, readPolicy, type Statement } from './policy.ts';
import type { Resolver } from './resolver.ts';

/** One action on one resource, as a policy writes them. */
export interface Grant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

export class Grants {
  /** Physical name of a role → its statements. */
  readonly #statements = new Map<string, Statement[]>();
  /** Physical name of a role → who may take it; roles that say nothing are left out. */
  readonly #trust = new Map<string, readonly Statement[]>();
  /** Name of a bucket → the statements of its policy. */
  readonly #buckets = new Map<string, readonly Statement[]>();
  readonly #used = new Set<string>();

  /** @throws {TypeError} for a policy that is not understood. */
  constructor(resolver: Resolver) {
    for (const [logicalId, { type }] of resolver.template.resources) {
      if (!resolver.exists(logicalId)) continue;
      if (type === 'AWS::S3::BucketPolicy') {
        const { Bucket, PolicyDocument } = resolver.properties(logicalId);
        this.#buckets.set(String(Bucket), readPolicy(PolicyDocument, logicalId));
      }
      if (!type.startsWith('AWS::IAM::')) continue;
      const properties = resolver.properties(logicalId);
      if (type === 'AWS::IAM::Role') {
        const role = resolver.ref(logicalId);
        const { AssumeRolePolicyDocument: trust } = properties;
        if (trust !== undefined) this.#trust.set(role, readPolicy(trust, logicalId));
        const inline = list(properties.Policies, 'Policies').filter(isObject);
        for (const { PolicyDocument } of inline) this.#add([role], PolicyDocument, logicalId);
      } else if (type === 'AWS::IAM::Policy' || type === 'AWS::IAM::ManagedPolicy') {
        const roles = list(properties.Roles, `Roles of ${logicalId}`).map(String);
        this.#add(roles, properties.PolicyDocument, logicalId);
      }
    }
  }

  /**
   * True when the role may do it; the grants that say so count as needed.
   * @param resource its ARN, `*` for an action that has none; null when it is not known: any will do.
   */
  allows(roleArn: string, action: string, resource: string | null, context: Context = {}): boolean {
    const known = { 'aws:SecureTransport': 'true', ...context };
    const role = nameOf(roleArn);
    const matching = (this.#statements.get(role) ?? []).filter((each) =>
      concerns(each, action, resource, known),
    );
    const [, bucket = ''] = /^arn:aws:s3:::([^/]+)/.exec(resource ?? '') ?? [];
    const denials = (this.#buckets.get(bucket) ?? []).filter(
      (each) => !each.isAllow && each.principals.includes('*') && concerns(each, action, resource, known),
    );
    if (matching.length === 0 || denials.length > 0 || !matching.every(({ isAllow }) => isAllow))
      return false;
    for (const statement of matching) this.#note(role, statement, action, resource);
    return true;
  }

  /** True when this service may act in the name of the role. */
  trusts(roleArn: string, service: string, context: Context = {}): boolean {
    const trust = this.#trust.get(nameOf(roleArn));
    // CloudFormation itself refuses a role without such a policy.
    if (trust === undefined) return true;
    return trust.some(
      (each) =>
        each.isAllow && each.principals.includes(service) && concerns(each, 'sts:AssumeRole', null, context),
    );
  }

  /** Grants that nothing has needed so far. */
  unneeded(): readonly Grant[] {
    return [...this.#statements].flatMap(([role, statements]) =>
      statements
        .filter(({ isAllow }) => isAllow)
        .flatMap(({ actions, resources }) =>
          actions.flatMap((action) =>
            resources.map((resource) => ({ role, action: action.text, resource: resource.text })),
          ),
        )
        .filter((grant) => !this.#used.has(keyOf(grant))),
    );
  }

  /** Grants that were needed, as text for `remember`. */
  get used(): readonly string[] {
    return [...this.#used].sort();
  }

  /** Takes up what an earlier run needed. */
  remember(used: readonly string[]): void {
    for (const key of used) this.#used.add(key);
  }

  #note(role: string, { actions, resources }: Statement, action: string, resource: string | null): void {
    for (const one of actions.filter(({ test }) => test(action)))
      for (const other of resources.filter(({ test }) => resource === null || test(resource)))
        this.#used.add(keyOf({ role, action: one.text, resource: other.text }));
  }

  #add(roles: readonly string[], document: unknown, owner: string): void {
    const statements = readPolicy(document, owner);
    for (const role of roles)
      this.#statements.set(role, [...(this.#statements.get(role) ?? []), ...statements]);
  }
}

const nameOf = (roleArn: string): string => roleArn.replace(/^.*:role\//, '');

const keyOf = ({ role, action, resource }: Grant): string => `${role} ${action} ${resource}`;
