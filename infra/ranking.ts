/**
 * The function that computes the ranking by users lost, on a schedule of its own: its facts are whole days, and every
 * start keeps the warehouse awake for as long as it counts.
 *
 * One at a time: two would fill the same tables. Nothing but SQL through the Data API is needed, so it may read whatever
 * the user in the warehouse's secret may read; with a warehouse that was there, that user is given the team's table.
 */
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { RANK_TASK } from '../contract/impact.ts';
import type { Clock } from './clock.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedRanking } from './read-ranking.ts';
import type { Schema } from './schema.ts';
import type { Warehouse } from './warehouse.ts';

export interface RankingProps {
  readonly root: string;
  readonly ranking: ResolvedRanking;
  readonly clock: Clock;
  readonly warehouse: Warehouse;
  readonly schema: Schema;
}

export class Ranking extends Construct {
  readonly fn: PipelineFunction;

  constructor(scope: Construct, id: string, { root, ranking, clock, warehouse, schema }: RankingProps) {
    super(scope, id);
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: 'warehouse/ranking/handler.ts',
      service: 'ranking',
      description: 'Computes which bugs cost the most users',
      memoryMb: 512,
      timeoutSeconds: 900,
      environment: { RANKING_SETTINGS: JSON.stringify(ranking.settings) },
      reservedConcurrency: 1,
      isRecurring: true,
    });
    warehouse.openTo(this.fn);
    clock.start(this, 'Schedule', {
      everyMinutes: ranking.everyHours * 60,
      fn: this.fn,
      description: 'Computes the ranking',
      event: { task: RANK_TASK },
    });
    // A new refresh must not look for tables that are not there yet.
    this.fn.node.addDependency(schema.resource);
  }

  /** The command that computes it now, for whoever does not want to wait until it is due. */
  get command(): string {
    return `aws lambda invoke --region ${Stack.of(this).region} --invocation-type Event --function-name ${this.fn.functionName} /dev/stdout`;
  }
}
