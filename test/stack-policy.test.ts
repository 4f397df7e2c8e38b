/** Policies, read as AWS reads them; what is not understood is an error. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../local/stack/json.ts';
import { type Context, concerns, readPolicy } from '../local/stack/policy.ts';

const statement = (change: JsonObject): JsonObject => ({
  Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*', ...change },
});

const isAbout = (change: JsonObject, context: Context = {}, resource = 'arn:aws:s3:::b/x'): boolean =>
  readPolicy(statement(change), 'Policy').some((each) => concerns(each, 's3:GetObject', resource, context));

describe('a condition', () => {
  const of = (operator: string, key: string, value: unknown): JsonObject => ({
    Condition: { [operator]: { [key]: value } },
  });

  test.each<[string, JsonObject, Context, boolean]>([
    ['equal', of('StringEquals', 'aws:SourceAccount', '1'), { 'aws:SourceAccount': '1' }, true],
    [
      'one of several',
      of('StringEquals', 'aws:SourceAccount', ['2', '1']),
      { 'aws:SourceAccount': '1' },
      true,
    ],
    ['another', of('StringEquals', 'aws:SourceAccount', '2'), { 'aws:SourceAccount': '1' }, false],
    ['about what is not known of the call', of('StringEquals', 'aws:SourceAccount', '1'), {}, false],
    ['like', of('StringLike', 's3:prefix', 'errors/*'), { 's3:prefix': 'errors/x' }, true],
    ['unlike', of('StringLike', 's3:prefix', 'errors/*'), { 's3:prefix': 'landing/x' }, false],
    [
      'an ARN',
      of('ArnLike', 'aws:SourceArn', 'arn:aws:s3:::b*'),
      { 'aws:SourceArn': 'arn:aws:s3:::bucket' },
      true,
    ],
    ['a boolean', of('Bool', 'aws:SecureTransport', 'false'), { 'aws:SecureTransport': 'true' }, false],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of IAM.
    ['a variable', of('StringEquals', 'aws:userid', '${aws:userid}'), { 'aws:userid': 'me' }, true],
    [
      'all of several',
      of('ForAllValues:StringLike', 'dynamodb:LeadingKeys', ['*#repair']),
      { 'dynamodb:LeadingKeys': ['a#repair', 'b#repair'] },
      true,
    ],
    [
      'not all of several',
      of('ForAllValues:StringLike', 'dynamodb:LeadingKeys', ['*#repair']),
      { 'dynamodb:LeadingKeys': ['a#repair', 'b'] },
      false,
    ],
  ])('that is %s', (_what, condition, context, isMet) => {
    expect(isAbout(condition, context)).toBe(isMet);
  });
});

describe('what is not understood is refused by name', () => {
  test.each<[string, JsonObject, string]>([
    ['an element', { NotAction: 's3:*' }, 'the policy element NotAction is not understood'],
    ['an effect', { Effect: 'Maybe' }, 'Effect must be Allow or Deny, got "Maybe"'],
    ['no action', { Action: undefined }, 'must have an Action'],
    ['no resource', { Resource: undefined }, 'must have a Resource'],
    [
      'an operator',
      { Condition: { DateGreaterThan: { 'aws:SourceAccount': '1' } } },
      'the condition operator DateGreaterThan',
    ],
    [
      'a key',
      { Condition: { StringEquals: { 'aws:MultiFactorAuthPresent': 'true' } } },
      'the condition key aws:MultiFactorAuthPresent',
    ],
    ['a kind of principal', { Principal: { Federated: 'x' } }, 'principals of the kind Federated'],
  ])('%s', (_what, change, words) => {
    expect(() => readPolicy(statement(change), 'Role')).toThrow(words);
    expect(() => readPolicy(statement(change), 'Role')).toThrow(/^Role: .*teach local\/stack\/policy\.ts/);
  });
});
