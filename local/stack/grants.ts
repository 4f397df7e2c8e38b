/**
 * What the roles of a template may do: its IAM policies, read and asked.
 *
 * Only identity policies are read, and conditions are taken as fulfilled: a grant that is missing is what makes
 * a first deploy fail, and that is found this way.
 */
import { isObject, list, object } from './json.ts';
import type { Resolver } from './resolver.ts';

interface Statement {
  readonly isAllow: boolean;
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
}

export class Grants {
  /** Physical name of a role → its statements. */
  readonly #statements = new Map<string, Statement[]>();

  /** @throws {TypeError} for a policy that is not understood. */
  constructor(resolver: Resolver) {
    for (const [logicalId, { type }] of resolver.template.resources) {
      if (!type.startsWith('AWS::IAM::') || !resolver.exists(logicalId)) continue;
      const properties = resolver.properties(logicalId);
      if (type === 'AWS::IAM::Role') {
        const inline = list(properties.Policies, 'Policies').filter(isObject);
        for (const { PolicyDocument } of inline) this.#add([resolver.ref(logicalId)], PolicyDocument);
      } else if (type === 'AWS::IAM::Policy' || type === 'AWS::IAM::ManagedPolicy') {
        this.#add(list(properties.Roles, `Roles of ${logicalId}`).map(String), properties.PolicyDocument);
      }
    }
  }

  /**
   * True when the role may do it.
   * @param resource its ARN, `*` for an action that has none; null when it is not known: any will do.
   */
  allows(roleArn: string, action: string, resource: string | null): boolean {
    const matching = (this.#statements.get(roleArn.replace(/^.*:role\//, '')) ?? []).filter(
      ({ actions, resources }) =>
        actions.some((pattern) => pattern.test(action)) &&
        (resource === null || resources.some((pattern) => pattern.test(resource))),
    );
    return matching.length > 0 && matching.every(({ isAllow }) => isAllow);
  }

  #add(roles: readonly string[], document: unknown): void {
    const { Statement: written } = object(document, 'PolicyDocument');
    const statements = [written].flat().filter(isObject).map(readStatement);
    for (const role of roles)
      this.#statements.set(role, [...(this.#statements.get(role) ?? []), ...statements]);
  }
}

function readStatement({ Effect, Action, Resource, ...rest }: Readonly<Record<string, unknown>>): Statement {
  if (Action === undefined || Resource === undefined) {
    throw new TypeError(
      `a policy must have Action and Resource to be understood here, got ${Object.keys(rest)}`,
    );
  }
  return {
    isAllow: Effect === 'Allow',
    actions: [Action].flat().map((action) => wildcard(String(action), 'i')),
    resources: [Resource].flat().map((resource) => wildcard(String(resource), '')),
  };
}

/** `*` is any text, `?` any character. */
function wildcard(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, flags);
}
