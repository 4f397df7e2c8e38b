/**
 * Dynamic references: `{{resolve:secretsmanager:…}}` in the text of a template.
 *
 * They are replaced after everything else, because most of them are put together by Fn::Join.
 */
import { isObject } from './json.ts';
import { TemplateError } from './template.ts';

/**
 * The value with every reference replaced by the secret.
 * @param secretString SecretString by ARN or name; undefined when there is no such secret.
 * @throws {TemplateError} for an unknown secret, key or kind of reference.
 */
export function withSecrets(
  value: unknown,
  path: string,
  secretString: (id: string) => string | undefined,
): unknown {
  if (Array.isArray(value)) {
    return value.map((element: unknown, index) => withSecrets(element, `${path}.${index}`, secretString));
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, element]) => [key, withSecrets(element, `${path}.${key}`, secretString)]),
    );
  }
  if (typeof value !== 'string' || !value.includes('{{resolve:')) return value;
  return value.replace(/\{\{resolve:([^}]*)\}\}/g, (_whole, reference: string) =>
    secretValue(reference, path, secretString),
  );
}

/** @param reference `secretsmanager:id:SecretString:key:stage:version`, where all behind the id may be missing. */
function secretValue(
  reference: string,
  path: string,
  secretString: (id: string) => string | undefined,
): string {
  const parts = reference.split(':');
  if (parts.shift() !== 'secretsmanager')
    throw new TemplateError(path, `the dynamic reference {{resolve:${reference}}} is not known here`);
  // An ARN has seven parts, a name is one.
  const id = parts.splice(0, parts[0] === 'arn' ? 7 : 1).join(':');
  const secret = secretString(id);
  if (secret === undefined) throw new TemplateError(path, `there is no secret ${id}`);
  const [, key = ''] = parts;
  if (key === '') return secret;
  const values: unknown = JSON.parse(secret);
  const value = isObject(values) ? values[key] : undefined;
  if (value === undefined) throw new TemplateError(path, `the secret ${id} has no key ${key}`);
  return String(value);
}
