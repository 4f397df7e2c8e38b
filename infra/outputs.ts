/**
 * What the deployment prints: what somebody has to type elsewhere. Each feed prints how to fill its own secret.
 */
import { CfnOutput, Fn, type Stack } from 'aws-cdk-lib';
import type { RankingSettings } from '../contract/impact.ts';
import { ExistingWarehouse } from './existing-warehouse.ts';
import type { Pipeline } from './pipeline-stack.ts';
import type { ResolvedInstallation } from './read-installation.ts';

/** Adds the outputs that exist once; called when every part is there. */
export function outputs(
  stack: Stack,
  parts: Pipeline,
  { warehouse: choice, ranking: { settings } }: ResolvedInstallation,
): void {
  const print = (id: string, value: string, description: string) =>
    new CfnOutput(stack, id, { value, description });
  const { clock, network, state, facts, delivery, quarantine, archive, warehouse, ranking } = parts;
  network.addresses.forEach((address, index) => {
    print(
      `PollingAddress${index + 1}`,
      address,
      "For the vendors' allow-lists: requests come from this address",
    );
  });
  print('FactStreamName', facts.streamName, 'Kinesis stream between producers and the transform');
  print(
    'DeliveryStreamNames',
    Fn.join(
      ',',
      delivery.streams.map((stream) => stream.deliveryStreamName),
    ),
    'Firehose streams into the landing table',
  );
  print('QuarantineStreamName', quarantine.stream.deliveryStreamName, 'Firehose stream of refused records');
  print('ArchiveBucketName', archive.bucketName, 'Staged rows, refused records, batches given up');
  print('ScheduleGroupName', clock.group.scheduleGroupName, 'Schedules: one starts the polling of each feed');
  print('WarehouseEndpoint', `${warehouse.host}:${warehouse.port}/${warehouse.database}`, 'The warehouse');
  print('FeedsTableName', state.tableName, 'Cursors of the feeds: npm run status reads them');
  const { database, compute, secretArn } = warehouse.target;
  print('WarehouseDatabase', database, 'Its database');
  if ('workgroupName' in compute)
    print('WarehouseWorkgroup', compute.workgroupName, 'Workgroup of the warehouse, for the Data API');
  else print('WarehouseCluster', compute.clusterIdentifier, 'Cluster of the warehouse, for the Data API');
  print('WarehouseSecretArn', secretArn, 'Secret of the user that owns the tables');
  print(
    'RankingCommand',
    ranking.command,
    'Computes the ranking now: at other times it waits until it is due',
  );
  if (warehouse instanceof ExistingWarehouse) {
    const tables = tablesRead(settings);
    if (tables.length > 0) {
      print(
        'RankingGrants',
        tables.map((table) => `grant select on ${table} to USER;`).join(' '),
        'Run once, as an owner of these tables, where USER is the username in the secret of the warehouse',
      );
    }
    print(
      'FirehoseAddresses',
      warehouse.firehoseAddresses,
      `The warehouse's security group must admit these addresses on port ${warehouse.port}`,
    );
  } else if (choice.mode === 'serverless' && choice.maxRpuHoursPerDay !== undefined) {
    print(
      'UsageLimitCommand',
      [
        'aws redshift-serverless create-usage-limit --usage-type serverless-compute --period daily',
        `--amount ${choice.maxRpuHoursPerDay} --breach-action deactivate`,
        `--resource-arn ${warehouse.workgroup.attrWorkgroupWorkgroupArn}`,
      ].join(' '),
      'Run once: CloudFormation has no resource for the daily limit. Above it nothing loads until the next day',
    );
  }
}

/** Tables of the team that the ranking reads. */
function tablesRead({ activity, people }: RankingSettings): readonly string[] {
  const tables = [activity?.table, people.by === 'table' ? people.table : undefined];
  return tables.filter((table) => table !== undefined);
}
