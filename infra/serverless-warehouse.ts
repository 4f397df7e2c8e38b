/**
 * A Redshift Serverless warehouse, made by the stack.
 *
 * Firehose reaches Redshift only over its public endpoint, and not at all with enhanced VPC routing. So the
 * workgroup stands in public subnets, and what keeps the world out is: a security group that admits nothing but
 * the region's Firehose block, TLS or no connection, and a user of its own for Firehose that may only insert.
 *
 * The administrator's password is a secret of this stack and not one that Redshift manages, because
 * CloudFormation does not say where Redshift keeps its own, and the functions need it.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { type Connections, type IVpc, SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Archive, PREFIX } from './archive.ts';
import { openDataApi, type SqlTarget } from './data-api.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { ResolvedServerless } from './read-warehouse.ts';
import type { Warehouse } from './warehouse.ts';

export interface ServerlessWarehouseProps {
  readonly choice: ResolvedServerless;
  /** It stands in its public subnets. */
  readonly vpc: IVpc;
  /** Where rows are staged. */
  readonly archive: Archive;
}

const NAME = 'heimdallr';

export class ServerlessWarehouse extends Construct implements Warehouse {
  readonly database: string;
  readonly host: string;
  readonly port = 5439;
  readonly firehoseSecretArn: string;
  readonly copyRoleArn: string;
  readonly copyRole: Role;
  readonly connections: Connections;
  readonly securityGroup: SecurityGroup;
  readonly secrets: readonly Secret[];
  readonly namespace: CfnNamespace;
  readonly workgroup: CfnWorkgroup;
  readonly #administrator: Secret;

  constructor(scope: Construct, id: string, { choice, vpc, archive }: ServerlessWarehouseProps) {
    super(scope, id);
    this.database = choice.database;
    this.#administrator = databaseUser(this, 'Administrator', 'heimdallr_admin');
    const firehose = databaseUser(this, 'FirehoseUser', 'heimdallr_firehose');
    this.secrets = [this.#administrator, firehose];
    this.firehoseSecretArn = firehose.secretArn;
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'The warehouse: Firehose in, nothing out',
      allowAllOutbound: false,
    });
    this.connections = this.securityGroup.connections;
    // Firehose's COPY brings the role of its delivery stream; one of our own needs a role that is the warehouse's.
    this.copyRole = new Role(this, 'CopyRole', {
      assumedBy: new ServicePrincipal('redshift.amazonaws.com'),
    });
    const allow = (actions: string[], resources: string[]) =>
      this.copyRole.addToPolicy(new PolicyStatement({ actions, resources }));
    allow(['s3:GetObject'], archive.objects(PREFIX.landing, PREFIX.skipped));
    allow(['s3:ListBucket'], [archive.bucketArn]);
    this.copyRoleArn = this.copyRole.roleArn;
    this.namespace = new CfnNamespace(this, 'Namespace', {
      namespaceName: NAME,
      dbName: choice.database,
      adminUsername: 'heimdallr_admin',
      iamRoles: [this.copyRoleArn],
      // CloudFormation resolves it while deploying; the template holds a reference.
      adminUserPassword: this.#administrator.secretValueFromJson('password').unsafeUnwrap(),
    });
    this.namespace.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    const publicSubnets = vpc.selectSubnets({ subnetType: SubnetType.PUBLIC });
    this.workgroup = new CfnWorkgroup(this, 'Workgroup', {
      workgroupName: NAME,
      namespaceName: this.namespace.ref,
      baseCapacity: choice.baseCapacityRpu,
      publiclyAccessible: true,
      enhancedVpcRouting: false,
      port: this.port,
      configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
      securityGroupIds: [this.securityGroup.securityGroupId],
      subnetIds: publicSubnets.subnetIds,
    });
    // Publicly accessible needs the gateway attached and routed to, not only made.
    this.workgroup.node.addDependency(publicSubnets.internetConnectivityEstablished);
    this.host = this.workgroup.attrWorkgroupEndpointAddress;
  }

  get target(): SqlTarget {
    return {
      database: this.database,
      compute: {
        workgroupName: this.workgroup.ref,
        workgroupArn: this.workgroup.attrWorkgroupWorkgroupArn,
      },
      secretArn: this.#administrator.secretArn,
    };
  }

  openTo(fn: PipelineFunction): void {
    openDataApi(fn, this.target);
  }
}

/** A user whose password nobody has seen: 32 letters and digits, with an upper-case one, a lower-case one and a digit. */
function databaseUser(scope: Construct, id: string, username: string): Secret {
  return new Secret(scope, id, {
    // Named, so that a stack that comes back finds it: the namespace it opens is kept, too.
    secretName: `heimdallr/warehouse/${username}`,
    description: `Database user ${username}`,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      passwordLength: 32,
      excludePunctuation: true,
      requireEachIncludedType: true,
    },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
}
