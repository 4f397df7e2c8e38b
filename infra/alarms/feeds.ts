/** What can go wrong with a feed: per feed, because one feed's trouble never touches another. */
import type { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { PipelineFunction } from '../pipeline-function.ts';
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedFeed } from '../read-feeds.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofFeed, ofService, type Statistic, together } from './metrics.ts';

export function feedAlarms(
  { producers }: Pipeline,
  { feeds }: ResolvedInstallation,
): readonly AlarmDefinition[] {
  const webhooks = producers.flatMap((producer) => producer.feeds.flatMap(({ webhook }) => webhook ?? []));
  return [...feeds.flatMap(feedAlarmsOf), ...webhooks.map(({ feed, fn }) => webhookErrors(feed, fn))];
}

const webhookErrors = (of: string, { functionName }: PipelineFunction): AlarmDefinition => ({
  ...{ name: 'webhook-errors', of, severity: 'ticket', silence: 'fine' },
  means:
    'The function that takes pushed deliveries ends with an exception; the polling fetches what it missed.',
  metric: ofService('Lambda', 'Errors', { FunctionName: functionName }, 'Sum', 60),
  ...{ when: 'at least', threshold: 1, points: 1 },
});

/** The share of half an hour's runs that met the rate limit, or waited because one before had met it. */
const limited = (feed: string): MathExpression =>
  together(
    'IF(limited > 0, limited + skipped, 0)',
    {
      limited: ofFeed(feed, 'RateLimited', 'Average', 30),
      skipped: ofFeed(feed, 'Skipped', 'Average', 30),
    },
    30,
    'share of runs without an answer',
  );

function feedAlarmsOf({ feed, producer }: ResolvedFeed): readonly AlarmDefinition[] {
  // A period holds at least three polls, so that one that is late is none that is missing.
  const minutes = Math.max(5, 3 * producer.everyMinutes);
  const metric = (name: string, statistic: Statistic, period = minutes) =>
    ofFeed(feed, name, statistic, period);
  const of = feed;
  return [
    {
      ...{ name: 'feed-not-polled', of, severity: 'page', silence: 'trouble' },
      means: 'No run of the feed has ended: nothing new arrives.',
      ...{ metric: metric('RunSeconds', 'SampleCount'), when: 'below', threshold: 1, points: 3 },
    },
    {
      ...{ name: 'feed-failing', of, severity: 'page', silence: 'fine' },
      means: 'Every run of the feed has failed, and not for a rate limit.',
      ...{ metric: metric('PollFailed', 'Minimum'), when: 'at least', threshold: 1, points: 3 },
    },
    {
      ...{ name: 'feed-unauthorised', of, severity: 'page', silence: 'fine' },
      means: 'The vendor refuses the credential of the feed; only a person can mend it.',
      ...{ metric: metric('Unauthorized', 'Sum'), when: 'at least', threshold: 1, points: 1 },
    },
    {
      ...{ name: 'feed-rate-limited', of, severity: 'ticket', silence: 'fine' },
      means:
        'For an hour the vendor was not to be asked in more than half of the runs: the feed falls behind.',
      ...{ metric: limited(feed), when: 'above', threshold: 0.5, points: 2 },
    },
    {
      ...{ name: 'feed-quota-low', of, severity: 'ticket', silence: 'fine' },
      means: 'Four fifths of what the vendor allows were used up within the hour: the rate limit is near.',
      ...{ metric: metric('QuotaUsedPercent', 'Maximum', 60), when: 'above', threshold: 80, points: 1 },
    },
    {
      // A vendor can have a feed wait for fifteen minutes, which is three periods.
      ...{ name: 'feed-lease-stuck', of, severity: 'ticket', silence: 'fine' },
      means: 'Every run was skipped, because another one holds the lease of the feed.',
      ...{ metric: metric('Skipped', 'Minimum'), when: 'at least', threshold: 1, points: 4 },
    },
  ];
}
