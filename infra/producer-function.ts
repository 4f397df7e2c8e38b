/**
 * The function that polls all feeds of one producer.
 *
 * It runs once per schedule at the same time, and once more for a walk that somebody starts by hand: neither a slow
 * feed nor a walk keeps the minute polling waiting. It is shorter
 * than a minute, so that a run is over before the feed's next start; what it did not reach, the next run does.
 */
import type { Construct, IDependable } from 'constructs';
import type { Producer } from '../contract/producer.ts';
import type { Clock } from './clock.ts';
import type { FactStream } from './fact-stream.ts';
import { Feed } from './feed.ts';
import type { FeedState } from './feed-state.ts';
import type { Network } from './network.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedFeed } from './read-feeds.ts';

export interface PollingProps {
  readonly root: string;
  /** What is polled; at least one. */
  readonly feeds: readonly ResolvedFeed[];
  readonly clock: Clock;
  readonly network: Network;
  readonly state: FeedState;
  readonly facts: FactStream;
  /** Judges what is polled: it must know a new record type, or a new column, before the first such record. */
  readonly transform: IDependable;
}

/** One function for every producer that has feeds. */
export function producerFunctions(scope: Construct, props: PollingProps): readonly ProducerFunction[] {
  return [...Map.groupBy(props.feeds, (feed) => feed.producer)].map(
    ([producer, feeds]) =>
      new ProducerFunction(scope, `Producer-${producer.name}`, { ...props, producer, feeds }),
  );
}

export class ProducerFunction extends PipelineFunction {
  readonly feeds: readonly Feed[];

  constructor(scope: Construct, id: string, props: PollingProps & { readonly producer: Producer }) {
    const { root, producer, feeds, clock, network, state, facts, transform } = props;
    super(scope, id, {
      root,
      entry: `.generated/handlers/${producer.name}.ts`,
      service: producer.name,
      description: `Polls: ${producer.description}`.slice(0, 256),
      memoryMb: 256,
      timeoutSeconds: 55,
      environment: {},
      reservedConcurrency: feeds.length * (producer.counts === undefined ? 1 : 2) + 1,
      isRecurring: true,
      network,
    });
    this.node.addDependency(transform);
    state.openTo(this);
    facts.openTo(this);
    this.feeds = feeds.map(
      (feed) => new Feed(scope, `Feed-${producer.name}-${feed.name}`, { feed, clock, fn: this, root, state }),
    );
  }
}
