/** Where alarms sound: a topic for each severity, by mail and in Slack, as the configuration says. */
import { Stack } from 'aws-cdk-lib';
import { SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { ResolvedAlarms } from '../read-alarms.ts';
import type { Severity } from './definition.ts';

export class Horn extends Construct {
  readonly topics: Readonly<Record<Severity, Topic>>;

  constructor(scope: Construct, id: string, { email, slack }: Pick<ResolvedAlarms, 'email' | 'slack'>) {
    super(scope, id);
    this.topics = { page: this.#topic('Page'), ticket: this.#topic('Ticket') };
    const topics = Object.values(this.topics);
    for (const topic of topics)
      for (const address of email) topic.addSubscription(new EmailSubscription(address));
    if (slack === null) return;
    new SlackChannelConfiguration(this, 'Slack', {
      slackChannelConfigurationName: `${Stack.of(this).stackName}-alarms`,
      slackWorkspaceId: slack.workspaceId,
      slackChannelId: slack.channelId,
      notificationTopics: topics,
    });
  }

  #topic(id: string): Topic {
    const topic = new Topic(this, id, { enforceSSL: true });
    // The topic's own policy takes the place of the default one, which let the whole account publish.
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }
}
