/**
 * Reads which warehouse the facts go to: one that the stack makes, or one that is there.
 */
import { arn, keysOf, object, oneOf, optional, type Reader, show, text, whole, wrong } from './read.ts';

export type ResolvedWarehouse = ReturnType<typeof readWarehouse>;
export type ResolvedServerless = ReturnType<typeof serverless>;
export type ResolvedExisting = Exclude<ResolvedWarehouse, ResolvedServerless>;

const database = text(
  /^[a-z][a-z0-9_]{0,62}$/,
  'a database name: lower-case letters, digits and underscores',
);

const serverless = object({
  mode: oneOf(['serverless']),
  database,
  baseCapacityRpu: oneOf([4, 8]),
  maxRpuHoursPerDay: optional(whole(1, 24 * 1024), undefined),
});

/** A fact about a warehouse without which it cannot be used. */
function onlyIf(wanted: boolean, why: string): Reader<boolean> {
  return (value, path) => (value === wanted ? wanted : wrong(path, show(value), `${wanted}: ${why}`));
}

const existing = {
  mode: oneOf(['existing']),
  host: text(
    /^[a-z0-9.-]+\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?$/,
    'the host of a Redshift endpoint, without port and database',
  ),
  port: optional(whole(1024, 65_535), 5439),
  database,
  firehoseSecretArn: arn('secretsmanager', "the ARN of the secret of Firehose's database user"),
  publiclyAccessible: optional(
    onlyIf(
      true,
      'Firehose reaches a warehouse over its public endpoint only; admit nothing but its addresses there',
    ),
    true,
  ),
  enhancedVpcRouting: optional(
    onlyIf(false, 'Firehose cannot load into a warehouse with enhanced VPC routing; turn it off'),
    false,
  ),
  copyRoleArn: optional(
    text(/^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/, 'the ARN of a role attached to the warehouse'),
    undefined,
  ),
};

const secretArn = arn(
  'secretsmanager',
  'the ARN of the secret of a database user that may create schemas and users',
);

const existingCluster = object({
  ...existing,
  clusterIdentifier: text(/^[a-z][a-z0-9-]{0,62}$/, 'the identifier of the cluster'),
  secretArn,
});

const existingWorkgroup = object({
  ...existing,
  workgroupName: text(
    /^[a-z0-9-]{3,64}$/,
    'the name of the workgroup (or clusterIdentifier, for a provisioned cluster)',
  ),
  workgroupArn: arn('redshift-serverless', 'the ARN of the workgroup'),
  secretArn,
});

export function readWarehouse(value: unknown, path: string) {
  const written = keysOf(value, path, WAREHOUSE_KEYS);
  const mode = oneOf(['serverless', 'existing'])(written.mode, `${path}.mode`);
  if (mode === 'serverless') return serverless(value, path);
  return 'clusterIdentifier' in written ? existingCluster(value, path) : existingWorkgroup(value, path);
}

const WAREHOUSE_KEYS = [
  ...[
    'mode',
    'database',
    'baseCapacityRpu',
    'maxRpuHoursPerDay',
    'host',
    'port',
    'firehoseSecretArn',
    'publiclyAccessible',
    'enhancedVpcRouting',
    'copyRoleArn',
    'secretArn',
  ],
  ...['clusterIdentifier', 'workgroupName', 'workgroupArn'],
];
