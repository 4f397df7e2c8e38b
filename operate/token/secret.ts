/** The text of a feed's secret, in which one value is replaced. */

/** Keys that a person fills. */
export type SecretKey = 'token' | 'webhookSecret';

/**
 * The secret's text with another value under this key. Everything else stays: with another key for hashing people
 * everybody would be somebody new.
 * @throws {Error} for a value that no header can carry, and for a secret that cannot be read; neither is repeated.
 */
export function withValue(text: string, key: SecretKey, value: string): string {
  if (value === '') throw new Error('nothing was given');
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new Error('what was given must be one line without blanks, of characters that a header can carry');
  if (value.startsWith('{'))
    throw new Error(
      'what was given looks like a whole secret in JSON; give the bare value that belongs into it',
    );
  return JSON.stringify({ ...fieldsOf(text.trim()), [key]: value });
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  // A bare token is all there is.
  if (!text.startsWith('{')) return { token: text };
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Without the parser's message: it quotes the secret.
    throw new Error('what stands in the secret starts with "{" and is no JSON; mend it by hand');
  }
}
