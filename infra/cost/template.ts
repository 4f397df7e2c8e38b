/** A synthesised template as the cost model reads it: resources with a type, and whatever stands in them. */

export interface Resource {
  readonly id: string;
  readonly type: string;
  /** Where it stands in the tree of constructs, as in `Delivery/Stream1`. */
  readonly path: string;
  readonly properties: unknown;
}

/** @throws {TypeError} for JSON that is no template. */
export function resourcesOf(template: unknown): readonly Resource[] {
  const resources = at(template, 'Resources');
  if (typeof resources !== 'object' || resources === null)
    throw new TypeError(
      'got JSON without "Resources", expected a CloudFormation template; synthesise it first',
    );
  return Object.entries(resources).map(([id, resource]) => ({
    id,
    type: textAt(resource, 'Type') ?? '',
    path: pathOf(textAt(resource, 'Metadata', 'aws:cdk:path') ?? id),
    properties: at(resource, 'Properties'),
  }));
}

/** Without the stack's name, and without what the CDK adds for the resource itself. */
const pathOf = (path: string): string =>
  path.replace(/^[^/]+\/(?=.)/, '').replace(/\/(?:Resource|Default)$/, '');

/** What stands there, at any depth; undefined when nothing does. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Readonly<Record<string, unknown>>)[key]
        : undefined,
    value,
  );
}

export function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : undefined;
}

/** @throws {TypeError} when no number stands there: a guess would be a wrong bill. */
export function numberAt({ id, properties }: Resource, ...keys: readonly string[]): number {
  const found = at(properties, ...keys);
  if (typeof found === 'number') return found;
  throw new TypeError(
    `${id}.${keys.join('.')}: got ${JSON.stringify(found)}, expected a number to price it by`,
  );
}

/** The logical id to which a `Ref` or `Fn::GetAtt` leads. */
export function target(value: unknown): string | undefined {
  const found = at(value, 'Fn::GetAtt');
  return (
    textAt(value, 'Ref') ?? (Array.isArray(found) && typeof found[0] === 'string' ? found[0] : undefined)
  );
}
