/**
 * The function that sends the weekly digest, when somebody wants one: to a topic of SNS, which the stack makes for an
 * e-mail address, or to Slack, whose address is a secret that the stack only refers to.
 */
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { DIGEST_TASK } from '../contract/impact.ts';
import type { Clock } from './clock.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedDigest } from './read-digest.ts';
import type { Schema } from './schema.ts';
import type { Warehouse } from './warehouse.ts';

export interface DigestProps {
  readonly root: string;
  readonly digest: ResolvedDigest;
  /** In which the hour is meant. */
  readonly timeZone: string;
  readonly clock: Clock;
  readonly warehouse: Warehouse;
  readonly schema: Schema;
}

export class Digest extends Construct {
  readonly fn: PipelineFunction;

  constructor(scope: Construct, id: string, props: DigestProps) {
    super(scope, id);
    const { root, digest, timeZone, clock, warehouse, schema } = props;
    const { email, snsTopicArn, slackWebhookSecretArn, weekday, hour } = digest;
    const topicArn = email === undefined ? snsTopicArn : this.#topicFor(email);
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: 'warehouse/digest/handler.ts',
      service: 'digest',
      description: 'Sends which bugs cost the most users',
      memoryMb: 256,
      timeoutSeconds: 300,
      environment: {
        ...(topicArn === undefined ? {} : { TOPIC_ARN: topicArn }),
        ...(slackWebhookSecretArn === undefined ? {} : { SLACK_SECRET_ARN: slackWebhookSecretArn }),
      },
      isRecurring: true,
    });
    warehouse.openTo(this.fn);
    if (topicArn !== undefined) this.fn.allow(['sns:Publish'], [topicArn]);
    if (slackWebhookSecretArn !== undefined)
      this.fn.allow(['secretsmanager:GetSecretValue'], [slackWebhookSecretArn]);
    clock.start(this, 'Schedule', {
      weekly: { weekday, hour, timeZone },
      fn: this.fn,
      description: 'Sends the weekly digest',
      event: { task: DIGEST_TASK },
    });
    this.fn.node.addDependency(schema.resource);
  }

  /** SNS asks the address whether it wants the mails. */
  #topicFor(email: string): string {
    const topic = new Topic(this, 'Topic', { displayName: 'Heimdallr digest', enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    return topic.topicArn;
  }
}
