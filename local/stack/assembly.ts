/**
 * Reads a cloud assembly: the folder that `cdk synth` writes and `cdk deploy` uploads.
 *
 * Only what a deployment needs is read: the one stack, its template, and where the code of its functions is.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isObject, type JsonObject, text } from './json.ts';
import { parseTemplate, type Template } from './template.ts';

export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Key of an asset in the assets bucket, as functions name it → its folder or file. */
  readonly assets: ReadonlyMap<string, string>;
}

/**
 * Reads the assembly in a folder.
 * @throws {Error} when there is no manifest, or not exactly one stack.
 */
export function readAssembly(directory: string): Assembly {
  const manifest = readJson(join(directory, 'manifest.json'));
  const artifacts = isObject(manifest.artifacts) ? Object.entries(manifest.artifacts) : [];
  const ofType = (type: string): [string, JsonObject][] =>
    artifacts.flatMap(([name, artifact]) =>
      isObject(artifact) && artifact.type === type && isObject(artifact.properties)
        ? [[name, artifact.properties] as [string, JsonObject]]
        : [],
    );
  const stacks = ofType('aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new Error(
      `${directory} must hold exactly one stack, found ${stacks.length}: ${stacks.map(([name]) => name).join(', ')}`,
    );
  }
  const [id, properties] = stack;
  const assets = ofType('cdk:asset-manifest').flatMap(([, { file }]) => assetsIn(directory, text(file)));
  return {
    stackName: typeof properties.stackName === 'string' ? properties.stackName : id,
    template: parseTemplate(readJson(join(directory, text(properties.templateFile)))),
    assets: new Map(assets),
  };
}

function assetsIn(directory: string, file: string): [string, string][] {
  const { files } = readJson(join(directory, file));
  return Object.values(isObject(files) ? files : {}).flatMap((asset) => {
    if (!isObject(asset) || !isObject(asset.source) || !isObject(asset.destinations)) return [];
    const path = resolve(directory, text(asset.source.path));
    return Object.values(asset.destinations).flatMap((destination): [string, string][] =>
      isObject(destination) ? [[text(destination.objectKey), path]] : [],
    );
  });
}

function readJson(path: string): JsonObject {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(parsed)) throw new TypeError(`${path} must hold a JSON object`);
  return parsed;
}
