/** The value that Secrets Manager generates for a secret. */
import { randomInt } from 'node:crypto';
import { flag, integer, isObject, type JsonObject, text } from './json.ts';

/**
 * What a secret with these properties would hold after its creation; null when nothing is said about it.
 * @throws {TypeError}
 */
export function generatedValue(properties: JsonObject): string | null {
  if (properties.SecretString !== undefined) return text(properties.SecretString, 'SecretString');
  const rules = properties.GenerateSecretString;
  if (!isObject(rules)) return null;
  const value = password(rules);
  const { SecretStringTemplate: template, GenerateStringKey: key } = rules;
  if (template === undefined || key === undefined) return value;
  const fixed: unknown = JSON.parse(text(template, 'SecretStringTemplate'));
  if (!isObject(fixed)) throw new TypeError('SecretStringTemplate must be a JSON object');
  return JSON.stringify({ ...fixed, [text(key, 'GenerateStringKey')]: value });
}

const KINDS = [
  ['ExcludeUppercase', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  ['ExcludeLowercase', 'abcdefghijklmnopqrstuvwxyz'],
  ['ExcludeNumbers', '0123456789'],
  ['ExcludePunctuation', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
] as const;

function password(rules: JsonObject): string {
  const excluded =
    rules.ExcludeCharacters === undefined ? '' : text(rules.ExcludeCharacters, 'ExcludeCharacters');
  const kinds = KINDS.filter(([rule]) => !flag(rules[rule], rule, false))
    .map(([, characters]) => [...characters].filter((character) => !excluded.includes(character)))
    .filter((characters) => characters.length > 0);
  const length = integer(rules.PasswordLength, 'PasswordLength', 32);
  // One of every kind first: RequireEachIncludedType is on unless it is turned off.
  const required = flag(rules.RequireEachIncludedType, 'RequireEachIncludedType', true) ? kinds : [];
  const all = kinds.flat();
  const characters = Array.from({ length }, (_, index) => pick(required[index] ?? all));
  return characters
    .map((character) => ({ character, at: randomInt(2 ** 32) }))
    .sort((a, b) => a.at - b.at)
    .map(({ character }) => character)
    .join('');
}

function pick(characters: readonly string[]): string {
  const character = characters[randomInt(Math.max(1, characters.length))];
  if (character === undefined) throw new RangeError('GenerateSecretString excludes every character');
  return character;
}
