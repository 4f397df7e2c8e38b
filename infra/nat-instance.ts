/**
 * NAT instances: the smallest machine that forwards packets, where a NAT gateway would cost five times as much.
 *
 * Amazon Linux, whose newest image is looked up while deploying and takes no metadata requests without a token. Nobody logs in: there is
 * no key, and its security group admits HTTPS from within the network alone. It gets its packages once its fixed
 * address is there, which is moments after it starts; so it asks until it has them.
 */
import {
  AmazonLinuxCpuType,
  type CfnEIP,
  CfnEIPAssociation,
  type Instance,
  InstanceType,
  MachineImage,
  NatInstanceProviderV2,
  NatTrafficDirection,
  Peer,
  Port,
  UserData,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

export function natInstances(): NatInstanceProviderV2 {
  const userData = UserData.forLinux();
  const [install = '', ...rest] = NatInstanceProviderV2.DEFAULT_USER_DATA_COMMANDS;
  userData.addCommands(`until ${install}; do sleep 5; done`, ...rest);
  return new NatInstanceProviderV2({
    instanceType: new InstanceType('t4g.nano'),
    machineImage: MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.ARM_64 }),
    defaultAllowedTraffic: NatTrafficDirection.OUTBOUND_ONLY,
    userData,
  });
}

/** Gives each instance its fixed address, and lets the network in. @returns the instances. */
export function fixed(
  scope: Construct,
  nat: NatInstanceProviderV2,
  addresses: readonly CfnEIP[],
): readonly Instance[] {
  nat.connections.allowFrom(Peer.ipv4(Vpc.DEFAULT_CIDR_RANGE), Port.tcp(443), 'HTTPS of the producers');
  const instances = nat.gatewayInstances;
  for (const [index, { instance, instanceId }] of instances.entries()) {
    instance.blockDeviceMappings = [
      { deviceName: '/dev/xvda', ebs: { encrypted: true, volumeSize: 8, volumeType: 'gp3' } },
    ];
    const address = addresses[index];
    if (address !== undefined)
      new CfnEIPAssociation(scope, `NatAddressOf${index + 1}`, {
        allocationId: address.attrAllocationId,
        instanceId,
      });
  }
  return instances;
}
