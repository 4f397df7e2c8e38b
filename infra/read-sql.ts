/**
 * Reads the pieces of SQL that an installation may hold: the name of a table, and one expression over a row of it.
 *
 * They are not made safe, because whoever writes the configuration owns the warehouse; they are kept from being
 * something else than they look like, so that a slip is found at the synth and not by a statement a day later.
 */
import { type Reader, show, wrong } from './read.ts';

const NAME = /^[a-z_][a-z0-9_$]{0,126}$/;

/** `schema.table`, in the lower case in which Redshift keeps names. */
export const sqlTable: Reader<string> = (value, path) => {
  const parts = typeof value === 'string' ? value.split('.') : [];
  return typeof value === 'string' && parts.length === 2 && parts.every((part) => NAME.test(part))
    ? value
    : wrong(path, show(value), 'schema.table in lower case, such as public.user_activity');
};

const MAX_EXPRESSION_BYTES = 500;

/** Words that begin something else when no bracket is open: `user_id as id` is a column of a list, not a value. */
const CLAUSES =
  /^(?:as|from|where|select|group|order|having|limit|union|intersect|except|join|on|into|insert|update|delete)$/i;

/**
 * One SQL expression, such as the name of a column.
 * @throws {ConfigurationError} for whatever could end it, hide a part of it or make two of it.
 */
export const sqlExpression: Reader<string> = (value, path) => {
  if (typeof value !== 'string' || value.trim() === '')
    return wrong(path, show(value), 'an SQL expression, such as the name of a column');
  const problem = problemOf(value);
  return problem === null ? value.trim() : wrong(path, show(value), problem);
};

/** What an expression must be and is not; null when it is one. */
function problemOf(text: string): string | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_EXPRESSION_BYTES) return `at most ${MAX_EXPRESSION_BYTES} bytes, not ${bytes}; make a view`;
  // The two databases read it differently within quotes, and neither needs it elsewhere.
  if (text.includes('\\')) return 'an expression without a backslash; write [0-9] for \\d';
  if (hasControl(text)) return 'an expression in one line, without control characters';
  const open: string[] = [];
  for (const token of text.match(TOKEN) ?? []) {
    if (token === "'" || token === '"') return `an expression whose ${token} has its end`;
    if (token === '--' || token === '/*') return 'an expression without a comment';
    if (token === ';') return 'one expression, without a semicolon';
    if (token === '$') return 'an expression without a dollar sign';
    if (token === ',' && open.length === 0) return 'one expression, not several';
    if (CLAUSES.test(token) && open.length === 0) return `one value, without the word ${token}`;
    if (token === '(' || token === '[') open.push(token);
    if (token === ')' || token === ']') {
      if (open.pop() !== PAIRS[token]) return `an expression whose ${token} has its beginning`;
    }
  }
  return open.length === 0 ? null : `an expression whose ${open.at(-1)} has its end`;
}

const PAIRS = { ')': '(', ']': '[' } as const;

/** Quoted text (two quotes are one within it), a word, a comment's beginning, or one sign: a quote that has no end, too. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|--|\/\*|[^\s]/g;

const hasControl = (text: string): boolean =>
  [...text].some((sign) => sign < ' ' || (sign >= '\u007F' && sign < '\u00A0'));
