/**
 * Reads what a template declares: resolved properties in, definitions out.
 *
 * What cannot be run here as it would run in AWS is refused, and so is what AWS would refuse at the first
 * deploy although a synth does not notice.
 */
import type { DeliveryStreamDefinition, TableDefinition } from '../services/index.ts';
import { ASYNC_DEFAULTS, type AsyncConfig } from './async-invocation.ts';
import type { MappingDefinition } from './event-source-mapping.ts';
import type { FunctionDefinition } from './functions.ts';
import { flag, integer, isObject, type JsonObject, list, object, text } from './json.ts';
import { readExpression, type ScheduleDefinition } from './scheduler.ts';

/** A resource with everything in it resolved. */
export interface Declared {
  readonly logicalId: string;
  /** What `Ref` says. */
  readonly ref: string;
  readonly arn: string;
  readonly properties: JsonObject;
}

/** @param codeDir finds the folder of a function's code by its key in the assets bucket. */
export function readFunction(
  { logicalId, ref, arn, properties }: Declared,
  codeDir: (key: string) => string,
  asynchronous: AsyncConfig,
): FunctionDefinition {
  const { Layers, PackageType, ReservedConcurrentExecutions: reserved } = properties;
  if (list(Layers, 'Layers').length > 0 || (PackageType ?? 'Zip') !== 'Zip') {
    throw new TypeError('a function must be a bundle without layers to run here');
  }
  const variables = object(object(properties.Environment, 'Environment').Variables, 'Environment.Variables');
  return {
    logicalId,
    name: ref,
    arn,
    roleArn: text(properties.Role, 'Role'),
    codeDir: codeDir(text(object(properties.Code, 'Code').S3Key, 'Code.S3Key')),
    handler: text(properties.Handler, 'Handler'),
    runtime: text(properties.Runtime, 'Runtime'),
    environment: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, text(value, `the variable ${name}`)]),
    ),
    memoryMb: integer(properties.MemorySize, 'MemorySize', 128),
    timeoutSeconds: integer(properties.Timeout, 'Timeout', 3),
    reservedConcurrency: reserved === undefined ? null : integer(reserved, 'ReservedConcurrentExecutions'),
    logGroupName: text(
      object(properties.LoggingConfig, 'LoggingConfig').LogGroup ?? `/aws/lambda/${ref}`,
      'LoggingConfig.LogGroup',
    ),
    asynchronous,
  };
}

/** What AWS::Lambda::EventInvokeConfig says. */
export function readAsyncConfig(properties: JsonObject): AsyncConfig {
  return {
    maximumRetryAttempts: integer(
      properties.MaximumRetryAttempts,
      'MaximumRetryAttempts',
      ASYNC_DEFAULTS.maximumRetryAttempts,
    ),
    maximumEventAgeSeconds: integer(
      properties.MaximumEventAgeInSeconds,
      'MaximumEventAgeInSeconds',
      ASYNC_DEFAULTS.maximumEventAgeSeconds,
    ),
    onFailure: onFailureOf(properties),
  };
}

