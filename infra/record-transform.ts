/**
 * The function that judges every record on the stream, and the mapping that hands it batches.
 *
 * A bad record is a value to it, not an error: it goes to the quarantine. It fails only when a delivery stream
 * cannot be reached, and then names the record from which to go on. The bounds below are for that, and for a
 * bug in itself: without them one batch would hold its shard until its records expire.
 */
import { Duration } from 'aws-cdk-lib';
import {
  type DlqDestinationConfig,
  type IEventSourceDlq,
  type IEventSourceMapping,
  type IFunction,
  MetricType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type Archive, PREFIX } from './archive.ts';
import type { FactStream } from './fact-stream.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Quarantine } from './quarantine.ts';
import type { RecordDelivery } from './record-delivery.ts';

export interface RecordTransformProps {
  readonly root: string;
  readonly facts: FactStream;
  /** Takes what was accepted. */
  readonly delivery: RecordDelivery;
  /** Takes what was rejected. */
  readonly quarantine: Quarantine;
  /** Keeps the batches that were given up, whole. */
  readonly archive: Archive;
}

export class RecordTransform extends PipelineFunction {
  /** Dimension of the metrics of its event source mapping. */
  readonly mappingId: string;

  constructor(scope: Construct, id: string, props: RecordTransformProps) {
    const { root, facts, delivery, quarantine, archive } = props;
    super(scope, id, {
      root,
      entry: 'transformers/handler.ts',
      service: 'transform',
      description: 'Accepts or rejects every record on the stream and routes it',
      memoryMb: 512,
      timeoutSeconds: 60,
      environment: {},
    });
    delivery.openTo(this);
    quarantine.openTo(this);
    this.allow(['s3:PutObject'], archive.objects(PREFIX.givenUp));
    this.allow(['s3:ListBucket'], [archive.bucketArn]);
    this.allow(READ_ACTIONS, [facts.streamArn]);
    const mapping = this.addEventSourceMapping('Facts', {
      eventSourceArn: facts.streamArn,
      // LATEST would miss what producers put on the stream while the mapping is being made.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 500,
      // Rows wait minutes for their COPY anyway; in large batches they fill Firehose records, billed by 5 KB.
      maxBatchingWindow: Duration.seconds(30),
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // Half an hour at worst behind a batch that always times out.
      retryAttempts: 30,
      maxRecordAge: Duration.days(1),
      onFailure: new GivenUp(archive),
      // A batch that was given up is an alarm.
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
    this.mappingId = mapping.eventSourceMappingId;
    // Without its policy the mapping is refused.
    mapping.node.addDependency(this.role);
  }
}

/** S3 as the destination: it gets the records, where a queue would get only their sequence numbers. */
class GivenUp implements IEventSourceDlq {
  readonly #archive: Archive;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  // The CDK's own S3 destination also lets the function read and delete everything in the bucket.
  bind(_mapping: IEventSourceMapping, _fn: IFunction): DlqDestinationConfig {
    return { destination: this.#archive.bucketArn };
  }
}

/**
 * What Lambda does with a stream (developer guide, "Process Kinesis records"). The CDK's own event source also lets it
 * list all streams and subscribe, which only enhanced fan-out needs.
 */
const READ_ACTIONS = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
];
