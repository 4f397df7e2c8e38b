/**
 * Keys of the objects that Firehose writes (`s3-prefixes`, `basic-deliver`).
 *
 * A prefix can hold expressions; what AWS would refuse at creation is refused here at creation, because a stack
 * that starts here must deploy there.
 */
import { randomUUID } from 'node:crypto';

/** The parts of an object's key. */
export interface KeyParts {
  readonly stream: string;
  readonly prefix: string;
  /** Arrival of the oldest record in the object. */
  readonly arrivedAt: Date;
}

/** Where Redshift's failed batches are written down, below the prefix. */
export const ERROR_MANIFESTS = 'errors/manifests/';

/** `<prefix>YYYY/MM/dd/HH/<stream>-1-YYYY-MM-DD-HH-MM-SS-<uuid>`; 1 is the version of the configuration. */
export function objectKey({ stream, prefix, arrivedAt }: KeyParts): string {
  const evaluated = evaluate(prefix, arrivedAt, null);
  const folder = prefix.includes('!{timestamp:') ? '' : format('yyyy/MM/dd/HH/', arrivedAt);
  return `${evaluated}${folder}${stream}-1-${format('yyyy-MM-dd-HH-mm-ss', arrivedAt)}-${randomUUID()}`;
}

/** Key of a manifest, in a folder below the prefix. */
export function manifestKey({ stream, prefix, arrivedAt }: KeyParts, folder: string): string {
  return `${prefix}${folder}${format('yyyy/MM/dd/HH/', arrivedAt)}${stream}-${format('yyyy-MM-dd-HH-mm-ss', arrivedAt)}-${randomUUID()}`;
}

/**
 * Checks the prefixes of a delivery stream as CreateDeliveryStream does.
 * @throws {RangeError} naming the rule.
 */
export function checkPrefixes(
  stream: string,
  kind: 'redshift' | 's3',
  prefix: string,
  errorPrefix: string | null,
): void {
  const fail = (rule: string): never => {
    throw new RangeError(`delivery stream ${stream}: ${rule}`);
  };
  if (kind === 'redshift' && prefix.includes('!{')) {
    fail(`the prefix of a Redshift destination must not hold expressions, got ${prefix}`);
  }
  if (kind === 'redshift' && errorPrefix !== null) {
    fail('a Redshift destination must not have an ErrorOutputPrefix');
  }
  if (prefix.includes('!{firehose:error-output-type}')) {
    fail('only ErrorOutputPrefix may hold !{firehose:error-output-type}');
  }
  if (prefix.includes('!{') && errorPrefix === null) {
    fail('a prefix with expressions needs an ErrorOutputPrefix');
  }
  if (
    errorPrefix !== null &&
    prefix.includes('!{') &&
    !errorPrefix.includes('!{firehose:error-output-type}')
  ) {
    fail('ErrorOutputPrefix must hold !{firehose:error-output-type}');
  }
  evaluate(prefix, new Date(0), null);
  if (errorPrefix !== null) evaluate(errorPrefix, new Date(0), 'processing-failed');
}

/**
 * The prefix with its expressions evaluated.
 * @param errorType for an ErrorOutputPrefix: what went wrong, as in `processing-failed`.
 */
export function evaluate(prefix: string, at: Date, errorType: string | null): string {
  return prefix.replace(/!\{([^}:]*):?([^}]*)\}/g, (expression, namespace: string, value: string) => {
    if (namespace === 'timestamp') return format(value, at);
    if (expression === '!{firehose:random-string}') return randomUUID().replaceAll('-', '').slice(0, 11);
    if (expression === '!{firehose:error-output-type}' && errorType !== null) return errorType;
    throw new RangeError(`the prefix ${prefix} holds ${expression}, which Firehose does not evaluate here`);
  });
}

/** Java's pattern letters, as far as they are used in prefixes. */
function format(pattern: string, at: Date): string {
  const iso = at.toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  };
  return pattern.replace(/'([^']*)'|([a-zA-Z])\2*/g, (letters, quoted: string | undefined) => {
    const part = quoted ?? parts[letters];
    if (part === undefined) {
      throw new RangeError(`the timestamp pattern ${pattern} holds ${letters}; use yyyy, MM, dd, HH, mm, ss`);
    }
    return part;
  });
}
