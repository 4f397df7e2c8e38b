/**
 * The bucket: every row on its way into the warehouse, every refused record, every batch given up.
 *
 *     landing/       rows as COPY read them: the archive from which the warehouse can be filled again
 *     errors/        manifests of batches that Firehose skipped
 *     reloaded/      those manifests, after their batches were loaded
 *     quarantine/    records that the transform refused
 *     aws/lambda/    batches of the stream that the transform gave up on
 *     redriven/      of both, what `npm run redrive` has put back on the stream
 *
 * Everything is kept for a year. Firehose never deletes what it staged, and a manifest written after two hours
 * of retries names those objects: an expiry shorter than retries, plus the days until somebody loads a manifest,
 * would turn a skipped batch into a lost one. Nothing is versioned: a key is written again only by
 * a redrive, without what it has kept below redriven/ before.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

export { PREFIX } from '../contract/archive.ts';

export class Archive extends Bucket {
  constructor(scope: Construct, id: string) {
    const accessLog = new Bucket(scope, `${id}AccessLog`, {
      ...closed,
      // The log delivery service of S3 needs no ACL when the bucket policy admits it.
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [expireAfter(Duration.days(90))],
    });
    super(scope, id, {
      ...closed,
      // The CDK's classes are not written for exactOptionalPropertyTypes, its interfaces are.
      serverAccessLogsBucket: accessLog as IBucket,
      lifecycleRules: [expireAfter(Duration.days(365))],
    });
    // A bucket that outlives the stack stays closed to whoever comes without TLS.
    for (const { policy } of [accessLog, this]) policy?.applyRemovalPolicy(RETAINED);
  }

  /** ARNs of the objects under these prefixes. */
  objects(...prefixes: readonly string[]): string[] {
    return prefixes.map((prefix) => this.arnForObjects(`${prefix}*`));
  }
}

const RETAINED = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

const closed: BucketProps = {
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  removalPolicy: RETAINED,
};

const expireAfter = (expiration: Duration) => ({
  id: 'expire',
  expiration,
  abortIncompleteMultipartUploadAfter: Duration.days(7),
});
