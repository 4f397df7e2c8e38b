/**
 * Reads where the weekly digest goes, and when.
 */
import { arn, object, oneOf, optional, text, whole, wrong } from './read.ts';

/** As the days of a cron expression are called. */
export const WEEKDAYS = {
  monday: 'MON',
  tuesday: 'TUE',
  wednesday: 'WED',
  thursday: 'THU',
  friday: 'FRI',
  saturday: 'SAT',
  sunday: 'SUN',
} as const;

export type Weekday = keyof typeof WEEKDAYS;

const weekdays = Object.keys(WEEKDAYS) as Weekday[];

const choice = object({
  weekday: optional(oneOf(weekdays), 'monday' as const),
  hour: optional(whole(0, 23), 8),
  email: optional(text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'an e-mail address'), undefined),
  snsTopicArn: optional(arn('sns', 'the ARN of an SNS topic'), undefined),
  slackWebhookSecretArn: optional(
    arn('secretsmanager', 'the ARN of a secret whose text is the address of an incoming webhook of Slack'),
    undefined,
  ),
});

export type ResolvedDigest = ReturnType<typeof readDigest>;

/** @throws {ConfigurationError} when it would go nowhere, or to two topics. */
export function readDigest(value: unknown, path: string): ReturnType<typeof choice> {
  const read = choice(value, path);
  const { email, snsTopicArn, slackWebhookSecretArn } = read;
  if (email === undefined && snsTopicArn === undefined && slackWebhookSecretArn === undefined)
    wrong(path, 'no destination', 'email, snsTopicArn or slackWebhookSecretArn');
  if (email !== undefined && snsTopicArn !== undefined)
    wrong(`${path}.email`, 'an address beside a topic', 'one of the two: subscribe the address to the topic');
  return read;
}
