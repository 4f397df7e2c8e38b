/**
 * The Kinesis stream between producers and the transform: whatever was polled is safe from here on.
 *
 * Provisioned, not on demand: one shard takes 1 MB/s for a third of the price of the smallest on-demand stream.
 * Seven days of retention are the time in which a broken transform can be mended without losing a fact.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';

export interface FactStreamProps {
  readonly shards: number;
}

const RETENTION = Duration.days(7);

export class FactStream extends Stream {
  constructor(scope: Construct, id: string, { shards }: FactStreamProps) {
    super(scope, id, {
      streamMode: StreamMode.PROVISIONED,
      shardCount: shards,
      encryption: StreamEncryption.MANAGED,
      retentionPeriod: RETENTION,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }

  /** Lets a function put records on the stream, and tells it the stream's name. */
  openTo(fn: PipelineFunction): void {
    fn.addEnvironment('STREAM_NAME', this.streamName);
    fn.allow(['kinesis:PutRecords'], [this.streamArn]);
  }
}
