/** What can go wrong with the functions up to the delivery, and with what starts and carries them. */
import { CfnNatGateway } from 'aws-cdk-lib/aws-ec2';
import type { PipelineFunction } from '../pipeline-function.ts';
import type { Pipeline } from '../pipeline-stack.ts';
import type { AlarmDefinition } from './definition.ts';
import { ofService, published, type Statistic, together } from './metrics.ts';

const ofFunction = (
  { functionName }: PipelineFunction,
  name: string,
  statistic: Statistic,
  minutes: number,
) => ofService('Lambda', name, { FunctionName: functionName }, statistic, minutes);

/** A run that comes this close to its time-out was ended by it; milliseconds. */
const ENDED_MS = 54_900;

const HOUR_MS = 3_600_000;

export function functionAlarms(pipeline: Pipeline): readonly AlarmDefinition[] {
  const { producers, transform, facts, clock, network } = pipeline;
  const ofStream = (name: string, minutes: number) =>
    ofService('Kinesis', name, { StreamName: facts.streamName }, 'Sum', minutes);
  return [
    ...producers.flatMap((producer): readonly AlarmDefinition[] => [
      {
        ...{ name: 'producer-errors', of: producer.service, severity: 'page', silence: 'fine' },
        means: 'Runs of the producer end with an exception that nobody expected: a bug, or a permission.',
        metric: ofFunction(producer, 'Errors', 'Sum', 5),
        ...{ when: 'at least', threshold: 1, points: 3 },
      },
      {
        ...{ name: 'producer-timeouts', of: producer.service, severity: 'ticket', silence: 'fine' },
        means: 'Runs of the producer are ended by their time-out; each goes on where the one before stopped.',
        metric: ofFunction(producer, 'Duration', 'Maximum', 5),
        ...{ when: 'at least', threshold: ENDED_MS, points: 3 },
      },
    ]),
    {
      ...{ name: 'schedule-failures', severity: 'ticket', silence: 'fine' },
      means:
        'A schedule could not start its function, not when it was repeated either: the start was dropped.',
      // Lambda queues what a function is too busy for: a start that only waits is none of these.
      metric: ofService(
        ...([
          'Scheduler',
          'InvocationDroppedCount',
          { ScheduleGroup: clock.group.scheduleGroupName },
        ] as const),
        ...(['Sum', 15] as const),
      ),
      ...{ when: 'at least', threshold: 1, points: 1 },
    },
    ...network.node
      .findAll()
      .filter((part) => part instanceof CfnNatGateway)
      .map(
        (gateway, index): AlarmDefinition => ({
          ...{ name: 'nat-ports-exhausted', of: `gateway ${index + 1}`, severity: 'page', silence: 'fine' },
          means: 'The NAT gateway has no port left for a connection to a vendor.',
          metric: ofService('NATGateway', 'ErrorPortAllocation', { NatGatewayId: gateway.ref }, 'Sum', 5),
          ...{ when: 'at least', threshold: 1, points: 1 },
        }),
      ),
    {
      ...{ name: 'stream-throttled', severity: 'ticket', silence: 'fine' },
      means: 'The stream refuses records because its shards are full; producers put them again.',
      metric: ofStream('WriteProvisionedThroughputExceeded', 5),
      ...{ when: 'above', threshold: 100, points: 3 },
    },
    {
      ...{ name: 'transform-behind', severity: 'page', silence: 'fine' },
      means:
        'The transform takes records that are an hour old, or none of those that arrive; after seven days they are lost.',
      // The age is told with every batch that was taken: of a transform that takes none nothing would be heard.
      metric: together(
        `IF(FILL(put, 0) > 0 AND FILL(taken, 0) == 0, ${7 * 24 * HOUR_MS}, FILL(age, 0))`,
        {
          put: ofStream('IncomingRecords', 15),
          taken: ofFunction(transform, 'Invocations', 'Sum', 15),
          age: ofFunction(transform, 'IteratorAge', 'Maximum', 15),
        },
        15,
        'age of what the transform takes, ms',
      ),
      ...{ when: 'above', threshold: HOUR_MS, points: 2 },
    },
    {
      ...{ name: 'transform-errors', severity: 'page', silence: 'fine' },
      means: 'The transform ends with an exception; its batch is tried again for up to half an hour.',
      metric: ofFunction(transform, 'Errors', 'Sum', 5),
      ...{ when: 'at least', threshold: 1, points: 3 },
    },
    {
      ...{ name: 'transform-throttled', severity: 'ticket', silence: 'fine' },
      means: "The account's concurrency is used up, and the transform waits.",
      metric: ofFunction(transform, 'Throttles', 'Sum', 5),
      ...{ when: 'at least', threshold: 1, points: 3 },
    },
    {
      ...{ name: 'batches-given-up', severity: 'page', silence: 'fine' },
      means:
        'The transform gave up on a batch: its records wait in the archive until somebody redrives them.',
      metric: ofService(
        ...(['Lambda', 'OnFailureDestinationDeliveredEventCount'] as const),
        ...([{ EventSourceMappingUUID: transform.mappingId }, 'Sum', 5] as const),
      ),
      ...{ when: 'at least', threshold: 1, points: 1 },
    },
    {
      ...{ name: 'rejects-unusual', severity: 'ticket', silence: 'fine' },
      means:
        'More than one record in a hundred was rejected, and more than ten: a vendor or a producer has changed.',
      metric: together(
        'IF(rejected > 10, 100 * rejected / (rejected + FILL(accepted, 0)), 0)',
        {
          rejected: published(transform.service, 'RecordsRejected', 'Sum', 15),
          accepted: published(transform.service, 'RecordsAccepted', 'Sum', 15),
        },
        15,
        'rejected, %',
      ),
      ...{ when: 'above', threshold: 1, points: 1 },
    },
  ];
}
