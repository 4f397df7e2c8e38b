/**
 * The function that moves landed rows to their final tables, started as often as rows land.
 *
 * One at a time: two would only wait for each other's lock. It may take longer than its period, for a first
 * load of the past; the starts in between are dropped and the next one goes on.
 */
import { Construct } from 'constructs';
import { REPAIR } from '../contract/feed.ts';
import type { Clock } from './clock.ts';
import type { FeedState } from './feed-state.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Schema } from './schema.ts';
import type { Warehouse } from './warehouse.ts';

export interface LoaderProps {
  readonly root: string;
  /** Rows land this often. */
  readonly freshnessMinutes: number;
  readonly clock: Clock;
  readonly warehouse: Warehouse;
  readonly schema: Schema;
  /** Where it leaves what a producer is to read again. */
  readonly state: FeedState;
}

export class Loader extends Construct {
  readonly fn: PipelineFunction;

  constructor(scope: Construct, id: string, props: LoaderProps) {
    super(scope, id);
    const { root, freshnessMinutes, clock, warehouse, schema, state } = props;
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: 'warehouse/loader/handler.ts',
      service: 'loader',
      description: 'Moves landed rows to their final tables and keeps the books',
      memoryMb: 256,
      timeoutSeconds: 900,
      environment: {},
      reservedConcurrency: 1,
      isRecurring: true,
    });
    warehouse.openTo(this.fn);
    state.openItemsTo(this.fn, `*#${REPAIR}`);
    clock.start(this, 'Schedule', {
      everyMinutes: freshnessMinutes,
      fn: this.fn,
      description: 'Loads what has landed',
      event: {},
    });
    // A new loader must not look for tables that are not there yet.
    this.fn.node.addDependency(schema.resource);
  }
}
