/**
 * What AWS measures of its own services, as far as the local ones can say it: of Lambda, Kinesis, Firehose and Scheduler, of
 * the NAT gateway before a vendor, and of how long a Serverless warehouse is awake.
 *
 * The dimensions are those of the template: a function, a stream or a mapping is named by its logical id.
 */
import type { StackEvent } from '../../local/stack/events.ts';
import type { Stage } from '../faults/stack/stage.ts';
import type { AlarmProperties, Dimensions, Point } from './cloudwatch.ts';

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: AlarmProperties }>>;

type Measured = 'schedules' | 'gateway' | 'stream' | 'mapping' | 'delivery' | 'warehouse';

export class ServiceMetrics {
  readonly #stage: Stage;
  readonly #put: (point: Omit<Point, 'at'>) => void;
  readonly #of: Readonly<Record<Measured, Dimensions>>;
  readonly #rpu: number;
  /** Batches that the transform's mapping has given up. */
  givenUp = 0;
  /** Runs of the transform that ended with an exception. */
  transformErrors = 0;
  #failed = 0;
  #heldSince: number | null = null;
  #unreadSince: number | null = null;
  #awakeUntil = 0;

  constructor(stage: Stage, resources: Resources, put: (point: Omit<Point, 'at'>) => void) {
    this.#stage = stage;
    this.#put = put;
    const only = (type: string, isMeant = (_properties: AlarmProperties): boolean => true) => {
      const [one, ...others] = Object.entries(resources).filter(
        ([, { Type, Properties }]) => Type === type && isMeant(Properties),
      );
      if (one === undefined || others.length > 0) throw new Error(`the template has no single ${type}`);
      const [id, { Properties: properties }] = one;
      return { ref: { Ref: id }, properties };
    };
    const workgroup = only('AWS::RedshiftServerless::Workgroup').properties;
    this.#rpu = workgroup.BaseCapacity;
    this.#of = {
      schedules: { ScheduleGroup: only('AWS::Scheduler::ScheduleGroup').properties.Name },
      gateway: { NatGatewayId: only('AWS::EC2::NatGateway').ref },
      stream: { StreamName: only('AWS::Kinesis::Stream').ref },
      mapping: { EventSourceMappingUUID: only('AWS::Lambda::EventSourceMapping').ref },
      delivery: {
        DeliveryStreamName: only(
          'AWS::KinesisFirehose::DeliveryStream',
          ({ RedshiftDestinationConfiguration: isCopied }) => isCopied !== undefined,
        ).ref,
      },
      warehouse: { Workgroup: workgroup.WorkgroupName },
    };
    stage.services.firehose.onDelivered((delivery) => {
      if (!this.#isCopied(delivery.stream)) return;
      // Nothing is told of what is only held.
      if (delivery.kind === 'object' && this.#heldSince !== null) {
        const now = stage.clock.now().getTime();
        this.#firehose('DeliveryToS3.DataFreshness', (now - this.#heldSince) / 1000);
        this.#heldSince = null;
      }
      if (delivery.kind !== 'copied') return;
      this.#firehose('DeliveryToRedshift.Records', delivery.rows);
      this.#firehose('DeliveryToRedshift.Success', 1);
    });
  }

