/**
 * Rollbar's own words for trouble on request; what can be asked for is described with the shared part.
 *
 *   err1          200 and `err: 1`
 *   revoked       403 that repeats the token, until it is switched off
 *   padded        the right answer, occurrences padded to 1 MB
 */
import { type Effect, onTheWay } from '../../../simulation/faults.ts';
import { failure } from './answer.ts';
import { limitHeaders } from './rate-limit.ts';

export const effects = {
  ...onTheWay,
  rate_limited: {
    answer: ({ seconds, ms }) => {
      const headers = limitHeaders(5000, 0, seconds * 1000, ms);
      const answer = failure(429, 'API request limit reached');
      return { ...answer, headers: { ...answer.headers, ...headers } };
    },
  },
  server_error: { answer: () => failure(500, 'Internal server error') },
  forbidden: {
    answer: () =>
      failure(
        403,
        'insufficient privileges: read scope is required but the access token only has post_server_item.',
      ),
  },
  revoked: { answer: ({ token }) => failure(403, `access token not found: ${token}`) },
  err1: { answer: () => ({ ...failure(500, 'Something went wrong'), status: 200 }) },
  padded: { padRowsTo: 1_000_000 },
} satisfies Record<string, Effect>;