/** Null for a mapping that is disabled. */
export function readMapping({ logicalId, ref, properties }: Declared): MappingDefinition | null {
  const streamArn = text(properties.EventSourceArn, 'EventSourceArn');
  if (!/^arn:aws:kinesis:[^:]*:\d*:stream\//.test(streamArn)) {
    throw new TypeError(`an event source must be a Kinesis stream to run here, got ${streamArn}`);
  }
  if (properties.FilterCriteria !== undefined || properties.TumblingWindowInSeconds !== undefined) {
    throw new TypeError('FilterCriteria and TumblingWindowInSeconds are not known here');
  }
  const { StartingPosition: startingPosition } = properties;
  if (startingPosition !== 'TRIM_HORIZON' && startingPosition !== 'LATEST') {
    throw new TypeError(`StartingPosition must be TRIM_HORIZON or LATEST, got ${String(startingPosition)}`);
  }
  if (!flag(properties.Enabled, 'Enabled', true)) return null;
  const number = (name: string, otherwise: number, least: number, most: number): number => {
    const value = integer(properties[name], name, otherwise);
    if (value < least || value > most)
      throw new RangeError(`${name} must be ${least} to ${most}, got ${value}`);
    return value;
  };
  const age = number('MaximumRecordAgeInSeconds', -1, -1, 604_800);
  if (age >= 0 && age < 60)
    throw new RangeError(`MaximumRecordAgeInSeconds must be -1 or at least 60, got ${age}`);
  return {
    logicalId,
    uuid: ref,
    streamName: streamArn.replace(/^.*:stream\//, ''),
    streamArn,
    functionId: text(properties.FunctionName, 'FunctionName'),
    startingPosition,
    parallelization: number('ParallelizationFactor', 1, 1, 10),
    rules: {
      batchSize: number('BatchSize', 100, 1, 10_000),
      windowSeconds: number('MaximumBatchingWindowInSeconds', 0, 0, 300),
      reportsItemFailures: list(properties.FunctionResponseTypes, 'FunctionResponseTypes').includes(
        'ReportBatchItemFailures',
      ),
      bisects: flag(properties.BisectBatchOnFunctionError, 'BisectBatchOnFunctionError', false),
      maximumRetryAttempts: number('MaximumRetryAttempts', -1, -1, 10_000),
      maximumRecordAgeSeconds: age,
    },
    onFailure: onFailureOf(properties),
  };
}

export function readSchedule({ logicalId, ref, arn, properties }: Declared): ScheduleDefinition {
  const target = object(properties.Target, 'Target');
  const functionArn = text(target.Arn, 'Target.Arn');
  if (!/^arn:aws:lambda:[^:]*:\d*:function:/.test(functionArn)) {
    throw new TypeError(`the target of a schedule must be a function to run here, got ${functionArn}`);
  }
  const { Mode: mode } = object(properties.FlexibleTimeWindow, 'FlexibleTimeWindow');
  if (mode !== 'OFF') throw new TypeError(`FlexibleTimeWindow must be OFF to run here, got ${String(mode)}`);
  return {
    logicalId,
    name: ref,
    arn,
    functionArn,
    input: target.Input === undefined ? '{}' : text(target.Input, 'Target.Input'),
    ...readExpression(text(properties.ScheduleExpression, 'ScheduleExpression')),
    isEnabled: (properties.State ?? 'ENABLED') === 'ENABLED',
  };
}

export function readTable({ ref, properties }: Declared): TableDefinition {
  for (const unknown of ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes', 'StreamSpecification']) {
    if (properties[unknown] !== undefined) throw new TypeError(`${unknown} of a table is not known here`);
  }
  const types = new Map(
    list(properties.AttributeDefinitions, 'AttributeDefinitions')
      .filter(isObject)
      .map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const keys = list(properties.KeySchema, 'KeySchema').filter(isObject);
  const key = (kind: string): TableDefinition['partitionKey'] | undefined => {
    const name = keys.find(({ KeyType }) => KeyType === kind)?.AttributeName;
    if (name === undefined) return undefined;
    const type = types.get(name);
    if (type === 'S' || type === 'N' || type === 'B') return { name: text(name), type };
    throw new TypeError(`AttributeDefinitions must say S, N or B for ${String(name)}`);
  };
  const [partitionKey, sortKey] = [key('HASH'), key('RANGE')];
  if (partitionKey === undefined) throw new TypeError('KeySchema must have a HASH key');
  return { name: ref, partitionKey, ...(sortKey === undefined ? {} : { sortKey }) };
}

/** An on-demand stream starts with four shards. */
export function readShards(properties: JsonObject): number {
  const { StreamMode: mode } = object(properties.StreamModeDetails, 'StreamModeDetails');
  return mode === 'ON_DEMAND' ? 4 : integer(properties.ShardCount, 'ShardCount');
}

export function readDeliveryStream({ ref, properties }: Declared): DeliveryStreamDefinition {
  const { RedshiftDestinationConfiguration: redshift, ExtendedS3DestinationConfiguration: s3 } = properties;
  if ((properties.DeliveryStreamType ?? 'DirectPut') !== 'DirectPut') {
    throw new TypeError(
      `DeliveryStreamType must be DirectPut to run here, got ${String(properties.DeliveryStreamType)}`,
    );
  }
  if (isObject(redshift)) return redshiftStream(ref, redshift);
  if (isObject(s3)) return { ...staging(ref, s3), ...s3Destination(s3) };
  throw new TypeError('the destination must be Redshift or S3 (extended) to run here');
}

const JDBC_URL =
  /^jdbc:(?:redshift|postgresql):\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+redshift(?:-serverless)?\.[A-Za-z0-9.]+:\d{1,5}\/[A-Za-z0-9_$-]+$/;

function redshiftStream(name: string, redshift: JsonObject): DeliveryStreamDefinition {
  const url = text(redshift.ClusterJDBCURL, 'ClusterJDBCURL');
  if (!JDBC_URL.test(url)) throw new TypeError(`ClusterJDBCURL is none that Firehose takes: ${url}`);
  const copy = object(redshift.CopyCommand, 'CopyCommand');
  const s3 = object(redshift.S3Configuration, 'S3Configuration');
  const stream = staging(name, s3);
  const options = copy.CopyOptions === undefined ? '' : text(copy.CopyOptions, 'CopyOptions');
  if (stream.prefix.includes('!{')) throw new TypeError('the Prefix of a Redshift destination takes no !{…}');
  if (s3.ErrorOutputPrefix !== undefined)
    throw new TypeError('a Redshift destination takes no ErrorOutputPrefix');
  if ((stream.compression === 'GZIP') !== /\bgzip\b/i.test(options)) {
    throw new TypeError(
      `CompressionFormat ${stream.compression} does not go with the CopyOptions ${options}`,
    );
  }
  const columns = copy.DataTableColumns === undefined ? '' : text(copy.DataTableColumns, 'DataTableColumns');
  const retry = object(redshift.RetryOptions, 'RetryOptions');
  return {
    ...stream,
    retrySeconds: integer(retry.DurationInSeconds, 'RetryOptions.DurationInSeconds', 3600),
    destination: {
      kind: 'redshift',
      table: text(copy.DataTableName, 'DataTableName'),
      columns: columns
        .split(',')
        .map((column) => column.trim())
        .filter((column) => column !== ''),
      options,
    },
  };
}

const s3Destination = (s3: JsonObject): Pick<DeliveryStreamDefinition, 'retrySeconds' | 'destination'> => ({
  // Firehose repeats a write to S3 for a day.
  retrySeconds: 86_400,
  destination: {
    kind: 's3',
    errorPrefix: s3.ErrorOutputPrefix === undefined ? null : text(s3.ErrorOutputPrefix, 'ErrorOutputPrefix'),
  },
});

function staging(
  name: string,
  s3: JsonObject,
): Omit<DeliveryStreamDefinition, 'retrySeconds' | 'destination'> {
  for (const unknown of ['ProcessingConfiguration', 'DynamicPartitioningConfiguration']) {
    if (s3[unknown] !== undefined) throw new TypeError(`${unknown} of a delivery stream is not known here`);
  }
  const hints = object(s3.BufferingHints, 'BufferingHints');
  const compression = s3.CompressionFormat ?? 'UNCOMPRESSED';
  if (compression !== 'GZIP' && compression !== 'UNCOMPRESSED') {
    throw new TypeError(`CompressionFormat must be GZIP or UNCOMPRESSED, got ${String(compression)}`);
  }
  return {
    name,
    bucket: text(s3.BucketARN, 'BucketARN').replace(/^arn:aws:s3:::/, ''),
    prefix: s3.Prefix === undefined ? '' : text(s3.Prefix, 'Prefix'),
    bufferSeconds: integer(hints.IntervalInSeconds, 'IntervalInSeconds', 300),
    bufferMegabytes: integer(hints.SizeInMBs, 'SizeInMBs', 5),
    compression,
  };
}

function onFailureOf(properties: JsonObject): string | null {
  const { Destination: arn } = object(
    object(properties.DestinationConfig, 'DestinationConfig').OnFailure,
    'OnFailure',
  );
  return arn === undefined ? null : text(arn, 'OnFailure.Destination');
}
