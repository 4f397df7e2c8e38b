/**
 * The order in which CloudFormation makes resources: a resource comes after all it refers to or depends on.
 */
import { isObject } from './json.ts';
import type { Resolver } from './resolver.ts';
import { TemplateError } from './template.ts';

/**
 * Logical ids of all resources that exist, in an order that can be followed.
 * @param rank of two resources that could be next, the one with the smaller rank is.
 * @throws {TemplateError} when resources depend on one another in a circle.
 */
export function deploymentOrder(resolver: Resolver, rank: (type: string) => number): readonly string[] {
  const { resources } = resolver.template;
  const waiting = new Map<string, Set<string>>();
  for (const [logicalId, { properties, dependsOn }] of resources) {
    if (!resolver.exists(logicalId)) continue;
    const needed = [...references(properties), ...dependsOn].filter(
      (id) => id !== logicalId && resources.has(id),
    );
    waiting.set(logicalId, new Set(needed.filter((id) => resolver.exists(id))));
  }
  const order: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.keys()].filter((id) => waiting.get(id)?.size === 0);
    const [next] = ready.sort((a, b) => rankOf(a) - rankOf(b));
    if (next === undefined) {
      throw new TemplateError(
        'Resources',
        `these depend on one another in a circle: ${[...waiting.keys()].join(', ')}`,
      );
    }
    waiting.delete(next);
    for (const needed of waiting.values()) needed.delete(next);
    order.push(next);
  }
  return order;

  function rankOf(logicalId: string): number {
    return rank(resources.get(logicalId)?.type ?? '');
  }
}

/** Logical ids (and names of parameters) that a value refers to. */
function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, argument]): readonly string[] => {
    if (key === 'Ref' && typeof argument === 'string') return [argument];
    if (key === 'Fn::GetAtt')
      return [String(Array.isArray(argument) ? argument[0] : argument).split('.')[0] ?? ''];
    const inText = key === 'Fn::Sub' ? subReferences(argument) : [];
    return [...inText, ...references(argument)];
  });
}

function subReferences(argument: unknown): readonly string[] {
  const template = String(Array.isArray(argument) ? argument[0] : argument);
  return [...template.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name = '']) => name.split('.')[0] ?? '');
}
