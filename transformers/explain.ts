/**
 * Says why a record was rejected: which field, which rule, what was expected. Never the value: a reason ends up in
 * logs and in a table, and the value may be a secret or a person.
 */
import type { Validator } from '../.generated/validators.js';
import { superProblem } from '../contract/super.ts';

type Complaint = NonNullable<Validator['errors']>[number];

/** A record with a thousand wrong fields is wrong once. */
const MAX_REASONS = 20;

/** One line per complaint, at most twenty lines. */
export function explain(envelope: unknown, complaints: readonly Complaint[]): readonly string[] {
  const shown = complaints.length > MAX_REASONS ? MAX_REASONS - 1 : MAX_REASONS;
  const reasons = complaints.slice(0, shown).map((complaint) => reason(envelope, complaint));
  const more = complaints.length - reasons.length;
  return more === 0 ? reasons : [...reasons, `and ${more} more`];
}

function reason(envelope: unknown, { instancePath, keyword, params, message }: Complaint): string {
  const path = instancePath.slice(1).split('/');
  const field = path.join('.') || 'envelope';
  switch (keyword) {
    case 'required':
      return `${field}: required: ${String(params.missingProperty)} is missing; a value that is absent is null`;
    case 'additionalProperties':
      return `${field}: additionalProperties: ${undeclared(params.additionalProperty)} is not declared`;
    case 'fitsSuper':
      return `${field}: fitsSuper: ${message ?? ''}: ${superProblem(at(envelope, path)) ?? 'it is larger'}`;
    default:
      return `${field}: ${keyword}: ${message ?? ''}`;
  }
}

/** The name of an undeclared property, unless it is so odd that it may itself be a value. */
function undeclared(name: unknown): string {
  return typeof name === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(name)
    ? name
    : 'a property with an odd name';
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries(inner).find(([name]) => name === key)?.[1]
        : undefined,
    value,
  );
}
