/**
 * The network: vendors see one fixed address per NAT gateway, which they can put on an allow-list.
 *
 *     private subnets (producers) → NAT gateway in a public subnet → Internet gateway
 *
 * A function outside a VPC would reach the internet for nothing, but from any address. Traffic to DynamoDB and
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
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { ResolvedNetwork } from './read-network.ts';
import { ServiceLog } from './service-log.ts';

export class Network extends Construct {
  readonly vpc: IVpc;
  /** The addresses from which vendors are polled. */
  readonly addresses: readonly string[];
  /** Puts a function into the private subnets. */
  readonly placement: Required<Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>>;

  constructor(scope: Construct, id: string, { availabilityZones, natGateways }: ResolvedNetwork) {
    super(scope, id);
    const elasticIps = Array.from(
      { length: natGateways },
      (_, index) => new CfnEIP(this, `NatAddress${index + 1}`, { domain: 'vpc' }),
    );
    this.addresses = elasticIps.map((address) => address.attrPublicIp);
    this.vpc = new Vpc(this, 'Vpc', {
      availabilityZones: zoneNames(availabilityZones),
      natGateways,
      natGatewayProvider: NatProvider.gateway({
        eipAllocationIds: elasticIps.map((address) => address.attrAllocationId),
      }),
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
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
    const outward = new SecurityGroup(this, 'Outward', {
      vpc: this.vpc,
      description: 'Producers: HTTPS to vendors and to AWS, nothing else, nothing in',
      allowAllOutbound: false,
    });
    outward.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS');
    this.placement = {
      vpc: this.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [outward],
    };
  }
}

/** The first zones of whatever region this is deployed to, so that a synth needs no account. */
const zoneNames = (zones: number | readonly string[]): string[] =>
  typeof zones === 'number'
    ? Array.from({ length: zones }, (_, index) => Fn.select(index, Fn.getAzs()))
    : [...zones];
