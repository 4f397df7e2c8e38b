/**
 * A Redshift table as the destination of a delivery stream, in the shape of the CDK's own destinations.
 *
 * The CDK has none yet. Firehose writes gzip files to S3, then runs one COPY per buffer as a database user of
 * its own. The role lets it read and write the staging prefix, read that user's secret and write its error log;
 * it needs no permission on Redshift.
 *
 * Not used, because they would hide trouble or cannot work here: a backup of the source records (the staging files are one), `!{…}` in the
 * prefix and an error prefix (refused for this destination).
 */
import type { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnDeliveryStream, DestinationConfig, IDestination } from 'aws-cdk-lib/aws-kinesisfirehose';
import { LogStream } from 'aws-cdk-lib/aws-logs';
import type { Construct, IDependable } from 'constructs';
import { COPY_OPTIONS } from '../contract/redshift.ts';
import { type Archive, PREFIX } from './archive.ts';
import { ServiceLog } from './service-log.ts';

export interface RedshiftDestinationProps {
  readonly jdbcUrl: string;
  /** Secret with `username` and `password` of Firehose's own database user. */
  readonly secretArn: string;
  readonly table: string;
  /** Columns of the table, in any order; all others get their defaults. */
  readonly columns: readonly string[];
  readonly staging: Archive;
  /** How long rows are gathered: 60 to 900 seconds. */
  readonly bufferInterval: Duration;
  /** What must exist before the first COPY. */
  readonly after: readonly IDependable[];
}

/** What the CDK's destinations return, with the one key that its type does not have yet. */
interface RedshiftDestinationConfig extends DestinationConfig {
  readonly redshiftDestinationConfiguration: CfnDeliveryStream.RedshiftDestinationConfigurationProperty;
}

export class RedshiftDestination implements IDestination {
  readonly #props: RedshiftDestinationProps;

  /** @throws {RangeError} for a buffer that Firehose does not have. */
  constructor(props: RedshiftDestinationProps) {
    const seconds = props.bufferInterval.toSeconds();
    if (seconds < 60 || seconds > 900) {
      throw new RangeError(`bufferInterval: got ${seconds} seconds, Firehose gathers rows for 60 to 900`);
    }
    this.#props = props;
  }

  bind(scope: Construct): RedshiftDestinationConfig {
    const { jdbcUrl, secretArn, table, columns, staging, bufferInterval, after } = this.#props;
    const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('firehose.amazonaws.com') });
    const log = new ServiceLog(scope, 'Log');
    const allow = (actions: string[], resources: string[]) =>
      role.addToPolicy(new PolicyStatement({ actions, resources }));
    allow(BUCKET_ACTIONS, [staging.bucketArn]);
    // Whether manifests of skipped batches go below the prefix or beside it is not documented.
    allow(UPLOAD_ACTIONS, staging.objects(PREFIX.landing, PREFIX.skipped));
    // COPY reads what was staged, in the name of this role.
    allow(['s3:GetObject'], staging.objects(PREFIX.landing));
    allow(['secretsmanager:GetSecretValue'], [secretArn]);
    allow(['logs:PutLogEvents'], [log.logGroupArn]);
    const logTo = (logStreamName: string): CfnDeliveryStream.CloudWatchLoggingOptionsProperty => {
      new LogStream(scope, logStreamName, { logGroup: log, logStreamName });
      return { enabled: true, logGroupName: log.logGroupName, logStreamName };
    };
    return {
      redshiftDestinationConfiguration: {
        clusterJdbcurl: jdbcUrl,
        roleArn: role.roleArn,
        secretsManagerConfiguration: { enabled: true, secretArn, roleArn: role.roleArn },
        copyCommand: {
          dataTableName: table,
          dataTableColumns: columns.join(','),
          copyOptions: COPY_OPTIONS,
        },
        // The longest there is: a skipped batch has to be loaded by hand.
        retryOptions: { durationInSeconds: 7200 },
        s3BackupMode: 'Disabled',
        cloudWatchLoggingOptions: logTo('RedshiftDelivery'),
        s3Configuration: {
          bucketArn: staging.bucketArn,
          prefix: PREFIX.landing,
          roleArn: role.roleArn,
          compressionFormat: 'GZIP',
          // The largest there is: time decides when a COPY runs, not size.
          bufferingHints: { intervalInSeconds: bufferInterval.toSeconds(), sizeInMBs: 128 },
          cloudWatchLoggingOptions: logTo('S3Delivery'),
        },
      },
      dependables: [role, log, ...after],
    };
  }
}

const BUCKET_ACTIONS = ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'];
const UPLOAD_ACTIONS = ['s3:AbortMultipartUpload', 's3:PutObject'];
