/**
 * Where refused records are kept, whole and as they came, until somebody has looked and sends them again.
 *
 * A table would refuse some of them for the very reason they are here; S3 takes everything.
 */
import { Duration, Size } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Compression,
  DeliveryStream,
  EnableLogging,
  S3Bucket,
  StreamEncryption,
} from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type Archive, PREFIX } from './archive.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { ServiceLog } from './service-log.ts';

export interface QuarantineProps {
  readonly archive: Archive;
}

export class Quarantine extends Construct {
  readonly stream: DeliveryStream;
  readonly role: Role;

  constructor(scope: Construct, id: string, { archive }: QuarantineProps) {
    super(scope, id);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('firehose.amazonaws.com') });
    const log = new ServiceLog(this, 'Log');
    const allow = (actions: string[], resources: string[]) =>
      this.role.addToPolicy(new PolicyStatement({ actions, resources }));
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [archive.bucketArn]);
    allow(
      ['s3:AbortMultipartUpload', 's3:PutObject'],
      archive.objects(PREFIX.quarantine, PREFIX.quarantineFailed),
    );
    allow(['logs:PutLogEvents'], [log.logGroupArn]);
    this.stream = new DeliveryStream(this, 'Stream', {
      encryption: StreamEncryption.awsOwnedKey(),
      destination: new S3Bucket(archive as IBucket, {
        // The destination would let the role read and delete everything in the bucket.
        role: this.role.withoutPolicyUpdates(),
        loggingConfig: new EnableLogging(log),
        compression: Compression.GZIP,
        dataOutputPrefix: PREFIX.quarantine,
        errorOutputPrefix: PREFIX.quarantineFailed,
        bufferingInterval: Duration.minutes(5),
        bufferingSize: Size.mebibytes(5),
      }),
    });
    this.stream.node.addDependency(this.role);
  }

  /** Lets a function quarantine records, and tells it the stream's name. */
  openTo(fn: PipelineFunction): void {
    fn.addEnvironment('QUARANTINE_STREAM', this.stream.deliveryStreamName);
    fn.allow(['firehose:PutRecordBatch'], [this.stream.deliveryStreamArn]);
  }
}
