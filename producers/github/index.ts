/**
 * The GitHub producer: workflow runs and deployments of one repository.
 *
 * In every run what is new comes first, then what has not ended, and only then what earlier runs left unread.
 */
import { quotaIn, untilReset } from '../../contract/pace.ts';
import { defineProducer, type Page } from '../../contract/producer.ts';
import { inTurn } from '../../contract/steps.ts';
import { beginning, type Context, type Cursor, isCaughtUp, unixNow } from './cursor.ts';
import { deployment } from './deployment.ts';
import { readNewDeployments, readOldDeployments } from './deployments.ts';
import { workflowRun } from './run.ts';
import { readNewRuns, readOldRuns } from './runs.ts';

export default defineProducer({
  name: 'github',
  description: 'Workflow runs and deployments of a GitHub repository.',
  records: [workflowRun, deployment],
  baseUrl: 'https://api.github.com',
  secret: {
    description:
      'A fine-grained personal access token for the repository with Actions: read and Deployments: read: GitHub, Settings, Developer settings.',
    headers: (token: string) => ({ Authorization: `Bearer ${token}` }),
  },
  waitSeconds,
  quota: (headers) => quotaIn(headers, 'x-ratelimit', untilReset(headers, 'x-ratelimit-reset')),
  refusal: () => null,
  settings: {
    repository: { type: 'string', description: 'Owner and name, as in `octo-org/shop`.' },
  },
  everyMinutes: 1,
  poll,
});

async function* poll(context: Context): AsyncGenerator<Page<Cursor>> {
  const { repository } = context.settings;
  if (!/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(repository))
    throw new RangeError(`repository must be owner/name, got ${JSON.stringify(repository)}`);
  const steps = [readNewRuns, readNewDeployments, readOldRuns, readOldDeployments];
  const start = Math.floor(context.since.getTime() / 1000);
  yield* inTurn(
    steps.map((step) => (cursor: Cursor) => step(context, cursor)),
    context.cursor ?? beginning(start, unixNow(context.now)),
    isCaughtUp,
  );
}

/**
 * GitHub says "too many" with 429 or with 403: then either `Retry-After` stands in the answer, or nothing is left
 * until the reset.
 */
function waitSeconds(headers: Readonly<Record<string, string>>, status: number): number | null {
  const isRefused = status === 429 || status === 403;
  const after = Number(headers['retry-after'] ?? Number.NaN);
  if (isRefused && after >= 0) return after;
  const isEmpty = headers['x-ratelimit-remaining'] === '0';
  if (isEmpty) return untilReset(headers, 'x-ratelimit-reset') ?? 60;
  return status === 429 ? 60 : null;
}
