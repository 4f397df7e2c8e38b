/** Other choices that the configuration has, each as an installation of its own, for docs/cost.md. */
import type { ResolvedInstallation } from '../read-installation.ts';

/** Name → the installation with that choice, where it differs from what is configured. */
export function otherChoices(installation: ResolvedInstallation): ReadonlyMap<string, ResolvedInstallation> {
  const { warehouse, network } = installation;
  const choices = new Map<string, ResolvedInstallation>();
  const others = ['nat-gateway', 'nat-instance', 'none'] as const;
  for (const kind of others.filter((each) => each !== network.kind))
    choices.set(`\`network.kind: '${kind}'\``, {
      ...installation,
      network: { ...network, kind, natGateways: kind === 'none' ? 0 : Math.max(1, network.natGateways) },
    });
  if (warehouse.mode !== 'serverless') return choices;
  const rpu = warehouse.baseCapacityRpu === 8 ? 4 : 8;
  choices.set(`\`warehouse.baseCapacityRpu: ${rpu}\``, {
    ...installation,
    warehouse: { ...warehouse, baseCapacityRpu: rpu },
  });
  choices.set("`warehouse.mode: 'existing'`, awake anyway", {
    ...installation,
    warehouse: {
      mode: 'existing',
      host: 'analytics.example.eu-west-1.redshift.amazonaws.com',
      port: 5439,
      database: 'analytics',
      clusterIdentifier: 'analytics',
      publiclyAccessible: true,
      enhancedVpcRouting: false,
      copyRoleArn: undefined,
      secretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:owner-AbCdEf',
      firehoseSecretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:firehose-AbCdEf',
    },
  });
  return choices;
}
