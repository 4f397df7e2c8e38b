/**
 * Resolves a CloudFormation template: what every property is once `Ref`, `Fn::GetAtt` and the others are replaced.
 *
 * Only the functions that a synthesised app uses are known, and nothing is guessed: an unknown function,
 * attribute or reference is an error that names the resource and the path. CloudFormation would refuse most of
 * them as well, and a guess would only move the failure to where nobody looks for it.
 *
 * The file is long because the functions hold one another as arguments: none can be understood alone.
 */
import { withSecrets } from './dynamic-reference.ts';
import { isObject, type JsonObject, list, object } from './json.ts';
import { type Custom, type Identity, identify, type Place } from './resources.ts';
import { type Resource, type Template, TemplateError } from './template.ts';

/** What a template is resolved against. */
export interface Environment extends Place {
  /** Values of parameters; the others have their defaults. */
  readonly parameters: Readonly<Record<string, string>>;
  /** SecretString of a secret, by ARN or name; undefined when there is no such secret yet. */
  readonly secretString: (id: string) => string | undefined;
  /** What a custom resource answered; undefined when it was not asked yet. */
  readonly custom: (logicalId: string) => Custom | undefined;
}

/** Stands for AWS::NoValue: the property, or the element, is as if it were not written. */
const NO_VALUE = Symbol('AWS::NoValue');

type Apply = (argument: unknown, path: string) => unknown;

/** Resolves the parts of one template; a lifetime because custom resources answer while it lives. */
export class Resolver {
  readonly template: Template;
  readonly #environment: Environment;

  constructor(template: Template, environment: Environment) {
    this.template = template;
    this.#environment = environment;
  }

  /** False when the resource's condition says that it is not wanted. @throws {TemplateError} */
  exists(logicalId: string): boolean {
    const condition = this.#resource(logicalId, 'Resources').condition;
    return condition === null || this.#condition(condition, `Resources.${logicalId}.Condition`);
  }

  /** Properties with everything in them resolved. @throws {TemplateError} */
  properties(logicalId: string): JsonObject {
    const path = `Resources.${logicalId}.Properties`;
    const resolved = this.resolve(this.#resource(logicalId, path).properties, path);
    return object(resolved, path);
  }

  /** Values of the outputs, by logical id. @throws {TemplateError} */
  outputs(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.template.outputs).map(([logicalId, output]) => {
        const path = `Outputs.${logicalId}`;
        return [logicalId, this.#text(this.resolve(object(output, path).Value, path), path)];
      }),
    );
  }

  /** What `Ref` of the resource says: most often its physical name. @throws {TemplateError} */
  ref(logicalId: string, path = `Resources.${logicalId}`): string {
    return this.#identity(logicalId, path).ref;
  }

  /** The resource's ARN; its `Ref` when the type has no ARN that is known here. @throws {TemplateError} */
  arn(logicalId: string): string {
    const { ref, attribute } = this.#identity(logicalId, `Resources.${logicalId}`);
    return String(attribute('Arn') ?? ref);
  }

  /** @throws {TemplateError} when the type has no such attribute, or none that is known here. */
  attribute(logicalId: string, attribute: string, path = `Resources.${logicalId}`): unknown {
    const { type } = this.#resource(logicalId, path);
    const value = this.#identity(logicalId, path).attribute(attribute);
    if (value === undefined) {
      throw new TemplateError(
        path,
        `${logicalId} (${type}) has no attribute ${attribute} that is known here`,
      );
    }
    return value;
  }

