/**
 * One feed: its secret, and the schedules that start its producer's function with everything a poll needs.
 *
 * The secret is made with a key for hashing people and without a usable token; whoever installs puts the token
 * in, with `npm run token`. Its template must never change: CloudFormation would write a
 * fresh placeholder over the token. It outlives the feed; a feed that comes back finds it with
 * `cdk deploy --import-existing-resources`.
 */
import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import type { Schedule } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { FeedEvent } from '../contract/feed.ts';
import type { Clock } from './clock.ts';
import type { FeedState } from './feed-state.ts';
import { FeedWebhook } from './feed-webhook.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedFeed } from './read-feeds.ts';

/** Counts run over whole hours, and a difference is nothing that must be found within minutes. */
const RECONCILE_MINUTES = 60;

export interface FeedProps {
  readonly feed: ResolvedFeed;
  readonly clock: Clock;
  /** Polls the feed. */
  readonly fn: PipelineFunction;
  readonly root: string;
  readonly state: FeedState;
}

export class Feed extends Construct {
  readonly secret: Secret;
  readonly schedule: Schedule;
  /** Of a feed to which its vendor pushes. */
  readonly webhook: FeedWebhook | null;
  /** Of a feed whose vendor can be asked how much it holds. */
  readonly reconciliation: Schedule | null;

  constructor(scope: Construct, id: string, { feed, clock, fn, root, state }: FeedProps) {
    super(scope, id);
    const { producer, name, webhook, ...settings } = feed;
    const secretName = `heimdallr/${producer.name}/${name}`;
    this.secret = new Secret(this, 'Secret', {
      secretName,
      description: `Credential of the feed ${feed.feed}. ${producer.secret.description}`,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ token: 'replace-me' }),
        generateStringKey: 'personKey',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    fn.allow(['secretsmanager:GetSecretValue'], [this.secret.secretArn]);
    const event: FeedEvent = { ...settings, secretArn: this.secret.secretArn };
    this.schedule = clock.start(this, 'Schedule', {
      everyMinutes: producer.everyMinutes,
      fn,
      description: `Polls ${feed.feed}`,
      event,
    });
    this.webhook = webhook
      ? new FeedWebhook(this, 'Webhook', { root, feed, event, state, producer: fn })
      : null;
    this.reconciliation =
      producer.counts === undefined
        ? null
        : clock.start(this, 'Reconciliation', {
            everyMinutes: RECONCILE_MINUTES,
            fn,
            description: `Counts what ${feed.feed} holds at its source, and reads again what is missing`,
            event: { ...event, task: 'reconcile' } satisfies FeedEvent,
          });
    new CfnOutput(this, 'Token', { value: secretName, description: howToFill(feed) });
  }
}

/** How to put the token into the secret, as a command. */
const howToFill = ({ feed, producer }: ResolvedFeed): string =>
  `npm run token -- --feed ${feed} --region REGION puts it into this secret. It is: ${producer.secret.description}`.slice(
    0,
    1024,
  );
