/**
 * The network: vendors see one fixed address per NAT gateway, which they can put on an allow-list.
 *
 *     private subnets (producers) → NAT gateway in a public subnet → Internet gateway
 *
 * A function outside a VPC reaches the internet for nothing, but from any address: `network.kind` in the configuration
 * chooses. Then a VPC is made for a Serverless warehouse alone, which must stand in one. Traffic to DynamoDB and
 * S3 takes gateway endpoints, which cost nothing; interface endpoints for the rest would cost more than the NAT
 * traffic they save below some 400 GB a month.
 *
 * The VPC's default security group cannot be emptied without a function of the CDK's own; nothing is in it.
 */
import { Fn } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  FlowLogMaxAggregationInterval,
  GatewayVpcEndpointAwsService,
  type Instance,
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type VpcProps,
} from 'aws-cdk-lib/aws-ec2';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { fixed, natInstances } from './nat-instance.ts';
import type { ResolvedNetwork } from './read-network.ts';
import { ServiceLog } from './service-log.ts';

export interface NetworkProps extends ResolvedNetwork {
  /** A warehouse is to stand in the public subnets. */
  readonly holdsWarehouse: boolean;
}

export class Network extends Construct {
  /** Null when nothing needs one. */
  readonly vpc: IVpc | null;
  /** The addresses from which vendors are polled; none when they are not fixed. */
  readonly addresses: readonly string[];
  /** NAT instances, for whoever judges them. */
  readonly instances: readonly Instance[];
  /** Puts a function into the private subnets; null when functions stand outside. */
  readonly placement: Required<Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>> | null;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { kind, availabilityZones, natGateways, holdsWarehouse } = props;
    const elasticIps = Array.from(
      { length: natGateways },
      (_, index) => new CfnEIP(this, `NatAddress${index + 1}`, { domain: 'vpc' }),
    );
    this.addresses = elasticIps.map((address) => address.attrPublicIp);
    if (kind === 'none') {
      this.vpc = holdsWarehouse ? this.#vpc(availabilityZones, 0, {}) : null;
      this.placement = null;
      this.instances = [];
      return;
    }
    const nat = kind === 'nat-instance' ? natInstances() : null;
    const vpc = this.#vpc(availabilityZones, natGateways, {
      natGatewayProvider:
        nat ??
        NatProvider.gateway({ eipAllocationIds: elasticIps.map((address) => address.attrAllocationId) }),
    });
    this.vpc = vpc;
    this.instances = nat === null ? [] : fixed(this, nat, elasticIps);
    const outward = new SecurityGroup(this, 'Outward', {
      vpc,
      description: 'Producers: HTTPS to vendors and to AWS, nothing else, nothing in',
      allowAllOutbound: false,
    });
    outward.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS');
    this.placement = {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [outward],
    };
  }

  #vpc(
    zones: ResolvedNetwork['availabilityZones'],
    natGateways: number,
    nat: Pick<VpcProps, 'natGatewayProvider'>,
  ): IVpc {
    const priv = { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 };
    return new Vpc(this, 'Vpc', {
      availabilityZones: zoneNames(zones),
      natGateways,
      ...nat,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        ...(natGateways === 0 ? [] : [priv]),
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      flowLogs: {
        All: {
          destination: FlowLogDestination.toCloudWatchLogs(new ServiceLog(this, 'FlowLog')),
          maxAggregationInterval: FlowLogMaxAggregationInterval.TEN_MINUTES,
        },
      },
      restrictDefaultSecurityGroup: false,
      // The CDK's classes are not written for exactOptionalPropertyTypes, its interfaces are.
    }) as IVpc;
  }
}

/** The first zones of whatever region this is deployed to, so that a synth needs no account. */
const zoneNames = (zones: number | readonly string[]): string[] =>
  typeof zones === 'number'
    ? Array.from({ length: zones }, (_, index) => Fn.select(index, Fn.getAzs()))
    : [...zones];
