/** A CloudFormation template as it is written, its outer shape checked. */
import { isObject, type JsonObject, list, object } from './json.ts';

export interface Resource {
  readonly type: string;
  readonly properties: JsonObject;
  readonly dependsOn: readonly string[];
  readonly condition: string | null;
}

export interface Template {
  readonly parameters: JsonObject;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  readonly outputs: JsonObject;
  readonly resources: ReadonlyMap<string, Resource>;
}

/** A template that cannot be resolved; the message begins with the path. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

/** Checks the outer shape of a template. @throws {TypeError} */
export function parseTemplate(json: JsonObject): Template {
  const resources = Object.entries(object(json.Resources, 'Resources')).map(
    ([logicalId, given]): [string, Resource] => {
      if (!isObject(given) || typeof given.Type !== 'string')
        throw new TypeError(`Resources.${logicalId} must have a Type`);
      const dependsOn = typeof given.DependsOn === 'string' ? [given.DependsOn] : given.DependsOn;
      return [
        logicalId,
        {
          type: given.Type,
          properties: object(given.Properties, `Resources.${logicalId}.Properties`),
          dependsOn: list(dependsOn, `Resources.${logicalId}.DependsOn`).map(String),
          condition: typeof given.Condition === 'string' ? given.Condition : null,
        },
      ];
    },
  );
  return {
    parameters: object(json.Parameters, 'Parameters'),
    mappings: object(json.Mappings, 'Mappings'),
    conditions: object(json.Conditions, 'Conditions'),
    outputs: object(json.Outputs, 'Outputs'),
    resources: new Map(resources),
  };
}
