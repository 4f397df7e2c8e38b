/**
 * The delivery of accepted rows: Firehose streams that COPY into the one landing table.
 *
 * One stream carries every record type, because each COPY wakes a Serverless warehouse for at least a minute.
 * Several are for volume alone: a row's key decides its stream, so a fact's versions stay in order.
 */
import { Duration, Fn } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import { DeliveryStream, StreamEncryption } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Construct, type IConstruct } from 'constructs';
import { landingColumns } from '../contract/envelope.ts';
import { landingTable, SCHEMA } from '../contract/redshift.ts';
import type { Archive } from './archive.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { RedshiftDestination } from './redshift-destination.ts';
import type { Schema } from './schema.ts';
import type { Warehouse } from './warehouse.ts';

export interface RecordDeliveryProps {
  /** How many streams. */
  readonly streams: number;
  readonly freshnessMinutes: number;
  readonly archive: Archive;
  readonly warehouse: Warehouse;
  readonly schema: Schema;
}

export class RecordDelivery extends Construct {
  readonly streams: readonly DeliveryStream[];
  readonly roles: readonly IConstruct[];

  constructor(scope: Construct, id: string, props: RecordDeliveryProps) {
    super(scope, id);
    const { streams, freshnessMinutes, archive, warehouse, schema } = props;
    const destination = new RedshiftDestination({
      jdbcUrl: `jdbc:redshift://${warehouse.host}:${warehouse.port}/${warehouse.database}`,
      secretArn: warehouse.firehoseSecretArn,
      table: `${SCHEMA}.${landingTable.name}`,
      columns: Object.keys(landingColumns),
      staging: archive,
      bufferInterval: Duration.minutes(freshnessMinutes),
      after: [schema.resource],
    });
    const encryption = StreamEncryption.awsOwnedKey();
    this.streams = Array.from(
      { length: streams },
      (_, index) => new DeliveryStream(this, `Stream${index + 1}`, { destination, encryption }),
    );
    this.roles = this.streams.map((stream) => stream.node.findChild('Role'));
    // All streams of a region come from one block of addresses.
    const [first] = this.streams;
    if (first !== undefined) {
      warehouse.connections?.allowFrom(
        first,
        Port.tcp(warehouse.port),
        "Firehose's addresses in this region",
      );
    }
  }

  /** Lets a function put rows on the streams, and tells it their names. */
  openTo(fn: PipelineFunction): void {
    const names = this.streams.map((stream) => stream.deliveryStreamName);
    fn.addEnvironment('DELIVERY_STREAMS', Fn.join(',', names));
    fn.allow(
      ['firehose:PutRecordBatch'],
      this.streams.map((stream) => stream.deliveryStreamArn),
    );
  }
}
