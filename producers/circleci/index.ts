/**
 * The CircleCI producer: pipelines, workflows, jobs and credits of one project.
 *
 * In every run new pipelines come first, then those that have not settled, then a part of the looks back for reruns,
 * and only then what earlier runs left unread.
 */
import { numeric, quotaIn } from '../../contract/pace.ts';
import { defineProducer, type Page } from '../../contract/producer.ts';
import { at } from '../../contract/read.ts';
import { inTurn } from '../../contract/steps.ts';
import { countPipelines } from './counts.ts';
import { beginning, type Context, type Cursor, isCaughtUp, unixNow } from './cursor.ts';
import { job } from './job.ts';
import { lookBack } from './looks.ts';
import { pipeline } from './pipeline.ts';
import { readNewest, readRest } from './pipelines.ts';
import { usage } from './usage.ts';
import { readUsages } from './usages.ts';
import { workflow } from './workflow.ts';

export default defineProducer({
  name: 'circleci',
  description: 'Pipelines, workflows, jobs and credits of a CircleCI project.',
  records: [pipeline, workflow, job, usage],
  baseUrl: 'https://circleci.com/api/v2',
  secret: {
    description:
      'A personal API token of a machine user who can see the project (project tokens do not work): CircleCI, User Settings, Personal API Tokens.',
    headers: (token: string) => ({ 'Circle-Token': token }),
  },
  waitSeconds,
  quota: (headers) => quotaIn(headers, 'ratelimit', numeric(headers['ratelimit-reset'])),
  refusal: () => null,
  settings: {
    project: {
      type: 'string',
      description:
        'Slug of the project, as in `gh/octo-org/shop` or `circleci/<org>/<project>`: Project Settings, Overview.',
    },
    with_credits: {
      type: 'boolean',
      description: 'Reads once a day what runs of workflows cost.',
      default: true,
    },
  },
  webhook: {
    description:
      'CircleCI, Project Settings, Webhooks: the events workflow-completed and job-completed, with a secret of your own.',
    signature: (headers) =>
      /(?:^|,)\s*v1=([0-9a-f]{64})(?:,|$)/.exec(headers['circleci-signature'] ?? '')?.[1] ?? null,
    delivery(body) {
      const [id, sentAt] = [at(body, 'id'), at(body, 'happened_at')];
      return typeof id === 'string' && typeof sentAt === 'string' ? { id, sentAt } : null;
    },
  },
  everyMinutes: 1,
  poll,
  counts: countPipelines,
});

async function* poll(context: Context): AsyncGenerator<Page<Cursor>> {
  const { project } = context.settings;
  if (!/^[\w-]+\/[^/\s]+\/[^/\s]+$/.test(project))
    throw new RangeError(`project must be a slug such as gh/octo-org/shop, got ${JSON.stringify(project)}`);
  const steps = [readNewest, lookBack, readUsages, readRest];
  const start = Math.floor(context.since.getTime() / 1000);
  yield* inTurn(
    steps.map((step) => (cursor: Cursor) => step(context, cursor)),
    context.cursor ?? beginning(start, unixNow(context.now)),
    isCaughtUp,
  );
}

/**
 * Of the two families of headers either can be there; both count the seconds until the reset. After a refusal
 * without either CircleCI is given half a minute.
 */
function waitSeconds(headers: Readonly<Record<string, string>>, status: number): number | null {
  const resets = ['ratelimit', 'x-ratelimit']
    .filter((family) => numeric(headers[`${family}-remaining`]) === 0)
    .map((family) => numeric(headers[`${family}-reset`]) ?? HALF_A_MINUTE);
  const after = numeric(headers['retry-after']);
  if (resets.length > 0) return Math.max(...resets, after ?? 0);
  return status === 429 ? (after ?? HALF_A_MINUTE) : null;
}

const HALF_A_MINUTE = 30;
