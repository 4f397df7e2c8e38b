/** What a preflight asks about networks, as types, and the real thing: EC2, its quotas, and the warehouse that is there. */
import {
  DescribeAddressesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  type IpPermission,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { DescribeClustersCommand, RedshiftClient } from '@aws-sdk/client-redshift';
import { GetWorkgroupCommand, RedshiftServerlessClient } from '@aws-sdk/client-redshift-serverless';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { ResolvedExisting } from '../../../infra/read-warehouse.ts';

/** How many of something the account has in the region, and may have. */
export interface Quota {
  readonly used: number;
  readonly limit: number;
}

export type Quotas = Readonly<Record<'vpcs' | 'addresses', Quota>>;

/** How a warehouse that is there can be reached. */
export interface Reach {
  /** Null while it has no endpoint: it is paused, or being made. */
  readonly endpoint: { readonly host: string; readonly port: number } | null;
  readonly isPublic: boolean;
  readonly isRoutedThroughVpc: boolean;
  readonly securityGroups: readonly string[];
  /** Blocks of IPv4 addresses that these admit at its port, as in `52.19.239.192/27`. */
  readonly admitted: readonly string[];
  /** They also admit lists of prefixes, into which nobody looks here. */
  readonly admitsLists: boolean;
}

export interface NetworkPorts {
  /** What is asked of AWS throws in one line that says what to do. */
  quotas(): Promise<Quotas>;
  /** Null when there is no such warehouse. */
  reach(choice: ResolvedExisting): Promise<Reach | null>;
}

/** Service and code under which Service Quotas knows it. */
export const QUOTA_CODES = {
  vpcs: { ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE' },
  addresses: { ServiceCode: 'ec2', QuotaCode: 'L-0263D0A3' },
} as const;

/** @param settings of the clients. @param said puts what AWS refuses into words. */
export function realNetworkPorts(
  settings: { readonly region?: string },
  said: <T>(call: () => Promise<T>) => Promise<T>,
): NetworkPorts {
  const ec2 = new EC2Client(settings);
  const quotas = new ServiceQuotasClient(settings);
  return {
    quotas: () =>
      said(async () => {
        let vpcs = 0;
        for await (const page of paginateDescribeVpcs({ client: ec2 }, {})) vpcs += page.Vpcs?.length ?? 0;
        const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
        return {
          vpcs: { used: vpcs, limit: await limitOf(quotas, 'vpcs') },
          addresses: { used: Addresses.length, limit: await limitOf(quotas, 'addresses') },
        };
      }),
    reach: (choice) =>
      said(async () => {
        const found =
          'clusterIdentifier' in choice
            ? await clusterNamed(new RedshiftClient(settings), choice.clusterIdentifier)
            : await workgroupNamed(new RedshiftServerlessClient(settings), choice.workgroupName);
        return found === null
          ? null
          : { ...found, ...(await admittedBy(ec2, found.securityGroups, choice.port)) };
      }),
  };
}

/** The quota of this account, or, as long as it is the default one, that. */
async function limitOf(client: ServiceQuotasClient, what: keyof Quotas): Promise<number> {
  const named = QUOTA_CODES[what];
  try {
    return limitIn(await client.send(new GetServiceQuotaCommand(named)));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchResourceException') throw error;
    return limitIn(await client.send(new GetAWSDefaultServiceQuotaCommand(named)));
  }
}

function limitIn({
  Quota: quota,
}: {
  readonly Quota?: { readonly Value?: number | undefined } | undefined;
}): number {
  if (quota?.Value === undefined) throw new Error('Service Quotas gave a quota without a value');
  return quota.Value;
}

type Standing = Omit<Reach, 'admitted' | 'admitsLists'>;

async function clusterNamed(client: RedshiftClient, ClusterIdentifier: string): Promise<Standing | null> {
  const { Clusters: [cluster] = [] } = await client
    .send(new DescribeClustersCommand({ ClusterIdentifier }))
    .catch(nothingIf('ClusterNotFoundFault'));
  if (cluster === undefined) return null;
  return {
    endpoint: endpointOf(cluster.Endpoint?.Address, cluster.Endpoint?.Port),
    isPublic: cluster.PubliclyAccessible ?? false,
    isRoutedThroughVpc: cluster.EnhancedVpcRouting ?? false,
    securityGroups: (cluster.VpcSecurityGroups ?? []).flatMap((group) => group.VpcSecurityGroupId ?? []),
  };
}

async function workgroupNamed(
  client: RedshiftServerlessClient,
  workgroupName: string,
): Promise<Standing | null> {
  const { workgroup } = await client
    .send(new GetWorkgroupCommand({ workgroupName }))
    .catch(nothingIf('ResourceNotFoundException'));
  if (workgroup === undefined) return null;
  return {
    endpoint: endpointOf(workgroup.endpoint?.address, workgroup.endpoint?.port),
    isPublic: workgroup.publiclyAccessible ?? false,
    isRoutedThroughVpc: workgroup.enhancedVpcRouting ?? false,
    securityGroups: workgroup.securityGroupIds ?? [],
  };
}

const nothingIf =
  (name: string) =>
  (error: unknown): Record<string, never> => {
    if (error instanceof Error && error.name === name) return {};
    throw error;
  };

const endpointOf = (host: string | undefined, port: number | undefined): Reach['endpoint'] =>
  host === undefined || port === undefined ? null : { host, port };

async function admittedBy(
  client: EC2Client,
  GroupIds: readonly string[],
  port: number,
): Promise<Pick<Reach, 'admitted' | 'admitsLists'>> {
  // Without ids EC2 would answer with every group there is.
  if (GroupIds.length === 0) return { admitted: [], admitsLists: false };
  const { SecurityGroups = [] } = await client.send(
    new DescribeSecurityGroupsCommand({ GroupIds: [...GroupIds] }),
  );
  const rules = SecurityGroups.flatMap(({ IpPermissions = [] }) => IpPermissions).filter(isFor(port));
  return {
    admitted: rules.flatMap(({ IpRanges = [] }) => IpRanges.flatMap(({ CidrIp }) => CidrIp ?? [])),
    admitsLists: rules.some(({ PrefixListIds = [] }) => PrefixListIds.length > 0),
  };
}

/** Protocol -1 is all of them, at all ports. */
const isFor =
  (port: number) =>
  ({ IpProtocol, FromPort = 0, ToPort = 65_535 }: IpPermission): boolean =>
    IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= port && port <= ToPort);
