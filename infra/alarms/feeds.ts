/** What can go wrong with a feed: per feed, because one feed's trouble never touches another. */
import type { PipelineFunction } from '../pipeline-function.ts';
import type { Pipeline } from '../pipeline-stack.ts';
import type { ResolvedFeed } from '../read-feeds.ts';
import type { ResolvedInstallation } from '../read-installation.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofFeed, ofService, type Statistic } from './metrics.ts';

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
  metric: ofService('Lambda', 'Errors', { FunctionName: functionName }, 'Sum', 5),
  ...{ when: 'at least', threshold: 1, points: 3 },
});

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
      means: 'More than half of the runs of an hour met the rate limit of the vendor: the feed falls behind.',
      ...{ metric: metric('RateLimited', 'Average', 60), when: 'above', threshold: 0.5, points: 1 },
    },
    {
      ...{ name: 'feed-quota-low', of, severity: 'ticket', silence: 'fine' },
      means: 'Four fifths of what the vendor allows are used up, again and again: the rate limit is near.',
      ...{ metric: metric('QuotaUsedPercent', 'Average'), when: 'above', threshold: 80, points: 3 },
    },
    {
      ...{ name: 'feed-lease-stuck', of, severity: 'ticket', silence: 'fine' },
      means: 'Every run was skipped, because another one holds the lease of the feed.',
      ...{ metric: metric('Skipped', 'Minimum'), when: 'at least', threshold: 1, points: 3 },
    },
  ];
}
