/**
 * Sends the digest wherever the installation says: an SNS topic, a Slack webhook, or both.
 *
 * Each is tried, whatever becomes of the other, and a failure of either fails the start: Scheduler then counts it.
 */
import type { Sql } from '../sql.ts';
import { type Digest, digestText } from './text.ts';

export interface DigestPorts {
  readonly sql: Pick<Sql, 'query'>;
  /** @returns the name of where it goes, and how it gets there. */
  readonly destinations: readonly Destination[];
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
}

export interface Destination {
  readonly name: string;
  /** @throws {Error} when it was not taken; the message must not hold an address that is a secret. */
  send(digest: Digest): Promise<void>;
}

export const createHandler =
  ({ sql, destinations, log }: DigestPorts) =>
  async (): Promise<{ readonly sent: readonly string[] }> => {
    const digest = await digestText(sql);
    const outcomes = await Promise.allSettled(destinations.map((destination) => destination.send(digest)));
    const failures = outcomes.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [new Error(destinations[index]?.name, { cause: outcome.reason })] : [],
    );
    if (failures.length > 0) {
      const said = failures.map(
        ({ message, cause }) => `${message}: ${cause instanceof Error ? cause.message : cause}`,
      );
      throw new AggregateError(failures, `the digest was not sent to ${said.join('; ')}`);
    }
    log('digest sent', { subject: digest.subject, destinations: destinations.length });
    return { sent: destinations.map(({ name }) => name) };
  };
