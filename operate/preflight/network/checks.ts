/** What a deployment takes of the quotas of EC2, and whether Firehose gets through to a warehouse that is there. */
import { BlockList } from 'node:net';
import type { ResolvedInstallation } from '../../../infra/read-installation.ts';
import type { ResolvedExisting } from '../../../infra/read-warehouse.ts';
import { many } from '../../program.ts';
import { type Finding, missing, ok, unchecked } from '../finding.ts';
import { QUOTA_CODES, type Quotas, type Reach } from './ports.ts';

/** What a first deployment makes of each; nothing when all that it needs is there. */
export const networkNeeds = ({
  network,
  warehouse,
}: ResolvedInstallation): Readonly<Record<keyof Quotas, number>> => ({
  vpcs: network.kind === 'none' && warehouse.mode !== 'serverless' ? 0 : 1,
  addresses: network.natGateways,
});

const NAMES = { vpcs: 'VPC', addresses: 'Elastic IP' } as const;

/** One finding for each of which something is needed. */
export function onQuotas(
  needs: Readonly<Record<keyof Quotas, number>>,
  quotas: Quotas,
  region: string,
): readonly Finding[] {
  return (['vpcs', 'addresses'] as const)
    .filter((what) => needs[what] > 0)
    .map((what) => {
      const { used, limit } = quotas[what];
      const { ServiceCode, QuotaCode } = QUOTA_CODES[what];
      const words = `the stack makes ${many(needs[what], NAMES[what])}, and ${used} of ${limit} are there`;
      return used + needs[what] <= limit
        ? ok(NAMES[what], words)
        : missing(
            NAMES[what],
            `${words}: give one back, or ask for a higher quota (aws service-quotas request-service-quota-increase --service-code ${ServiceCode} --quota-code ${QuotaCode} --desired-value ${limit + 5} --region ${region})`,
          );
    });
}

const WHAT = 'reachability';

/**
 * Firehose comes from a block of addresses of its own, over the public endpoint.
 * @param reach null: there is no such warehouse.
 */
export function onReach(
  choice: ResolvedExisting,
  reach: Reach | null,
  firehoseBlock: string,
  region: string,
): readonly Finding[] {
  const isCluster = 'clusterIdentifier' in choice;
  const name = isCluster
    ? `the cluster ${choice.clusterIdentifier}`
    : `the workgroup ${choice.workgroupName}`;
  if (reach === null) return [missing(WHAT, `there is no such thing in this account and region as ${name}`)];
  const change = isCluster
    ? `aws redshift modify-cluster --region ${region} --cluster-identifier ${choice.clusterIdentifier}`
    : `aws redshift-serverless update-workgroup --region ${region} --workgroup-name ${choice.workgroupName}`;
  const { endpoint, isPublic, isRoutedThroughVpc } = reach;
  const faults: Finding[] = [];
  if (endpoint === null)
    faults.push(missing(WHAT, `${name} has no endpoint: resume it, or wait until it is made`));
  else if (endpoint.host !== choice.host || endpoint.port !== choice.port)
    faults.push(
      missing(
        WHAT,
        `the configuration says ${choice.host}:${choice.port}, and ${name} is at ${endpoint.host}:${endpoint.port}`,
      ),
    );
  if (!isPublic)
    faults.push(
      missing(
        WHAT,
        `${name} is not publicly accessible, and Firehose comes no other way: ${change} --publicly-accessible`,
      ),
    );
  if (isRoutedThroughVpc)
    faults.push(
      missing(
        WHAT,
        `${name} has enhanced VPC routing, with which Firehose cannot load: ${change} --no-enhanced-vpc-routing`,
      ),
    );
  return [...faults, onAdmission(choice, reach, firehoseBlock, region, name, faults.length === 0)];
}

function onAdmission(
  { port }: ResolvedExisting,
  { securityGroups, admitted, admitsLists }: Reach,
  firehoseBlock: string,
  region: string,
  name: string,
  isAllElseWell: boolean,
): Finding {
  const from = `Firehose, which comes from ${firehoseBlock}`;
  const covering = admitted.filter((block) => covers(block, firehoseBlock));
  const open = covering.find((block) => block.endsWith('/0'));
  if (covering.length > 0) {
    const reached = isAllElseWell ? ' is publicly accessible, without enhanced VPC routing, and' : '';
    return ok(
      WHAT,
      `${name}${reached} admits ${from}, at port ${port}${open === undefined ? '' : `; it admits everybody (${open}), and Firehose alone is enough`}`,
    );
  }
  const groups = securityGroups.join(', ');
  if (admitsLists)
    return unchecked(
      WHAT,
      `whether the prefix lists that ${groups} admits at port ${port} hold ${firehoseBlock}`,
    );
  return missing(
    WHAT,
    `${name} does not admit ${from}, at port ${port} (security groups: ${groups || 'none'}): aws ec2 authorize-security-group-ingress --region ${region} --group-id ${securityGroups[0] ?? 'GROUP'} --protocol tcp --port ${port} --cidr ${firehoseBlock}`,
  );
}

/** Two blocks lie one in the other or apart. */
function covers(outer: string, inner: string): boolean {
  const [[address = '', bits], [innerAddress = '', innerBits]] = [outer.split('/'), inner.split('/')];
  const list = new BlockList();
  list.addSubnet(address, Number(bits), 'ipv4');
  return Number(bits) <= Number(innerBits) && list.check(innerAddress, 'ipv4');
}