  /** A value with everything in it resolved. @throws {TemplateError} */
  resolve(value: unknown, path: string): unknown {
    const resolved = this.#value(value, path);
    return withSecrets(resolved === NO_VALUE ? undefined : resolved, path, this.#environment.secretString);
  }

  #value(value: unknown, path: string): unknown {
    if (Array.isArray(value)) {
      return value
        .map((element: unknown, index) => this.#value(element, `${path}.${index}`))
        .filter((element) => element !== NO_VALUE);
    }
    if (!isObject(value)) return value;
    const [name, ...others] = Object.keys(value);
    if (name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
      const apply = this.#functions[name];
      if (apply === undefined) throw new TemplateError(path, `the function ${name} is not known here`);
      return apply(value[name], `${path}.${name}`);
    }
    const entries = Object.entries(value).map(([key, element]) => [
      key,
      this.#value(element, `${path}.${key}`),
    ]);
    return Object.fromEntries(entries.filter(([, element]) => element !== NO_VALUE));
  }

  readonly #functions: Readonly<Record<string, Apply>> = {
    Ref: (argument, path) => this.#ref(this.#text(argument, path), path),
    'Fn::GetAtt': (argument, path) => {
      const [logicalId, ...rest] = Array.isArray(argument) ? argument : String(argument).split('.');
      return this.attribute(this.#text(logicalId, path), this.#text(rest.join('.'), path), path);
    },
    'Fn::Join': (argument, path) => {
      const [delimiter, parts] = this.#arguments(argument, 2, path);
      return this.#list(parts, path)
        .map((part) => this.#text(part, path))
        .join(this.#text(delimiter, path));
    },
    'Fn::Sub': (argument, path) => {
      const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
      return this.#sub(this.#text(template, path), object(variables, path), path);
    },
    'Fn::Select': (argument, path) => {
      const [index, from] = this.#arguments(argument, 2, path);
      const choices = this.#list(from, path);
      const chosen = choices[Number(index)];
      if (chosen === undefined)
        throw new TemplateError(path, `there is no element ${String(index)} in a list of ${choices.length}`);
      return chosen;
    },
    'Fn::Split': (argument, path) => {
      const [delimiter, whole] = this.#arguments(argument, 2, path);
      return this.#text(whole, path).split(this.#text(delimiter, path));
    },
    'Fn::FindInMap': (argument, path) => {
      const [map, first, second] = this.#arguments(argument, 3, path).map((key) => this.#text(key, path));
      const found = object(object(this.template.mappings[map ?? ''], path)[first ?? ''], path)[second ?? ''];
      if (found === undefined) throw new TemplateError(path, `Mappings has no ${map}.${first}.${second}`);
      return found;
    },
    'Fn::If': (argument, path) => {
      const [condition, then, otherwise] = list(argument, path);
      const isTrue = this.#condition(this.#text(condition, path), path);
      return this.#value(isTrue ? then : otherwise, `${path}.${isTrue ? 1 : 2}`);
    },
    'Fn::GetAZs': (argument, path) => {
      const region = this.#text(this.#value(argument, path), path) || this.#environment.region;
      return ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
    },
    'Fn::Base64': (argument, path) =>
      Buffer.from(this.#text(this.#value(argument, path), path)).toString('base64'),
  };

  #ref(name: string, path: string): unknown {
    const { region, accountId, stackName } = this.#environment;
    switch (name) {
      case 'AWS::Region':
        return region;
      case 'AWS::AccountId':
        return accountId;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackName':
        return stackName;
      case 'AWS::StackId':
        return stackArn(this.#environment);
      case 'AWS::NoValue':
        return NO_VALUE;
    }
    const parameter = this.template.parameters[name];
    if (parameter === undefined) return this.ref(name, path);
    const value = this.#environment.parameters[name] ?? object(parameter, path).Default;
    if (value === undefined)
      throw new TemplateError(path, `the parameter ${name} has no value and no default`);
    return value;
  }

  #sub(template: string, variables: JsonObject, path: string): string {
    return template.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (variables[name] !== undefined) return this.#text(this.#value(variables[name], path), path);
      const [logicalId = '', ...attribute] = name.split('.');
      const value =
        attribute.length === 0 ? this.#ref(name, path) : this.attribute(logicalId, attribute.join('.'), path);
      return this.#text(value, path);
    });
  }

  #condition(name: string, path: string): boolean {
    const condition = this.template.conditions[name];
    if (condition === undefined) throw new TemplateError(path, `Conditions has no ${name}`);
    return this.#isTrue(condition, `Conditions.${name}`);
  }

  #isTrue(condition: unknown, path: string): boolean {
    const [[name, argument] = ['', undefined]] = Object.entries(object(condition, path));
    switch (name) {
      case 'Condition':
        return this.#condition(this.#text(argument, path), path);
      case 'Fn::Equals': {
        const [left, right] = this.#arguments(argument, 2, path);
        return this.#text(left, path) === this.#text(right, path);
      }
      case 'Fn::Not':
        return !this.#isTrue(list(argument, path)[0], path);
      case 'Fn::And':
        return list(argument, path).every((part) => this.#isTrue(part, path));
      case 'Fn::Or':
        return list(argument, path).some((part) => this.#isTrue(part, path));
      default:
        throw new TemplateError(
          path,
          `${name || 'an empty condition'} is not a condition that is known here`,
        );
    }
  }

  #identity(logicalId: string, path: string): Identity {
    const { type, properties } = this.#resource(logicalId, path);
    if (!this.exists(logicalId))
      throw new TemplateError(path, `it refers to ${logicalId}, whose condition is false`);
    const identity = identify(type, {
      ...this.#environment,
      logicalId,
      property: (name) => this.#value(properties[name], `Resources.${logicalId}.Properties.${name}`),
      custom: this.#environment.custom(logicalId),
    });
    if (identity === null)
      throw new TemplateError(`Resources.${logicalId}`, `the resource type ${type} is not known here`);
    return identity;
  }

  #resource(logicalId: string, path: string): Resource {
    const resource = this.template.resources.get(logicalId);
    if (resource === undefined)
      throw new TemplateError(path, `the template has no resource or parameter ${logicalId}`);
    return resource;
  }

  /** The arguments of a function, each resolved. */
  #arguments(argument: unknown, count: number, path: string): readonly unknown[] {
    const given = list(argument, path);
    if (given.length !== count)
      throw new TemplateError(path, `it takes ${count} arguments, got ${given.length}`);
    return given.map((part, index) => this.#value(part, `${path}.${index}`));
  }

  #list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    throw new TemplateError(path, 'a list is wanted here');
  }

  #text(value: unknown, path: string): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new TemplateError(path, `text is wanted here, got ${JSON.stringify(value) ?? 'nothing'}`);
  }
}

/** The stack's own ARN; AWS ends it with a random id. */
export const stackArn = ({ region, accountId, stackName }: Place): string =>
  `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/00000000-0000-0000-0000-000000000000`;
