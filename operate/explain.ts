/**
 * Makes one line with what to do of whatever an SDK client throws: a person reads it, and no stack of ours helps.
 */

export interface Surroundings {
  readonly stack: string;
  /** What to say when nothing answers; null in an account. */
  readonly whenGone: string | null;
}

/** Runs a call; what it throws is thrown on with the words of `explain`, or as it is. */
export const explained =
  (surroundings: Surroundings) =>
  async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      const words = error instanceof Error ? explain(error, surroundings) : null;
      if (words === null) throw error;
      throw new Error(words, { cause: error });
    }
  };

/** What to do about an error of a client; null when its own words are all there is. */
export function explain(error: Error, { stack, whenGone }: Surroundings): string | null {
  const { name, message } = error;
  if (whenGone !== null && /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up/.test(`${codeOf(error)} ${message}`))
    return whenGone;
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED/.test(`${codeOf(error)} ${message}`))
    return `AWS cannot be reached (${oneLine(message)}); for a pipeline on this machine give --data DIR`;
  if (/^CredentialsProviderError$|ExpiredToken|UnrecognizedClient|InvalidClientTokenId/.test(name))
    return `AWS takes no credentials of yours (${oneLine(message)}); log in, name a profile in AWS_PROFILE, or give --data DIR for a pipeline on this machine`;
  if (/Region is missing/i.test(message))
    return 'no region is known: give --region, or set AWS_REGION, or give --data DIR for a pipeline on this machine';
  if (name === 'ValidationError' && /does not exist/.test(message))
    return `there is no stack ${stack} in this account and region; name it with --stack and --region`;
  if (/^AccessDenied|^UnauthorizedOperation$/.test(name))
    return `your credentials may not do this: ${oneLine(message)}; docs/operating.md lists what is needed`;
  return null;
}

const codeOf = (error: Error): string =>
  'code' in error ? String(error.code) : error.cause instanceof Error ? codeOf(error.cause) : '';

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 300);
