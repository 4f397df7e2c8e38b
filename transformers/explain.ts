/**
 * Says why a record was rejected: which field, which rule, what was expected. Never the value: a reason ends up in
 * logs and in a table, and the value may be a secret or a person.
 */
import type { Validator } from '../.generated/validators.js';
import { checks } from '../contract/checks.ts';
import { superProblem } from '../contract/super.ts';

type Complaint = NonNullable<Validator['errors']>[number];

/** A record with a thousand wrong fields is wrong once. */
const MAX_REASONS = 20;

/** One line per complaint, at most twenty lines. */
export function explain(envelope: unknown, complaints: readonly Complaint[]): readonly string[] {
  const shown = complaints.length > MAX_REASONS ? MAX_REASONS - 1 : complaints.length;
  const reasons = complaints.slice(0, shown).map((complaint) => reason(envelope, complaint));
  const more = complaints.length - shown;
  return more === 0 ? reasons : [...reasons, `and ${more} more`];
}

function reason(envelope: unknown, complaint: Complaint): string {
  const { instancePath, keyword } = complaint;
  const path = instancePath === '' ? [] : instancePath.slice(1).split('/');
  const problem = keyword === 'fitsSuper' ? superProblem(at(envelope, path)) : null;
  const detail = problem === null ? '' : ` (${problem})`;
  return `${path.join('.') || 'envelope'}: ${keyword}: expected ${expected(complaint)}${detail}`;
}

function expected({ keyword, params }: Complaint): string {
  const limit = String(params.limit);
  switch (keyword) {
    case 'required':
      return `${String(params.missingProperty)}, which is missing; what is absent is null`;
    case 'maxProperties':
      return `the ${limit} declared properties and no other`;
    case 'type':
      return `JSON type ${String(params.type)}`;
    case 'pattern':
      return 'no blank at the end of a key';
    case 'minimum':
      return `at least ${limit}`;
    default:
      return isCheck(keyword) ? checks[keyword].expects.replace('{}', limit) : 'something else';
  }
}

const isCheck = (keyword: string): keyword is keyof typeof checks => Object.hasOwn(checks, keyword);

/** The value at a path; a body's columns are the deepest that a complaint goes. */
function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([name]) => name === key)?.[1];
  }
  return found;
}
