/**
 * How often everything happens in a month: read from the schedules, the event source mapping and the buffers of the
 * template, for so many occurrences.
 */
import { at, numberAt, type Resource, target, textAt } from './template.ts';
import { assumptions as assumed, MINUTES } from './workload.ts';

export interface Traffic {
  readonly occurrences: number;
  /** Polls of all feeds. */
  readonly polls: number;
  /** Records on the stream, and their bytes. */
  readonly records: number;
  readonly bytes: number;
  /** Batches that the transform gets. */
  readonly batches: number;
  /** COPYs of each delivery stream, each with this many bytes. */
  readonly copies: number;
  readonly copyBytes: number;
  readonly deliveries: number;
  /** Starts of a function, by its logical id. */
  readonly starts: ReadonlyMap<string, number>;
  /** Feeds that a function polls, by its logical id. */
  readonly feeds: ReadonlyMap<string, number>;
  /** For what wakes the warehouse: how often in a month, and for how many seconds. */
  readonly wakers: readonly Waker[];
}

export interface Waker {
  readonly name: string;
  readonly times: number;
  readonly seconds: number;
}

export const isProducer = ({ properties }: Resource): boolean =>
  at(properties, 'Environment', 'Variables', 'STREAM_NAME') !== undefined;

export const serviceOf = ({ properties, id }: Resource): string =>
  textAt(properties, 'Environment', 'Variables', 'POWERTOOLS_SERVICE_NAME') ?? id;

const usesWarehouse = ({ properties }: Resource): boolean =>
  at(properties, 'Environment', 'Variables', 'DATABASE') !== undefined;

/**
 * @param occurrences facts of all feeds in a month.
 * @throws {RangeError} for a schedule whose rate cannot be read.
 */
export function trafficOf(resources: readonly Resource[], occurrences: number): Traffic {
  const of = (type: string): readonly Resource[] => resources.filter((resource) => resource.type === type);
  const functions = of('AWS::Lambda::Function');
  const schedules = of('AWS::Scheduler::Schedule').map((schedule) => ({
    fn: target(at(schedule.properties, 'Target', 'Arn')) ?? '',
    times: timesOf(schedule),
    feed: /"feed\\?":\\?"([^"\\]+)/.exec(
      JSON.stringify(at(schedule.properties, 'Target', 'Input') ?? ''),
    )?.[1],
  }));
  const polls = sum(schedules.filter(({ feed }) => feed !== undefined).map(({ times }) => times));
  const records = occurrences + polls;
  const bytes = occurrences * assumed.occurrenceBytes.value + polls * assumed.pollPageBytes.value;
  const mappings = of('AWS::Lambda::EventSourceMapping');
  const batches = sum(mappings.map((mapping) => batchesOf(mapping, resources, records)));
  const deliveries = of('AWS::KinesisFirehose::DeliveryStream').filter(isCopied);
  const [first] = deliveries;
  const copies = first === undefined ? 0 : (MINUTES * 60) / secondsOfBuffer(first);
  const copyBytes = copies === 0 ? 0 : bytes / copies / deliveries.length;
  const starts = new Map(
    functions.map(({ id }) => {
      const scheduled = sum(schedules.filter(({ fn }) => fn === id).map(({ times }) => times));
      const mapped = mappings.some(({ properties }) => target(at(properties, 'FunctionName')) === id);
      return [id, mapped ? batches : scheduled];
    }),
  );
  const feeds = new Map(
    functions.map(({ id }) => [
      id,
      new Set(schedules.filter(({ fn }) => fn === id).flatMap(({ feed }) => feed ?? [])).size,
    ]),
  );
  const wakers = wakersOf(
    deliveries.map(({ path }) => ({ name: path, times: copies, bytes: copyBytes })),
    functions.filter(usesWarehouse).map((fn) => {
      const times = starts.get(fn.id) ?? 0;
      return { service: serviceOf(fn), times, rows: records / Math.max(1, times) };
    }),
  );
  return {
    ...{ occurrences, polls, records, bytes, batches, copies, copyBytes, starts, feeds, wakers },
    deliveries: deliveries.length,
  };
}

