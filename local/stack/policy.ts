/**
 * IAM policies: statements as AWS reads them, as far as this project writes them.
 *
 * What is not understood is an error and never a pass: a policy element, a condition operator or a condition key
 * that were ignored would let a call through here that AWS refuses.
 */
import { isObject } from './json.ts';

/** What is known about a call, by condition key; a list where a key has several values. */
export type Context = Readonly<Record<string, string | readonly string[]>>;

export interface Statement {
  readonly isAllow: boolean;
  readonly actions: readonly Pattern[];
  readonly resources: readonly Pattern[];
  /** Services, or `*`; empty in a policy of a role, which is about the role itself. */
  readonly principals: readonly string[];
  readonly conditions: readonly Condition[];
}

/** Text with wildcards, and what it was written as. */
export interface Pattern {
  readonly text: string;
  readonly test: (value: string) => boolean;
}

interface Condition {
  readonly key: string;
  readonly isMet: (given: string | readonly string[] | undefined, context: Context) => boolean;
}

/** Keys whose values are known here for the calls to which they apply. */
const KEYS: ReadonlySet<string> = new Set([
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:userid',
  'dynamodb:LeadingKeys',
  'redshift-data:statement-owner-iam-userid',
  's3:prefix',
]);

const ELEMENTS = ['Sid', 'Effect', 'Action', 'Resource', 'Principal', 'Condition'];

/**
 * Reads the statements of a policy document whose references are resolved.
 * @param owner whose policy it is, for the error.
 * @throws {TypeError} for an element that is not understood.
 */
export function readPolicy(document: unknown, owner: string): readonly Statement[] {
  if (!isObject(document)) throw new TypeError(`${owner}: a policy document must be an object`);
  return [document.Statement]
    .flat()
    .filter(isObject)
    .map((statement) => readStatement(statement, owner));
}

function readStatement(written: Readonly<Record<string, unknown>>, owner: string): Statement {
  const fail = (problem: string): never => {
    throw new TypeError(
      `${owner}: ${problem}; teach local/stack/policy.ts about it, or write the policy without it`,
    );
  };
  const unknown = Object.keys(written).filter((element) => !ELEMENTS.includes(element));
  if (unknown.length > 0) fail(`the policy element ${unknown.join(', ')} is not understood here`);
  const { Effect, Action, Resource, Principal, Condition: conditions = {} } = written;
  if (Effect !== 'Allow' && Effect !== 'Deny')
    fail(`Effect must be Allow or Deny, got ${JSON.stringify(Effect)}`);
  if (Action === undefined) fail('a statement must have an Action');
  if (Resource === undefined && Principal === undefined) fail('a statement must have a Resource');
  return {
    isAllow: Effect === 'Allow',
    actions: [Action].flat().map((action) => pattern(String(action), 'i')),
    resources: [Resource ?? '*'].flat().map((resource) => pattern(String(resource), '')),
    principals: Principal === undefined ? [] : principalsOf(Principal, fail),
    conditions: Object.entries(isObject(conditions) ? conditions : {}).flatMap(([operator, tests]) =>
      Object.entries(isObject(tests) ? tests : {}).map(([key, values]) =>
        readCondition(operator, key, [values].flat().map(String), fail),
      ),
    ),
  };
}

function principalsOf(principal: unknown, fail: (problem: string) => never): readonly string[] {
  if (principal === '*') return ['*'];
  if (!isObject(principal)) return fail(`the principal ${JSON.stringify(principal)} is not understood here`);
  return Object.entries(principal).flatMap(([kind, names]) => {
    if (kind !== 'Service' && kind !== 'AWS')
      return fail(`principals of the kind ${kind} are not understood here`);
    return [names].flat().map(String);
  });
}

function readCondition(
  operator: string,
  key: string,
  values: readonly string[],
  fail: (problem: string) => never,
): Condition {
  if (!KEYS.has(key)) fail(`the condition key ${key} is not known here`);
  const filled = (value: string, context: Context): string =>
    value.replace(/\$\{([^}]+)\}/g, (variable, name: string) => String(context[name] ?? variable));
  const any =
    (test: (given: string, wanted: string) => boolean): Condition['isMet'] =>
    (given, context) =>
      typeof given === 'string' && values.some((wanted) => test(given, filled(wanted, context)));
  const like = (given: string, wanted: string): boolean => pattern(wanted, '').test(given);
  switch (operator) {
    case 'StringEquals':
    case 'ArnEquals':
      return { key, isMet: any((given, wanted) => given === wanted) };
    case 'StringLike':
    case 'ArnLike':
      return { key, isMet: any(like) };
    case 'Bool':
      return { key, isMet: any((given, wanted) => given === wanted.toLowerCase()) };
    case 'ForAllValues:StringLike':
      return {
        key,
        isMet: (given = [], context) =>
          [given].flat().every((one) => values.some((wanted) => like(one, filled(wanted, context)))),
      };
    default:
      return fail(`the condition operator ${operator} is not understood here`);
  }
}

/** True when a statement is about this action on this resource; a resource that cannot be told may be any. */
export const concerns = (
  statement: Statement,
  action: string,
  resource: string | null,
  context: Context,
): boolean =>
  statement.actions.some(({ test }) => test(action)) &&
  (resource === null || statement.resources.some(({ test }) => test(resource))) &&
  statement.conditions.every(({ key, isMet }) => isMet(context[key], context));

/** `*` is any text, `?` any character. */
function pattern(text: string, flags: string): Pattern {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, flags);
  return { text, test: (value) => expression.test(value) };
}