  /** Counts what goes into the delivery stream and what wakes the warehouse; after the hooks were disarmed, once more. */
  watch(): void {
    this.#stage.hooks.arm({
      beforeStatement: () => this.wakeWarehouse(),
      beforeCopy: () => this.wakeWarehouse(),
      afterCall: ({ service, action, body }) => {
        if (!Array.isArray(body.Records)) return;
        const value = body.Records.length;
        if (service === 'firehose' && action === 'PutRecordBatch') {
          this.#heldSince ??= this.#stage.clock.now().getTime();
          this.#firehose('IncomingRecords', value);
        }
        if (service === 'kinesis' && action === 'PutRecords') this.#kinesis('IncomingRecords', value);
      },
    });
  }

  heard(event: StackEvent): void {
    if (event.kind === 'invoked') {
      if (event.functionName === this.#stage.part('transform').name) {
        if (event.error !== null) this.transformErrors += 1;
        const now = this.#stage.clock.now().getTime();
        this.#lambda(event.functionName, 'IteratorAge', now - (this.#unreadSince ?? now));
      }
      this.#lambda(event.functionName, 'Invocations', 1);
      this.#lambda(event.functionName, 'Errors', event.error === null ? 0 : 1);
      this.#lambda(event.functionName, 'Duration', event.durationMs);
    }
    if (event.kind === 'not_started') {
      const dimensions = this.#of.schedules;
      this.#put({ namespace: 'AWS/Scheduler', name: 'InvocationDroppedCount', dimensions, value: 1 });
    }
    if (event.kind === 'throttled') this.#lambda(event.functionName, 'Throttles', 1);
    if (event.kind === 'discarded' && event.keptAt !== null) {
      this.givenUp += 1;
      this.#put({
        ...{ namespace: 'AWS/Lambda', name: 'OnFailureDestinationDeliveredEventCount' },
        ...{ dimensions: this.#of.mapping, value: 1 },
      });
    }
  }

  /** Looks at what is not told: COPYs that failed, and since when a record has been unread. */
  async sample(): Promise<void> {
    const stats = this.#stage.services.firehose.stats().filter(({ stream }) => this.#isCopied(stream));
    const failed = stats.reduce((sum, { copiesFailed }) => sum + copiesFailed, 0);
    for (let each = this.#failed; each < failed; each += 1) this.#firehose('DeliveryToRedshift.Success', 0);
    this.#failed = failed;
    const areRead = await Promise.all(this.#stage.stack.mappings.map((mapping) => mapping.isIdle()));
    const now = this.#stage.clock.now().getTime();
    this.#unreadSince = areRead.includes(false) ? (this.#unreadSince ?? now) : null;
  }

  /** The NAT gateway has no port for the next connection to the vendor. */
  exhaustPorts(): void {
    this.#stage.vendor.dropConnection(() =>
      this.#put({
        ...{ namespace: 'AWS/NATGateway', name: 'ErrorPortAllocation' },
        ...{ dimensions: this.#of.gateway, value: 1 },
      }),
    );
  }

  /** A statement is over in far less than the minute that a Serverless warehouse is awake for it and paid for. */
  wakeWarehouse(): void {
    const now = this.#stage.clock.now().getTime();
    if (now < this.#awakeUntil) return;
    this.#awakeUntil = now + 60_000;
    this.#put({
      ...{ namespace: 'AWS/Redshift-Serverless', name: 'ComputeSeconds' },
      ...{ dimensions: this.#of.warehouse, value: 60 * this.#rpu },
    });
  }

  /** So many records of the next calls are refused once. */
  refuse(service: 'kinesis' | 'firehose', records: number): void {
    let left = records;
    const disarm = this.#stage.hooks.arm({
      refuseRecord: (asked) => {
        if (asked !== service || left === 0) return false;
        left -= 1;
        if (left === 0) disarm();
        if (service === 'firehose') this.#firehose('ThrottledRecords', 1);
        else this.#kinesis('WriteProvisionedThroughputExceeded', 1);
        return true;
      },
    });
  }

  #lambda(functionName: string, name: string, value: number): void {
    const { logicalId } = this.#stage.stack.functions.find(functionName);
    this.#put({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName: { Ref: logicalId } }, value });
  }

  #isCopied(stream: string): boolean {
    const { DeliveryStreamName: name } = this.#of.delivery as { DeliveryStreamName: { Ref: string } };
    return stream.includes(name.Ref);
  }

  #kinesis(name: string, value: number): void {
    this.#put({ namespace: 'AWS/Kinesis', name, dimensions: this.#of.stream, value });
  }

  #firehose(name: string, value: number): void {
    this.#put({ namespace: 'AWS/Firehose', name, dimensions: this.#of.delivery, value });
  }
}