/** Redshift Serverless bills at least so long whenever it wakes up (Amazon Redshift management guide, "Billing for Serverless"). */
export const MINIMUM_SECONDS = 60;

/** A delivery stream, with the bytes of each of its COPYs. */
interface Copying {
  readonly name: string;
  readonly times: number;
  readonly bytes: number;
}

/** A function that uses the warehouse, with the rows that a run of it finds. */
interface Starting {
  readonly service: string;
  readonly times: number;
  readonly rows: number;
}

/** Whatever wakes the warehouse. */
export function wakersOf(copies: readonly Copying[], starts: readonly Starting[]): readonly Waker[] {
  const copying = copies.map(({ name, times, bytes }) => ({
    name: `COPY of ${name}`,
    times,
    seconds: Math.max(MINIMUM_SECONDS, bytes / assumed.copyBytesPerSecond.value),
  }));
  const loading = starts.map(({ service, times, rows }) => ({
    name: service,
    times,
    seconds: awakeFor(service, rows),
  }));
  return [...copying, ...loading].filter(({ times, seconds }) => times * seconds > 0);
}

/** How long a run of a function keeps the warehouse awake. */
function awakeFor(service: string, rows: number): number {
  // It looks into a bucket; SQL is run only for a batch that Firehose has given up on.
  if (service === 'reload') return 0;
  if (service === 'ranking') return Math.max(MINIMUM_SECONDS, assumed.rankingSeconds.value);
  if (service !== 'loader') return Math.max(MINIMUM_SECONDS, assumed.otherSeconds.value);
  return Math.max(MINIMUM_SECONDS, assumed.loaderSeconds.value + rows / assumed.mergedRowsPerSecond.value);
}

const isCopied = ({ properties }: Resource): boolean =>
  at(properties, 'RedshiftDestinationConfiguration') !== undefined;

const secondsOfBuffer = (stream: Resource): number =>
  numberAt(
    stream,
    'RedshiftDestinationConfiguration',
    'S3Configuration',
    'BufferingHints',
    'IntervalInSeconds',
  );

/** A batch goes out when it is full or its window ends, on every shard for itself. */
function batchesOf(mapping: Resource, resources: readonly Resource[], records: number): number {
  const stream = resources.find(({ id }) => id === target(at(mapping.properties, 'EventSourceArn')));
  const shards = stream === undefined ? 1 : (at(stream.properties, 'ShardCount') ?? 1);
  const windows = (MINUTES * 60) / Math.max(1, numberAt(mapping, 'MaximumBatchingWindowInSeconds'));
  return Math.max(windows * Number(shards), records / numberAt(mapping, 'BatchSize'));
}

/** Starts of a schedule in a month. */
export function timesOf({ id, properties }: Resource): number {
  const written = textAt(properties, 'ScheduleExpression') ?? '';
  const [, every = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(written) ?? [];
  if (unit !== '')
    return MINUTES / (Number(every) * { minute: 1, hour: 60, day: 1440 }[unit as 'minute' | 'hour' | 'day']);
  const [, minutes = '', hours = '', day = '', month = '', weekday = ''] =
    /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) \*\)$/.exec(written) ?? [];
  const isEvery = (field: string): boolean => field === '*' || field === '?';
  const days = isEvery(weekday) ? 7 : weekday.split(',').length;
  if (!isEvery(day) || month !== '*' || weekday.includes('#') || weekday.includes('-'))
    throw new RangeError(
      `${id}: got the schedule ${JSON.stringify(written)}, expected rate(…) or a cron of days of the week`,
    );
  return countOf(minutes, 60) * countOf(hours, 24) * (days / 7) * (MINUTES / 1440);
}

/** How many values a field of a cron expression stands for. */
function countOf(field: string, all: number): number {
  const [, step = ''] = /^(?:\*|0)\/(\d+)$/.exec(field) ?? [];
  if (step !== '') return Math.ceil(all / Number(step));
  return field === '*' ? all : field.split(',').length;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
