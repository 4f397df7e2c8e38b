/**
 * The address to which a vendor pushes, and the function behind it, which starts a poll of the feed.
 *
 * The address is public and its function is not the producer's: whoever floods it takes nothing from the minute
 * polling. The function can read the feed's secret, note deliveries and start that one producer, and nothing else.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FeedEvent } from '../contract/feed.ts';
import type { FeedState } from './feed-state.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedFeed } from './read-feeds.ts';

export interface FeedWebhookProps {
  readonly root: string;
  readonly feed: ResolvedFeed;
  /** What the feed's schedule sends. */
  readonly event: FeedEvent;
  readonly state: FeedState;
  /** Polls the feed. */
  readonly producer: PipelineFunction;
}

export class FeedWebhook extends Construct {
  readonly fn: PipelineFunction;
  /** Name of the feed. */
  readonly feed: string;

  constructor(scope: Construct, id: string, { root, feed, event, state, producer }: FeedWebhookProps) {
    super(scope, id);
    this.feed = feed.feed;
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: `.generated/webhooks/${feed.producer.name}.ts`,
      service: `${feed.producer.name}-webhook`,
      description: `Takes deliveries for ${feed.feed} and has it polled`,
      memoryMb: 128,
      timeoutSeconds: 20,
      environment: {
        FEED_EVENT: Stack.of(this).toJsonString(event),
        PRODUCER_FUNCTION: producer.functionName,
      },
      reservedConcurrency: 2,
    });
    state.openItemsTo(this.fn, `${feed.feed}#delivery-*`);
    this.fn.allow(['secretsmanager:GetSecretValue'], [event.secretArn]);
    this.fn.allow(['lambda:InvokeFunction'], [producer.functionArn]);
    // The vendor cannot sign as AWS wants; its own signature is checked.
    const { url } = this.fn.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    new CfnOutput(this, 'Address', { value: url, description: howToPush(feed) });
  }
}

/** What to do at the vendor and in the secret. */
const howToPush = ({ producer, feed }: ResolvedFeed): string =>
  `Webhook of ${feed}; npm run token -- --feed ${feed} --webhook --region REGION puts what signs it into the feed's secret. ${producer.webhook?.description ?? ''}`.slice(
    0,
    1024,
  );
