/**
 * The function that loads the batches that Firehose gave up on, started as often as rows land.
 *
 * It is not the loader: nobody else needs S3, and a COPY that fails again must keep no row from its table.
 */
import { Construct } from 'constructs';
import { type Archive, PREFIX } from './archive.ts';
import type { Clock } from './clock.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Schema } from './schema.ts';
import type { Warehouse } from './warehouse.ts';

export interface ReloadProps {
  readonly root: string;
  /** Rows land this often. */
  readonly freshnessMinutes: number;
  readonly clock: Clock;
  readonly archive: Archive;
  readonly warehouse: Warehouse;
  readonly schema: Schema;
}

export class Reload extends Construct {
  readonly fn: PipelineFunction;

  constructor(scope: Construct, id: string, props: ReloadProps) {
    super(scope, id);
    const { root, freshnessMinutes, clock, archive, warehouse, schema } = props;
    const { copyRoleArn } = warehouse;
    this.fn = new PipelineFunction(this, 'Function', {
      root,
      entry: 'warehouse/reload/handler.ts',
      service: 'reload',
      description: 'Loads batches that Firehose gave up on',
      memoryMb: 256,
      timeoutSeconds: 900,
      environment: {
        ARCHIVE_BUCKET: archive.bucketName,
        ...(copyRoleArn === undefined ? {} : { COPY_ROLE_ARN: copyRoleArn }),
      },
      reservedConcurrency: 1,
      isRecurring: true,
    });
    warehouse.openTo(this.fn);
    const skipped = [PREFIX.skipped, `${PREFIX.landing}${PREFIX.skipped}`];
    this.fn.allow(['s3:ListBucket'], [archive.bucketArn]);
    this.fn.allow(['s3:GetObject', 's3:DeleteObject'], archive.objects(...skipped));
    this.fn.allow(['s3:PutObject'], archive.objects(PREFIX.reloaded));
    clock.start(this, 'Schedule', {
      everyMinutes: freshnessMinutes,
      fn: this.fn,
      description: 'Loads what Firehose gave up on',
      event: {},
    });
    this.fn.node.addDependency(schema.resource);
  }
}
